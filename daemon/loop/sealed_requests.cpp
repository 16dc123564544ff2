#include "daemon/loop/sealed_requests.h"

#include <utility>

namespace scram {
namespace {

constexpr int sealed_at_once = 8;  // about three microseconds

}  // namespace

SealedRequests::SealedRequests(const Plan& plan, const SignedRequests& signed_requests,
                               const Links& links, std::string rehearsal)
    : signed_requests_(signed_requests), links_(links), rehearsal_(std::move(rehearsal)) {
    for (std::size_t a = 0; a < plan.accounts.size(); ++a) {
        for (std::size_t l = 0; l < plan.accounts[a].links; ++l) {
            slots_by_link_.emplace_back().account = id_at<AccountId>(a);
        }
    }
    reload(plan);
}

void SealedRequests::fire(LinkId id, std::size_t at) {
    Link& link = *links_[index(id)];
    const SealedSlot& ready = slot(id, at);
    const bool is_ready =
        ready.revision == signed_requests_.revision(at) && link.is_next(ready.record);
    is_ready ? link.send(ready.record) : link.send(signed_requests_.bytes(at));
    number_is_new(id);
}

void SealedRequests::rehearse(LinkId id) {
    Link& link = *links_[index(id)];
    const SealedRecord& ready = slots_by_link_[index(id)].rehearsal.record;
    link.is_next(ready) ? link.send(ready) : link.send(rehearsal_);
    number_is_new(id);
}

void SealedRequests::reload(const Plan& plan) {
    requests_.assign(plan.accounts.size(), {});
    place_.clear();
    for (std::size_t at = 0; at < signed_requests_.size(); ++at) {
        auto& of_account = requests_[index(signed_requests_.account(at))];
        place_.push_back(of_account.size());
        of_account.push_back(at);
    }
    for (std::size_t l = 0; l < slots_by_link_.size(); ++l) {
        slots_by_link_[l].slots.assign(requests_[index(slots_by_link_[l].account)].size(), {});
        number_is_new(id_at<LinkId>(l));
    }
}

void SealedRequests::number_is_new(LinkId link) {
    slots_by_link_[index(link)].sealed = 0;
    slots_by_link_[index(link)].rehearsal_sealed = false;
    is_wanting_ = true;
}

void SealedRequests::signed_again(std::size_t at) {
    for (std::size_t l = 0; l < slots_by_link_.size(); ++l) {
        LinkSlots& slots = slots_by_link_[l];
        if (slots.account != signed_requests_.account(at) || !links_[l]->seals()) continue;
        SealedSlot& its = slots.slots[place_[at]];
        if (links_[l]->seal(signed_requests_.bytes(at), its.record))
            its.revision = signed_requests_.revision(at);
    }
}

void SealedRequests::signed_again(AccountId account) {
    for (std::size_t l = 0; l < slots_by_link_.size(); ++l) {
        if (slots_by_link_[l].account == account) number_is_new(id_at<LinkId>(l));
    }
}

void SealedRequests::seal_some() {
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
bool SealedRequests::seal_next(LinkSlots& slots, Link& link) {
    const auto& requests = requests_[index(slots.account)];
    if (slots.sealed == requests.size()) {
        if (std::exchange(slots.rehearsal_sealed, true)) return false;
        return link.seal(rehearsal_, slots.rehearsal.record);
    }
    const std::size_t at = requests[slots.sealed];
    SealedSlot& its = slots.slots[slots.sealed++];
    if (link.seal(signed_requests_.bytes(at), its.record))
        its.revision = signed_requests_.revision(at);
    return true;
}

void SealedRequests::fire_dry(LinkId id, std::size_t at) const {
    const Link& link = *links_[index(id)];
    const SealedSlot& ready = slots_by_link_[index(id)].slots[place_[at]];
    const bool is_ready =
        ready.revision == signed_requests_.revision(at) && link.is_next(ready.record);
    if (is_ready) ready.record.touch();
    link.touch();
}

}  // namespace scram
