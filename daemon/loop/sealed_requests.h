// The armed requests as records, sealed beforehand for every link that may send them, so that a
// trip only hands bytes to the kernel. A record is good for one number of one link, and for one
// signature: when a request has left on a link, all others there are sealed again; when one is
// signed again, it is on all links. What is not sealed at the moment is sealed as it leaves, at the
// price of a third of a microsecond.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "core/model/plan.h"
#include "daemon/loop/signed_requests.h"
#include "net/exchange/link.h"

namespace scram {

class SealedRequests {
  public:
    using Links = std::vector<std::unique_ptr<Link>>;

    // `links` in the order of the accounts, as the engine numbers them.
    SealedRequests(const Plan& plan, const SignedRequests& signed_requests, const Links& links,
                   std::string rehearsal);

    // Sends armed request `at` of the link's account. On a link that is not idle nothing is sent.
    void fire(LinkId link, std::size_t at);
    void rehearse(LinkId link);

    // Armed request `at` was signed again.
    void signed_again(std::size_t at);
    void signed_again(AccountId account);  // all of its requests were
    // The armed requests are others now.
    void reload(const Plan& plan);
    // A link has a new connection, or will expect another number.
    void number_is_new(LinkId link);

    // There may be something to seal.
    bool is_wanting() const { return is_wanting_; }
    // Seals a few.
    void seal_some();

    // All of fire() but the sending, to keep it near.
    void fire_dry(LinkId link, std::size_t at) const;

  private:
    struct SealedSlot {
        SealedRecord record;
        std::uint64_t revision = 0;  // of the request that it was sealed from
    };
    struct LinkSlots {
        AccountId account{};
        std::vector<SealedSlot> slots;  // by the place of the request among its account's
        SealedSlot rehearsal;
        std::size_t sealed = 0;  // slots[0, sealed) were looked at since the number is new
        bool rehearsal_sealed = false;
    };
    SealedSlot& slot(LinkId link, std::size_t at) {
        return slots_by_link_[index(link)].slots[place_[at]];
    }
    bool seal_next(LinkSlots& slots, Link& link);

    const SignedRequests& signed_requests_;
    const Links& links_;
    std::string rehearsal_;
    std::vector<LinkSlots> slots_by_link_;            // by link
    std::vector<std::vector<std::size_t>> requests_;  // by account: armed requests
    std::vector<std::size_t> place_;                  // by armed request: within requests_
    bool is_wanting_ = false;
};

}  // namespace scram
