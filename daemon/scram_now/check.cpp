#include "daemon/scram_now/check.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "daemon/common/json.h"
#include "net/clock.h"

namespace scram {
namespace {

void say_connected(NowContext& context, const NowAddress& address, const std::string& tls) {
    const auto ahead = context.clock.ahead_of(monotonic_now(), wall_now()).count();
    JsonObject json;
    json.add("address", address.text()).add("tls", tls).add("clock_ahead_ms", ahead);
    context.output.say(context.json
                           ? json.text()
                           : fmt::format("{} is {}: {}, verified; its clock is {} ms ahead of ours",
                                         address.text(), context.config.exchange.host, tls, ahead));
}

// Empty, or why it would not do.
std::string try_address(NowContext& context, const NowAddress& address) {
    NowClient client(context.tls, -1);
    AnswerReader reader;
    const Duration to_connect = context.config.exchange.connect_timeout;
    auto failure =
        client.connect(address, std::min(context.deadline, monotonic_now() + to_connect));
    if (!failure.empty()) return failure;
    const std::string tls_text = client.tls_text();
    const Duration to_answer = context.config.plan.timings.answer_timeout;
    if (!ask_for_time(client, reader, context, to_answer))
        return "connected and verified, but it does not tell its time";
    say_connected(context, address, tls_text);
    return {};
}

bool try_addresses(NowContext& context, const std::vector<NowAddress>& addresses) {
    bool found = false;
    for (const NowAddress& address : addresses) {
        const std::string failure = try_address(context, address);
        found = found || failure.empty();
        if (failure.empty()) continue;
        const std::string& host = context.config.exchange.host;
        context.output.warn(fmt::format("{} ({}): {}", host, address.text(), failure));
    }
    return found;
}

// As if each answer came at once.
void say_plan(NowContext& context, const std::vector<FamilySpec>& families) {
    std::map<AccountId, std::int64_t> counts;
    for (const FamilySpec& family : families) {
        const BudgetSpec& budget = context.config.plan.accounts[index(family.account)].budget;
        const auto at = counts[family.account]++ / budget.slots * budget.window;
        const auto at_ms = std::chrono::duration_cast<milliseconds>(at).count();
        JsonObject json;
        json.add("family", family.name).add("at_ms", at_ms).add("lock_ms", family.lock.count());
        context.output.say(
            context.json ? json.text()
                         : fmt::format("{} would be cancelled at {:.3f} s, lock {} ms", family.name,
                                       static_cast<double>(at_ms) / 1000, family.lock.count()));
    }
}

}  // namespace

bool rehearse_now(NowContext& context, const std::vector<FamilySpec>& families) {
    const auto addresses = context.addresses.get(context.deadline, {});
    if (addresses.empty())
        context.output.warn(context.config.exchange.host + ": " + context.addresses.why_none());
    const bool found = try_addresses(context, addresses);
    say_plan(context, families);
    context.output.print();
    return found;
}

}  // namespace scram
