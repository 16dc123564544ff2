// What the signer does with a message: the whole of its policy, without a process around it.
//
// It signs around one moment only, which goes on with this machine's time (SigningPace). Which one
// that is, the network process says: the exchange's clock counts, which only that process knows,
// and the local one may be wrong. So a thief of that process cannot hoard signatures for later.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/engine/signing_pace.h"
#include "core/model/plan.h"
#include "core/okx/sign.h"
#include "daemon/signer/protocol.h"

namespace scram {

class SigningPolicy {
  public:
    // One of `signers` per account. `pace` outlives the policy, and its process.
    SigningPolicy(const Plan& plan, std::vector<std::unique_ptr<Signer>> signers,
                  SigningPace& pace);

    // The answers to one message, in its order. Good until the next. `now` goes on while the
    // machine is suspended.
    std::span<const SignAnswer> answer(std::span<const std::byte> message, Time now);

  private:
    struct Family {
        std::uint16_t account;
        std::string inst_family;
        bool cancel_rest;
    };
    using Orders = std::span<const OrderRef>;

    std::span<const SignAnswer> answer_list(std::span<const std::byte> message, Time now);
    std::span<const SignAnswer> answer_orders(std::span<const std::byte> message, Time now);
    std::span<const SignAnswer> malformed();
    SignAnswer answer(const SignRequest& request, Orders orders, Time now);
    SignVerdict look_at(const SignRequest& request, Orders orders) const;
    bool has_right_family(const SignRequest& request) const;
    bool is_enabled(const SignRequest& request) const;
    bool has_right_orders(const SignRequest& request, Orders orders) const;
    std::string prehash(const SignRequest& request, Orders orders) const;

    SigningPace& pace_;
    std::vector<std::unique_ptr<Signer>> signers_;  // by account
    std::vector<Family> families_;                  // by FamilyId
    std::vector<std::optional<DeadMan>> dead_men_;  // by account
    std::array<SignAnswer, requests_per_message_max> answers_{};
};

}  // namespace scram
