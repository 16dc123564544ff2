// All that may have to leave at once, ready to leave: the mass-cancels of all families, signed and,
// for each link that may send them, sealed, so that a trip only hands bytes to the kernel.
//
// A record is good for one number of one link, and for one signature: when a request has left on a
// link, all others there are sealed again; when one is signed again, it is on all links. What is
// not sealed at the moment is sealed as it leaves, at the price of a third of a microsecond.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "config/config.h"
#include "daemon/loop/call_sender.h"
#include "daemon/loop/signed_requests.h"
#include "net/exchange/exchange_link.h"

namespace scram {

class PreparedRequests {
  public:
    using Links = std::vector<std::unique_ptr<ExchangeLink>>;

    // `links` in the order of the accounts, as the engine numbers them.
    PreparedRequests(const Config& config, SignerClient& signer, const Links& links);

    // ---- The way of a kill. False: nothing was sent, for the link was lost or is not idle; what
    // becomes of it, its link_down tells.
    bool fire(LinkId link, FamilyId family, milliseconds lock, WallMillis now);
    bool rehearse(LinkId link);
    // All of fire() but the sending, to keep it near.
    void touch(LinkId link, FamilyId family, milliseconds lock, WallMillis now);

    // ---- Signatures.
    // Waits a moment for those of all requests; of an account's.
    void sign_all(WallMillis now);
    void resign(AccountId account, WallMillis now);
    // Asks for the next few in turn: once in ask_interval(), so that each is made again in
    // `resign_every`.
    void ask_next(WallMillis now);
    Duration ask_interval(Duration resign_every) const;
    // Takes one message of answers, if there is one.
    void take_answers();
    milliseconds oldest(AccountId account, WallMillis now) const {
        return signed_.oldest(account, now);
    }

    // ---- Calls: see CallSender. Each that leaves, or does not after all, is told once.
    void ask(const Call& call, std::span<const OrderRef> orders, WallMillis when, Time now) {
        calls_.ask(call, orders, when, now);
    }
    std::optional<CallSender::Done> next_call(Time now);
    void forget_call(LinkId link) { calls_.forget(link); }
    bool any_call_waits() const { return calls_.any_waits(); }
    std::string_view tag_of(AccountId account) const { return calls_.tag_of(account); }

    // ---- Plans: see SignedRequests.
    using Next = SignedRequests::Requests;
    Next prepare(const Plan& plan) const { return signed_.prepare(plan); }
    void adopt(Next& next, WallMillis now);

    // ---- Records.
    // A link has a new connection, or will expect another number.
    void number_is_new(LinkId link);
    // There may be something to seal.
    bool is_wanting() const { return is_wanting_; }
    // Seals a few.
    void seal_some();

  private:
    struct SealedSlot {
        SealedRecord record;
        std::uint64_t revision = 0;  // of the request that it was sealed from
    };
    struct LinkSlots {
        AccountId account{};
        std::size_t host = 0;           // the name that it speaks to
        std::vector<SealedSlot> slots;  // by the place of the request among its account's
        SealedRecord rehearsal;
        std::size_t sealed = 0;  // slots[0, sealed) were looked at since the number is new
        bool rehearsal_sealed = false;
    };
    void make_slots();
    void seal_on_all_links(const SignedRequest& request);
    static void seal(const SignedRequest& request, ExchangeLink& link, LinkSlots& slots);
    bool seal_next(LinkSlots& slots, ExchangeLink& link);

    SignedRequests signed_;
    CallSender calls_;
    std::vector<SignAnswer> call_answers_;  // not looked at yet, the last first
    const Links& links_;
    std::vector<std::string> rehearsals_;  // by name of the exchange
    std::vector<LinkSlots> slots_by_link_;
    bool is_wanting_ = false;
};

}  // namespace scram
