// The network process's end of the line to the signer. It never waits longer than it is told to,
// and outlives the signer: what was asked of one that died is asked again by and by.
#pragma once

#include <sys/types.h>

#include <array>
#include <span>
#include <string>
#include <vector>

#include "core/base/time.h"
#include "daemon/signer/process.h"
#include "daemon/signer/protocol.h"

namespace scram {

class SignerClient {
  public:
    explicit SignerClient(SignerLine line);
    ~SignerClient();  // and so of keeper and signer
    SignerClient(const SignerClient&) = delete;
    SignerClient& operator=(const SignerClient&) = delete;

    // In one message; at most requests_per_message_max. What the line does not take is lost.
    void ask(std::span<const SignRequest> requests);
    // For a cancel_orders of these, at most cancel_orders_max.
    void ask(const SignRequest& request, std::span<const OrderRef> orders);
    // The next message's good answers, waited for until then. None: there is no message, or it has
    // none. Good until the next call.
    std::span<const SignAnswer> take(Time now, Time until = Time{});

    int descriptor() const { return fd_.get(); }
    const std::vector<AccountKey>& keys() const { return keys_; }

    bool gone() const { return gone_; }  // the keeper is, and no other comes
    Time answered() const { return answered_; }
    std::uint64_t refused() const { return refused_; }
    SignVerdict last_refusal() const { return last_refusal_; }
    std::uint64_t restarts() const { return restarts_; }
    const SignerHello& hello() const { return hello_; }

  private:
    void say(const void* bytes, std::size_t size);
    ssize_t receive();
    bool comes(Time now, Time until) const;
    std::span<const SignAnswer> read(std::size_t size, Time now);

    UniqueFd fd_;
    pid_t keeper_;
    SignerHello hello_;
    std::vector<AccountKey> keys_;
    bool gone_ = false;
    Time answered_;
    std::uint64_t refused_ = 0;
    SignVerdict last_refusal_{};
    std::uint64_t restarts_ = 0;
    std::array<SignAnswer, requests_per_message_max> answers_{};
};

}  // namespace scram
