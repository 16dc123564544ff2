#include "daemon/signer/policy.h"

#include <algorithm>
#include <cstring>

namespace scram {
namespace {

PrivateRequest kind_of(const SignRequest& request) {
    return PrivateRequest{request.what};
}

bool names_no_family(PrivateRequest what) {
    return what == PrivateRequest::account_config || what == PrivateRequest::cancel_all_after;
}

bool has_right_lock(const SignRequest& request) {
    const bool is_cancel = kind_of(request) == PrivateRequest::mass_cancel;
    return request.lock_ms >= 0 && request.lock_ms <= (is_cancel ? lock_max.count() : 0);
}

bool has_right_page(const SignRequest& request) {
    const PrivateRequest what = kind_of(request);
    return request.after == 0 || what == PrivateRequest::mmp_orders ||
           what == PrivateRequest::all_orders;
}

// 0 ends the timer.
bool has_right_timeout(const SignRequest& request) {
    const bool is_timer = kind_of(request) == PrivateRequest::cancel_all_after;
    return request.timeout_s == 0 || (is_timer && request.timeout_s >= cancel_after_min_s &&
                                      request.timeout_s <= cancel_after_max_s);
}

OrderRef order_of(const SignOrder& order) {
    const std::string_view text(order.inst_id, sizeof order.inst_id);
    return {FixedText<instrument_name_max>(text.substr(0, text.find('\0'))), order.ord_id};
}

}  // namespace

const char* name(SignVerdict verdict) {
    switch (verdict) {
        case SignVerdict::is_signed:
            return "signed";
        case SignVerdict::malformed:
            return "malformed";
        case SignVerdict::unknown_request:
            return "unknown_request";
        case SignVerdict::unknown_account:
            return "unknown_account";
        case SignVerdict::unknown_family:
            return "unknown_family";
        case SignVerdict::wrong_lock:
            return "wrong_lock";
        case SignVerdict::wrong_argument:
            return "wrong_argument";
        case SignVerdict::not_enabled:
            return "not_enabled";
        case SignVerdict::wrong_time:
            return "wrong_time";
        case SignVerdict::too_often:
            return "too_often";
        case SignVerdict::failed:
            return "failed";
    }
    return "unknown";
}

SigningPolicy::SigningPolicy(const Plan& plan, std::vector<std::unique_ptr<Signer>> signers,
                             SigningPace& pace)
    : pace_(pace), signers_(std::move(signers)) {
    for (const FamilySpec& family : plan.families) {
        families_.push_back({static_cast<std::uint16_t>(index(family.account)), family.inst_family,
                             family.cancel_rest});
    }
    for (const AccountSpec& account : plan.accounts) dead_men_.push_back(account.dead_man);
}

// ---- Messages -----------------------------------------------------------------------------------

std::span<const SignAnswer> SigningPolicy::answer(std::span<const std::byte> message, Time now) {
    return message.size() == sizeof(SignOrders) ? answer_orders(message, now)
                                                : answer_list(message, now);
}

std::span<const SignAnswer> SigningPolicy::malformed() {
    answers_[0] = {};
    answers_[0].verdict = SignVerdict::malformed;
    return {answers_.data(), 1};
}

std::span<const SignAnswer> SigningPolicy::answer_list(std::span<const std::byte> message,
                                                       Time now) {
    const std::size_t count = message.size() / sizeof(SignRequest);
    const bool is_whole = message.size() % sizeof(SignRequest) == 0;
    if (!is_whole || count == 0 || count > requests_per_message_max) return malformed();
    for (std::size_t i = 0; i < count; ++i) {
        SignRequest request;
        std::memcpy(&request, message.data() + i * sizeof request, sizeof request);
        answers_[i] = answer(request, {}, now);
    }
    return {answers_.data(), count};
}

std::span<const SignAnswer> SigningPolicy::answer_orders(std::span<const std::byte> message,
                                                         Time now) {
    SignOrders asked;
    std::memcpy(&asked, message.data(), sizeof asked);
    if (asked.count == 0 || asked.count > cancel_orders_max) return malformed();
    std::array<OrderRef, cancel_orders_max> orders;
    std::transform(asked.orders, asked.orders + asked.count, orders.begin(), order_of);
    answers_[0] = answer(asked.request, Orders(orders).first(asked.count), now);
    return {answers_.data(), 1};
}

SignAnswer SigningPolicy::answer(const SignRequest& request, Orders orders, Time now) {
    SignAnswer answer{};
    answer.number = request.number;
    answer.timestamp = request.timestamp;
    answer.at = request.at;
    answer.what = request.what;
    answer.verdict = look_at(request, orders);
    if (answer.verdict != SignVerdict::is_signed) return answer;
    if (!pace_.may_be_another(now)) {
        answer.verdict = SignVerdict::too_often;
        return answer;
    }
    if (!pace_.may_be_at(WallMillis{request.timestamp}, now)) {
        answer.verdict = SignVerdict::wrong_time;
        return answer;
    }
    if (!signers_[request.account]->sign(prehash(request, orders), answer.signature))
        answer.verdict = SignVerdict::failed;
    return answer;
}

// ---- What is signed -----------------------------------------------------------------------------

SignVerdict SigningPolicy::look_at(const SignRequest& request, Orders orders) const {
    if (request.what >= private_request_count) return SignVerdict::unknown_request;
    if (request.account >= signers_.size()) return SignVerdict::unknown_account;
    if (request.timestamp < 0 || request.timestamp > timestamp_max.value)
        return SignVerdict::wrong_time;
    if (!has_right_lock(request)) return SignVerdict::wrong_lock;
    if (!has_right_family(request)) return SignVerdict::unknown_family;
    if (!is_enabled(request)) return SignVerdict::not_enabled;
    const bool is_right =
        has_right_page(request) && has_right_timeout(request) && has_right_orders(request, orders);
    return is_right ? SignVerdict::is_signed : SignVerdict::wrong_argument;
}

// Any lock will do: a reload brings rules with others, and accounts and families stay.
bool SigningPolicy::has_right_family(const SignRequest& request) const {
    if (names_no_family(kind_of(request))) return request.family == no_id;
    return request.family < families_.size() &&
           families_[request.family].account == request.account;
}

bool SigningPolicy::is_enabled(const SignRequest& request) const {
    switch (kind_of(request)) {
        case PrivateRequest::cancel_orders:
            return families_[request.family].cancel_rest;
        case PrivateRequest::cancel_all_after:
            return dead_men_[request.account].has_value();
        default:
            return true;
    }
}

// Which orders rest there the signer does not know. That they are options of a family which the
// operator wants emptied, it sees from their names.
bool SigningPolicy::has_right_orders(const SignRequest& request, Orders orders) const {
    if (kind_of(request) != PrivateRequest::cancel_orders) return orders.empty();
    const auto is_its = [&](const OrderRef& order) {
        return order.ord_id != 0 &&
               is_option_of(order.inst_id.view(), families_[request.family].inst_family);
    };
    return !orders.empty() && std::all_of(orders.begin(), orders.end(), is_its);
}

std::string SigningPolicy::prehash(const SignRequest& request, Orders orders) const {
    PrivateCall call{.what = kind_of(request),
                     .lock = milliseconds{request.lock_ms},
                     .after = request.after,
                     .timeout_s = request.timeout_s,
                     .orders = orders};
    if (request.family != no_id) call.inst_family = families_[request.family].inst_family;
    if (call.what == PrivateRequest::cancel_all_after) call.tag = dead_men_[request.account]->tag;
    std::string out = prehash_of(call);
    const TimestampText timestamp = timestamp_text(WallMillis{request.timestamp});
    return out.replace(0, timestamp_size, timestamp.data(), timestamp_size);
}

}  // namespace scram
