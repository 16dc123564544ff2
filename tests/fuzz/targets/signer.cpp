// What the network process may say to the signer once it is somebody else's: any message. Whatever
// it is, nothing gets a signature that the plan does not allow.
//
// Input: a byte; if it is even, the rest is the message, else a batch of orders as far as it goes.
#include <simdjson.h>

#include <array>
#include <memory>
#include <regex>
#include <string>
#include <vector>

#include "core/base/check.h"
#include "daemon/signer/policy.h"
#include "tests/fuzz/input.h"

namespace {

using namespace scram;
namespace json = simdjson::dom;

// BTC-USD may lose all its orders, ETH-USD only those that a mass-cancel reaches; the other account
// has SOL-USD and nothing more.
Plan a_plan() {
    Plan plan;
    plan.accounts = {{"mm-1", {}, 5}, {"mm-2", {}, 5}};
    plan.families = {{"mm-1/BTC-USD", AccountId{0}, "BTC-USD", 10'000ms},
                     {"mm-1/ETH-USD", AccountId{0}, "ETH-USD", 10'000ms},
                     {"mm-2/SOL-USD", AccountId{1}, "SOL-USD", 10'000ms}};
    plan.families[0].cancel_rest = true;
    plan.accounts[0].dead_man = DeadMan{30, "mm1"};
    return plan;
}

bool matches(const std::string& text, const std::string& pattern) {
    return std::regex_match(text, std::regex(pattern));
}

// A list of orders, each with its name and its id and nothing beside.
bool is_batch_of_btc(std::string_view body) {
    json::parser parser;
    json::array orders;
    const simdjson::padded_string text(body);
    if (parser.parse(text).get_array().get(orders) != simdjson::SUCCESS) return false;
    for (const json::element order : orders) {
        json::object fields;
        std::string_view name, id;
        if (order.get_object().get(fields) != simdjson::SUCCESS || fields.size() != 2 ||
            fields["instId"].get_string().get(name) != simdjson::SUCCESS ||
            fields["ordId"].get_string().get(id) != simdjson::SUCCESS ||
            !matches(std::string(name), R"(BTC-USD-\d{6}-\d+(\.\d+)?-[CP])") ||
            !matches(std::string(id), "[1-9][0-9]*"))
            return false;
    }
    return orders.size() > 0 && orders.size() <= cancel_orders_max;
}

// The signed text without its time.
bool may_be_signed(const std::string& text, std::size_t account) {
    const std::string family = account == 0 ? "(BTC|ETH)-USD" : "SOL-USD";
    constexpr std::string_view batch = "POST/api/v5/trade/cancel-batch-orders";
    if (text.starts_with(batch))
        return account == 0 && is_batch_of_btc(std::string_view(text).substr(batch.size()));
    if (text.starts_with("POST/api/v5/trade/cancel-all-after"))
        return account == 0 &&
               matches(text.substr(34),
                       R"re(\{"timeOut":"(0|[1-9]\d|1[01]\d|120)","tag":"mm1"\})re");
    return text == "GET/api/v5/account/config" ||
           matches(text, R"(GET/api/v5/account/mmp-config\?instFamily=)" + family) ||
           matches(text, R"(GET/api/v5/trade/orders-pending\?instType=OPTION&instFamily=)" +
                             family +
                             R"((&ordType=mmp,mmp_and_post_only)?&limit=20(&after=[1-9]\d*)?)") ||
           matches(text, R"(POST/api/v5/trade/mass-cancel\{"instType":"OPTION","instFamily":")" +
                             family + R"re(","lockInterval":"(\d{1,4}|10000)"\})re");
}

class Witness final : public Signer {
  public:
    Witness(std::size_t account, std::size_t& count) : account_(account), count_(count) {}
    bool sign(std::string_view prehash, SignatureText& out) override {
        check(may_be_signed(std::string(prehash.substr(timestamp_size)), account_),
              "nothing is signed that the plan does not allow");
        out.fill('s');
        ++count_;
        return true;
    }

  private:
    std::size_t account_;
    std::size_t& count_;
};

std::vector<std::byte> message_of(fuzz::Input input) {
    std::vector<std::byte> out;
    const bool is_batch = input.byte() % 2 == 1;
    if (is_batch) {
        auto batch = input.value<SignOrders>();
        batch.request.what = static_cast<std::uint8_t>(PrivateRequest::cancel_orders);
        const auto bytes = std::as_bytes(std::span(&batch, 1));
        out.assign(bytes.begin(), bytes.end());
    } else {
        const auto bytes = std::as_bytes(std::span(input.rest()));
        out.assign(bytes.begin(), bytes.end());
    }
    return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    std::size_t signatures = 0;
    SigningPace pace;
    std::vector<std::unique_ptr<Signer>> signers;
    for (std::size_t account = 0; account < 2; ++account)
        signers.push_back(std::make_unique<Witness>(account, signatures));
    SigningPolicy policy(a_plan(), std::move(signers), pace);

    const auto answers = policy.answer(message_of(fuzz::Input(data, size)), Time{});
    check(!answers.empty() && answers.size() <= requests_per_message_max, "there is an answer");
    std::size_t good = 0;
    for (const SignAnswer& answer : answers) {
        const bool is_signed = answer.verdict == SignVerdict::is_signed;
        good += is_signed ? 1 : 0;
        check(is_signed == (answer.signature != SignatureText{}), "a refusal has no signature");
    }
    check(good == signatures, "each signature is told, and no other");
    return 0;
}
