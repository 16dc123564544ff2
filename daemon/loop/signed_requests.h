// The armed requests of all families, kept signed. The signer is another process: it is asked all
// the time, and its answers are taken as they come. Only where a signature is of no use any more is
// it waited for, and never for long: what was signed before then goes out, and the exchange
// decides.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "config/config.h"
#include "core/okx/exchange_clock.h"
#include "core/okx/request.h"
#include "daemon/signer/client.h"

namespace scram {

// One for each lock that a family can be cancelled with.
struct SignedRequest {
    AccountId account{};
    FamilyId family{};
    milliseconds lock{};
    // The same for each name of the exchange: they differ in their Host header alone, which is not
    // signed.
    std::vector<ArmedRequest> by_host;
    std::size_t place = 0;   // among its account's
    WallMillis signed_at{};  // {0}: never
    // Another after each signature: what was made of the bytes before is of no use.
    std::uint64_t revision = 0;
    std::uint64_t signed_by = 0;  // the number of the question that its signature answers

    std::string_view bytes(std::size_t host = 0) const { return by_host[host].bytes(); }
    bool is_signed() const { return signed_at != WallMillis{}; }
};

class SignedRequests {
  public:
    SignedRequests(const Config& config, SignerClient& signer);

    // The request to send now. For a signature that has grown too old while the loop or the signer
    // was stuck, a new one is waited for.
    const SignedRequest& pick(FamilyId family, milliseconds lock, WallMillis now);

    std::size_t size() const { return now_.all.size(); }
    const SignedRequest& operator[](std::size_t at) const { return now_.all[at]; }
    std::size_t accounts() const { return identities_.size(); }
    // An account's, by their place.
    const std::vector<std::size_t>& of(AccountId account) const {
        return now_.by_account[index(account)];
    }

    // Asks for the signatures of the next few requests in turn, or of all where they have grown too
    // old for a kill. Called size() times / `count` per resign_every.
    void ask_next(std::size_t count, WallMillis now);
    // Takes one message of answers, if there is one: the requests that are signed again by it, or
    // were while somebody waited. Good until the next call.
    std::span<const std::size_t> take_answers();
    // Answers to calls (daemon/loop/call_sender.h) that came beside them since it was asked last.
    std::span<const SignAnswer> take_call_answers();
    // Waits a moment for the signatures of all of an account's requests.
    void resign(AccountId account, WallMillis now);

    // A reload may bring rules with locks of their own. To prepare() is the costly part, and any
    // thread's. What was signed stays, and the rest is asked for; nothing is waited for. False:
    // there is nothing to change. What was replaced stays in `next`.
    struct Requests;
    Requests prepare(const Plan& plan) const;
    bool adopt(Requests& next, WallMillis now);

    // Age of the oldest signature of an account's families.
    milliseconds oldest(AccountId account, WallMillis now) const;

    struct Requests {
        std::vector<SignedRequest> all;                    // grouped by family
        std::vector<std::size_t> first;                    // by family, into `all`; and one more
        std::vector<std::vector<std::size_t>> by_account;  // into `all`
    };

  private:
    void keep_signed(Requests& next);
    std::size_t find(FamilyId family, milliseconds lock) const;
    std::size_t sign_now(std::size_t at, WallMillis now);
    std::size_t best_of(FamilyId family, std::size_t at) const;
    std::vector<ArmedRequest> render(const FamilySpec& family, milliseconds lock) const;
    void ask(std::size_t at, WallMillis now);
    void send();
    void await_all();
    bool take_message(Time now, Time until);
    void take(const SignAnswer& answer);

    SignerClient& signer_;
    std::vector<std::vector<RequestIdentity>>
        identities_;  // by account, and by name of the exchange
    Requests now_;
    WallMillis adopted_at_{};  // the last change of them, where the exchange's time was known
    std::size_t next_ = 0;
    std::uint64_t signatures_ = 0;

    std::vector<SignRequest> asking_;  // gathered for one message
    std::vector<SignAnswer> for_calls_, calls_told_;
    std::vector<std::size_t> renewed_, told_;  // since take_answers() was called last; by it
    std::uint64_t asked_ = 0;     // the newest question's number; an answer has its question's
    std::uint64_t answered_ = 0;  // the newest answer's
    std::uint64_t void_ = 0;      // questions up to this were about requests that are no more
    bool patient_ = true;         // it answered when it was waited for last
};

}  // namespace scram
