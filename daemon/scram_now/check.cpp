#include "daemon/scram_now/check.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "daemon/common/json.h"
#include "net/clock.h"

namespace scram {
namespace {

void say_connected(NowDesk& desk, const NowAddress& address, const std::string& tls) {
    const auto ahead = desk.clock.ahead_of(monotonic_now(), wall_now()).count();
    JsonObject json;
    json.add("address", address.text()).add("tls", tls).add("clock_ahead_ms", ahead);
    desk.teller.say(desk.json
                        ? json.text()
                        : fmt::format("{} is {}: {}, verified; its clock is {} ms ahead of ours",
                                      address.text(), desk.config.exchange.host, tls, ahead));
}

// Empty, or why it would not do.
std::string try_address(NowDesk& desk, const NowAddress& address) {
    NowClient client(desk.tls, -1);
    AnswerReader reader;
    const Duration to_connect = desk.config.exchange.connect_timeout;
    auto failure = client.connect(address, std::min(desk.deadline, monotonic_now() + to_connect));
    if (!failure.empty()) return failure;
    const std::string tls_text = client.tls_text();
    const Duration to_answer = desk.config.plan.timings.answer_timeout;
    if (!ask_for_time(client, reader, desk, to_answer))
        return "connected and verified, but it does not tell its time";
    say_connected(desk, address, tls_text);
    return {};
}

bool try_addresses(NowDesk& desk, const std::vector<NowAddress>& addresses) {
    bool found = false;
    for (const NowAddress& address : addresses) {
        const std::string failure = try_address(desk, address);
        found = found || failure.empty();
        if (failure.empty()) continue;
        const std::string& host = desk.config.exchange.host;
        desk.teller.warn(fmt::format("{} ({}): {}", host, address.text(), failure));
    }
    return found;
}

// As if each answer came at once.
void say_plan(NowDesk& desk, const std::vector<FamilySpec>& families) {
    std::map<AccountId, std::int64_t> counts;
    for (const FamilySpec& family : families) {
        const BudgetSpec& budget = desk.config.plan.accounts[index(family.account)].budget;
        const auto at = counts[family.account]++ / budget.slots * budget.window;
        const auto at_ms = std::chrono::duration_cast<milliseconds>(at).count();
        JsonObject json;
        json.add("family", family.name).add("at_ms", at_ms).add("lock_ms", family.lock.count());
        desk.teller.say(desk.json ? json.text()
                                  : fmt::format("{} would be cancelled at {:.3f} s, lock {} ms",
                                                family.name, static_cast<double>(at_ms) / 1000,
                                                family.lock.count()));
    }
}

}  // namespace

bool rehearse_now(NowDesk& desk, const std::vector<FamilySpec>& families) {
    const auto addresses = desk.addresses.get(desk.deadline, {});
    if (addresses.empty())
        desk.teller.warn(desk.config.exchange.host + ": " + desk.addresses.why_none());
    const bool found = try_addresses(desk, addresses);
    say_plan(desk, families);
    desk.teller.print();
    return found;
}

}  // namespace scram
