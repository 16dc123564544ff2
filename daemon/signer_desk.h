// What the signer does with a message: the whole of its policy, without a process around it.
//
// It does not compare a timestamp with a clock: the exchange's counts, which only the network
// process knows, and the local one may be wrong. What a thief of that process gains by signing for
// later are cancels, which he can have at once.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "core/okx_sign.h"
#include "core/plan.h"
#include "daemon/signer_protocol.h"

namespace scram {

class SigningDesk {
  public:
    // One of `signers` per account.
    SigningDesk(const Plan& plan, std::vector<std::unique_ptr<Signer>> signers);

    // The answers to one message, in its order. Good until the next.
    std::span<const SignAnswer> answer(std::span<const std::byte> message);

  private:
    struct Family {
        std::uint16_t account;
        std::string inst_family;
    };
    SignAnswer answer(const SignRequest& request);
    SignVerdict look_at(const SignRequest& request) const;
    SignVerdict look_at_family(const SignRequest& request) const;
    std::string prehash(const SignRequest& request) const;

    std::vector<std::unique_ptr<Signer>> signers_;  // by account
    std::vector<Family> families_;                  // by FamilyId
    std::array<SignAnswer, requests_per_message_max> answers_{};
};

}  // namespace scram
