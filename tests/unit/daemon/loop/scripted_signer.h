// The signer's end of the line, which answers when the test says so.
#pragma once

#include <sys/socket.h>
#include <unistd.h>

#include <memory>
#include <string>
#include <vector>

#include "daemon/signer/policy.h"
#include "tests/unit/daemon/signer/rig.h"

namespace scram::test {

class ScriptedSigner {
  public:
    explicit ScriptedSigner(const Plan& plan)
        : policy_(plan, keys(plan), pace_), accounts_(plan.accounts.size()) {
        int ends[2];
        REQUIRE(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) == 0);
        near_ = ends[0];
        far_ = ends[1];
    }
    ~ScriptedSigner() { die(); }
    ScriptedSigner(const ScriptedSigner&) = delete;
    ScriptedSigner& operator=(const ScriptedSigner&) = delete;

    // For one SignerClient, which closes it.
    SignerLine line() const {
        SignerLine line{UniqueFd(near_), -1, {}, {}};
        for (std::size_t a = 0; a < accounts_; ++a)
            line.keys.push_back({"fake-key-" + std::to_string(a + 1), Secret("fake-passphrase")});
        return line;
    }
    int far() const { return far_; }

    void die() {
        if (far_ >= 0) ::close(far_);
        far_ = -1;
    }
    // Takes one message; empty: nothing was asked.
    std::vector<SignRequest> hear() const {
        std::vector<SignRequest> asked(requests_per_message_max);
        const ssize_t size =
            recv(far_, asked.data(), asked.size() * sizeof(SignRequest), MSG_DONTWAIT);
        asked.resize(size < 0 ? 0 : static_cast<std::size_t>(size) / sizeof(SignRequest));
        return asked;
    }
    void answer(const std::vector<SignRequest>& asked) {
        const auto answers = policy_.answer(std::as_bytes(std::span(asked)), Time{});
        REQUIRE(send(far_, answers.data(), answers.size_bytes(), 0) > 0);
    }
    std::size_t answer_all() {
        std::size_t count = 0;
        for (auto asked = hear(); !asked.empty(); asked = hear()) {
            answer(asked);
            count += asked.size();
        }
        return count;
    }

  private:
    static std::vector<std::unique_ptr<Signer>> keys(const Plan& plan) {
        std::vector<std::unique_ptr<Signer>> signers;
        for (std::size_t a = 0; a < plan.accounts.size(); ++a)
            signers.push_back(std::make_unique<HmacSigner>(example_secret));
        return signers;
    }

    SigningPace pace_;
    SigningPolicy policy_;
    std::size_t accounts_;
    int near_ = -1, far_ = -1;
};

}  // namespace scram::test
