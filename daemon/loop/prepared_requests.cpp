#include "daemon/loop/prepared_requests.h"

#include <algorithm>
#include <utility>

#include "core/base/kill_path.h"

namespace scram {
namespace {

constexpr int sealed_at_once = 8;  // about three microseconds
// Waking up costs more than to ask for and seal these; while they are, a signal waits.
constexpr std::size_t signed_at_once = 4;

}  // namespace

PreparedRequests::PreparedRequests(const Config& config, SignerClient& signer, const Links& links)
    : signed_(config, signer), calls_(config, signer, links), links_(links) {
    for (const std::string& host : config.exchange.hosts)
        rehearsals_.push_back(rehearsal_request(host));
    const auto targets = link_targets(config.plan, config.exchange.hosts.size());
    for (std::size_t a = 0; a < config.plan.accounts.size(); ++a) {
        for (std::size_t l = 0; l < config.plan.accounts[a].links; ++l) {
            LinkSlots& its = slots_by_link_.emplace_back();
            its.account = id_at<AccountId>(a);
            its.host = targets[slots_by_link_.size() - 1].host;
        }
    }
    make_slots();
}

// ---- The way of a kill --------------------------------------------------------------------------

// A record that is nobody's next, and a link that is lost, send() refuses.
SCRAM_KILL_PATH bool PreparedRequests::fire(LinkId id, FamilyId family, milliseconds lock,
                                            WallMillis now) {
    const SignedRequest& request = signed_.pick(family, lock, now);
    const SealedSlot& ready = slots_by_link_[index(id)].slots[request.place];
    ExchangeLink& link = *links_[index(id)];
    const bool sent = (ready.revision == request.revision && link.send(ready.record)) ||
                      link.send(request.bytes(slots_by_link_[index(id)].host));
    number_is_new(id);
    return sent;
}

bool PreparedRequests::rehearse(LinkId id) {
    const LinkSlots& its = slots_by_link_[index(id)];
    ExchangeLink& link = *links_[index(id)];
    const bool sent =
        link.send(its.rehearsal) || link.send(std::string_view(rehearsals_[its.host]));
    number_is_new(id);
    return sent;
}

void PreparedRequests::touch(LinkId id, FamilyId family, milliseconds lock, WallMillis now) {
    const SignedRequest& request = signed_.pick(family, lock, now);
    const SealedSlot& ready = slots_by_link_[index(id)].slots[request.place];
    const ExchangeLink& link = *links_[index(id)];
    if (ready.revision == request.revision && link.is_next(ready.record)) ready.record.touch();
    link.touch();
}

// ---- Signatures ---------------------------------------------------------------------------------

void PreparedRequests::sign_all(WallMillis now) {
    for (std::size_t a = 0; a < signed_.accounts(); ++a) resign(id_at<AccountId>(a), now);
}

void PreparedRequests::resign(AccountId account, WallMillis now) {
    signed_.resign(account, now);
    for (std::size_t l = 0; l < slots_by_link_.size(); ++l) {
        if (slots_by_link_[l].account == account) number_is_new(id_at<LinkId>(l));
    }
}

void PreparedRequests::ask_next(WallMillis now) {
    signed_.ask_next(std::min(signed_at_once, signed_.size()), now);
}

Duration PreparedRequests::ask_interval(Duration resign_every) const {
    const std::size_t count = std::min(signed_at_once, signed_.size());
    return std::max<Duration>(resign_every * count / (signed_.size() + 1), 1ms);
}

// After a pause there are many: they are sealed a few at a time.
void PreparedRequests::take_answers() {
    const auto renewed = signed_.take_answers();
    if (renewed.size() <= signed_at_once) {
        for (const std::size_t at : renewed) seal_on_all_links(signed_[at]);
        return;
    }
    for (std::size_t l = 0; l < slots_by_link_.size(); ++l) number_is_new(id_at<LinkId>(l));
}

std::optional<CallSender::Done> PreparedRequests::next_call(Time now) {
    const auto answers = signed_.take_call_answers();
    call_answers_.insert(call_answers_.begin(), answers.rbegin(), answers.rend());
    while (!call_answers_.empty()) {
        const auto done = calls_.take(call_answers_.back());
        call_answers_.pop_back();
        if (!done) continue;
        number_is_new(done->link);
        return done;
    }
    return calls_.give_up(now);
}

void PreparedRequests::adopt(Next& next, WallMillis now) {
    if (signed_.adopt(next, now)) make_slots();
}

// ---- Records ------------------------------------------------------------------------------------

void PreparedRequests::make_slots() {
    for (std::size_t l = 0; l < slots_by_link_.size(); ++l) {
        LinkSlots& its = slots_by_link_[l];
        its.slots.assign(signed_.of(its.account).size(), {});
        number_is_new(id_at<LinkId>(l));
    }
}

void PreparedRequests::number_is_new(LinkId link) {
    slots_by_link_[index(link)].sealed = 0;
    slots_by_link_[index(link)].rehearsal_sealed = false;
    is_wanting_ = true;
}

void PreparedRequests::seal_on_all_links(const SignedRequest& request) {
    for (std::size_t l = 0; l < slots_by_link_.size(); ++l) {
        LinkSlots& its = slots_by_link_[l];
        if (its.account == request.account && links_[l]->seals()) seal(request, *links_[l], its);
    }
}

void PreparedRequests::seal_some() {
    int left = sealed_at_once;
    for (std::size_t l = 0; l < slots_by_link_.size(); ++l) {
        if (!links_[l]->seals()) continue;
        while (seal_next(slots_by_link_[l], *links_[l])) {
            if (--left == 0) return;
        }
    }
    is_wanting_ = false;
}

// What a trip would send comes first.
bool PreparedRequests::seal_next(LinkSlots& slots, ExchangeLink& link) {
    if (slots.sealed == slots.slots.size()) {
        if (std::exchange(slots.rehearsal_sealed, true)) return false;
        return link.seal(rehearsals_[slots.host], slots.rehearsal);
    }
    seal(signed_[signed_.of(slots.account)[slots.sealed++]], link, slots);
    return true;
}

void PreparedRequests::seal(const SignedRequest& request, ExchangeLink& link, LinkSlots& slots) {
    SealedSlot& slot = slots.slots[request.place];
    if (link.seal(request.bytes(slots.host), slot.record)) slot.revision = request.revision;
}

}  // namespace scram
