#include "daemon/signer/policy.h"

#include <cstring>

namespace scram {

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
        families_.push_back(
            {static_cast<std::uint16_t>(index(family.account)), family.inst_family});
    }
}

std::span<const SignAnswer> SigningPolicy::answer(std::span<const std::byte> message, Time now) {
    const std::size_t count = message.size() / sizeof(SignRequest);
    const bool is_whole = message.size() % sizeof(SignRequest) == 0;
    if (!is_whole || count == 0 || count > requests_per_message_max) {
        answers_[0] = {};
        answers_[0].verdict = SignVerdict::malformed;
        return {answers_.data(), 1};
    }
    for (std::size_t i = 0; i < count; ++i) {
        SignRequest request;
        std::memcpy(&request, message.data() + i * sizeof request, sizeof request);
        answers_[i] = answer(request, now);
    }
    return {answers_.data(), count};
}

SignAnswer SigningPolicy::answer(const SignRequest& request, Time now) {
    SignAnswer answer{};
    answer.number = request.number;
    answer.timestamp = request.timestamp;
    answer.at = request.at;
    answer.verdict = look_at(request);
    if (answer.verdict != SignVerdict::is_signed) return answer;
    if (!pace_.may_be_another(now)) {
        answer.verdict = SignVerdict::too_often;
        return answer;
    }
    if (!pace_.may_be_at(WallMillis{request.timestamp}, now)) {
        answer.verdict = SignVerdict::wrong_time;
        return answer;
    }
    if (!signers_[request.account]->sign(prehash(request), answer.signature))
        answer.verdict = SignVerdict::failed;
    return answer;
}

SignVerdict SigningPolicy::look_at(const SignRequest& request) const {
    if (request.what >= private_request_count) return SignVerdict::unknown_request;
    if (request.account >= signers_.size()) return SignVerdict::unknown_account;
    if (request.timestamp < 0 || request.timestamp > timestamp_max.value)
        return SignVerdict::wrong_time;
    const bool is_cancel = PrivateRequest{request.what} == PrivateRequest::mass_cancel;
    if (request.lock_ms < 0 || request.lock_ms > (is_cancel ? lock_max.count() : 0))
        return SignVerdict::wrong_lock;
    return look_at_family(request);
}

// Any lock will do: a reload brings rules with others, and accounts and families stay.
SignVerdict SigningPolicy::look_at_family(const SignRequest& request) const {
    const bool is_right = PrivateRequest{request.what} == PrivateRequest::account_config
                              ? request.family == no_id
                              : request.family < families_.size() &&
                                    families_[request.family].account == request.account;
    return is_right ? SignVerdict::is_signed : SignVerdict::unknown_family;
}

std::string SigningPolicy::prehash(const SignRequest& request) const {
    const bool has_family = request.family != no_id;
    std::string out =
        prehash_of(PrivateRequest{request.what},
                   has_family ? std::string_view(families_[request.family].inst_family) : "",
                   milliseconds{request.lock_ms});
    const TimestampText timestamp = timestamp_text(WallMillis{request.timestamp});
    return out.replace(0, timestamp_size, timestamp.data(), timestamp_size);
}

}  // namespace scram
