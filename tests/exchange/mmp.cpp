// GET and POST /api/v5/account/mmp-config, POST /api/v5/account/mmp-reset.
#include <fmt/format.h>

#include <charconv>
#include <cmath>

#include "tests/exchange/codes.h"
#include "tests/exchange/endpoint.h"
#include "tests/exchange/json_body.h"
#include "tests/exchange/parameters.h"

namespace scram::okxsim {
namespace {

using std::chrono::milliseconds;

// OKX documents mmpFrozenUntil as an interval in ms, empty unless a time ends the freezing.
std::string row(const std::string& family, const Protection& protection, Now now) {
    const auto left = std::chrono::ceil<milliseconds>(protection.frozen_left(now.mono));
    const bool ends = protection.frozen(now.mono) && !protection.frozen_for_good();
    return fmt::format(
        R"({{"frozenInterval":"{}","instFamily":{},"mmpFrozen":{},"mmpFrozenUntil":"{}",)"
        R"("qtyLimit":"{}","timeInterval":"{}"}})",
        protection.config().frozen_interval.count(), json_string(family),
        protection.frozen(now.mono), ends ? fmt::format("{}", left.count()) : "",
        protection.config().quantity_max, protection.config().interval.count());
}

double quantity(Fields& fields) {
    const std::string digits = fields.text("qtyLimit");
    double value = 0;
    const char* end = digits.data() + digits.size();
    const auto [at, error] = std::from_chars(digits.data(), end, value);
    if (error != std::errc() || at != end || !(value > 0) || !std::isfinite(value)) {
        fields.refuse_for("qtyLimit");
    }
    return value;
}

}  // namespace

Answer answer_mmp_config(const Call& call) {
    const std::string wanted = call.request.query("instFamily");
    if (!wanted.empty() && !family_exists(wanted, call.families)) return refuse("51000");
    std::string rows;
    for (const auto& [family, protection] : call.seat.book.protections()) {
        const bool is_wanted = wanted.empty() || wanted == family;
        if (!is_wanted || !protection.configured()) continue;
        rows += (rows.empty() ? "" : ",") + row(family, protection, call.now);
    }
    return succeed("[" + rows + "]");
}

// Without the market maker privilege: the code is our reading, OKX names none.
Answer answer_set_mmp(const Call& call) {
    simdjson::dom::parser parser;
    simdjson::dom::element root;
    if (auto refusal = read_json(call.request, parser, root)) return *refusal;
    Fields fields(root);
    const std::string family = fields.family(call.families);
    const Protection::Config config{.interval = milliseconds(fields.count("timeInterval")),
                                    .frozen_interval = milliseconds(fields.count("frozenInterval")),
                                    .quantity_max = quantity(fields)};
    if (fields.refusal()) return *fields.refusal();
    if (call.seat.account.mode != portfolio_margin) return refuse("51010");
    if (!call.seat.account.mmp) return refuse("50030");
    call.seat.book.protection(family).configure(config);
    return succeed(fmt::format(
        R"([{{"frozenInterval":"{}","instFamily":{},"qtyLimit":"{}","timeInterval":"{}"}}])",
        config.frozen_interval.count(), json_string(family), config.quantity_max,
        config.interval.count()));
}

Answer answer_mmp_reset(const Call& call) {
    simdjson::dom::parser parser;
    simdjson::dom::element root;
    if (auto refusal = read_json(call.request, parser, root)) return *refusal;
    Fields fields(root);
    if (fields.text_or("instType", "OPTION") != "OPTION") fields.refuse_for("instType");
    const std::string family = fields.family(call.families);
    if (fields.refusal()) return *fields.refusal();
    if (call.seat.account.mode != portfolio_margin) return refuse("51010");
    if (!call.seat.account.mmp) return refuse("59509");
    call.seat.book.protection(family).reset();
    return succeed(R"([{"result":true}])");
}

}  // namespace scram::okxsim
