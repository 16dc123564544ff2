// Authenticated calls on their way out: each is signed as it is made, rendered, and sent on the
// link that the engine has chosen. The loop does not wait for the signer.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "config/config.h"
#include "core/model/call.h"
#include "core/okx/request.h"
#include "daemon/signer/client.h"
#include "net/exchange/exchange_link.h"

namespace scram {

class CallSender {
  public:
    using Links = std::vector<std::unique_ptr<ExchangeLink>>;
    // Nobody waits longer for a signature: a link that is to make a call makes no other request.
    static constexpr Duration patience = 250ms;

    CallSender(const Config& config, SignerClient& signer, const Links& links);

    // Has it signed for `when`, on the exchange's clock. `orders` of cancel_orders.
    void ask(const Call& call, std::span<const OrderRef> orders, WallMillis when, Time now);
    // The signer's answer to one: it leaves.
    struct Done {
        LinkId link{};
        bool sent = false;
    };
    std::optional<Done> take(const SignAnswer& answer);
    // The first that has waited too long for its signature: it is forgotten.
    std::optional<Done> give_up(Time now);
    // Its link was lost.
    void forget(LinkId link) { waiting_[index(link)].reset(); }
    bool any_waits() const;
    // The tag of its dead man's switch: as the signer knows it, since the start.
    std::string_view tag_of(AccountId id) const { return tags_[index(id)]; }

  private:
    struct Waiting {
        Call call;
        std::vector<OrderRef> orders;
        WallMillis when{};
        Time asked_at{};
        std::uint64_t number = 0;  // of the question
    };
    bool send(const Waiting& its, const SignatureText& signature);

    std::vector<RequestIdentity> identities_;  // by account; the name is the link's
    std::vector<std::string> hosts_;           // by link: whom it speaks to
    std::vector<std::string> families_;        // names as OKX has them
    std::vector<std::string> tags_;            // by account
    SignerClient& signer_;
    const Links& links_;
    std::vector<std::optional<Waiting>> waiting_;  // by link
    std::uint64_t asked_ = 0;
};

}  // namespace scram
