#include "daemon/loop/sealed_requests.h"

#include <utility>

namespace scram {
namespace {

constexpr int sealed_at_once = 8;  // about three microseconds

}  // namespace

Magazine::Magazine(const Plan& plan, const Armory& armory, const Links& links,
                   std::string rehearsal)
    : armory_(armory), links_(links), rehearsal_(std::move(rehearsal)) {
    for (std::size_t a = 0; a < plan.accounts.size(); ++a) {
        for (std::size_t l = 0; l < plan.accounts[a].links; ++l) {
            racks_.emplace_back().account = id_at<AccountId>(a);
        }
    }
    reload(plan);
}

void Magazine::fire(LinkId id, std::size_t at) {
    Link& link = *links_[index(id)];
    const Round& ready = round(id, at);
    const bool is_ready = ready.revision == armory_.revision(at) && link.is_next(ready.record);
    is_ready ? link.send(ready.record) : link.send(armory_.bytes(at));
    number_is_new(id);
}

void Magazine::rehearse(LinkId id) {
    Link& link = *links_[index(id)];
    const SealedRecord& ready = racks_[index(id)].rehearsal.record;
    link.is_next(ready) ? link.send(ready) : link.send(rehearsal_);
    number_is_new(id);
}

void Magazine::reload(const Plan& plan) {
    requests_.assign(plan.accounts.size(), {});
    place_.clear();
    for (std::size_t at = 0; at < armory_.size(); ++at) {
        auto& of_account = requests_[index(armory_.account(at))];
        place_.push_back(of_account.size());
        of_account.push_back(at);
    }
    for (std::size_t l = 0; l < racks_.size(); ++l) {
        racks_[l].rounds.assign(requests_[index(racks_[l].account)].size(), {});
        number_is_new(id_at<LinkId>(l));
    }
}

void Magazine::number_is_new(LinkId link) {
    racks_[index(link)].sealed = 0;
    racks_[index(link)].rehearsal_sealed = false;
    is_wanting_ = true;
}

void Magazine::signed_again(std::size_t at) {
    for (std::size_t l = 0; l < racks_.size(); ++l) {
        Rack& rack = racks_[l];
        if (rack.account != armory_.account(at) || !links_[l]->seals()) continue;
        Round& its = rack.rounds[place_[at]];
        if (links_[l]->seal(armory_.bytes(at), its.record)) its.revision = armory_.revision(at);
    }
}

void Magazine::signed_again(AccountId account) {
    for (std::size_t l = 0; l < racks_.size(); ++l) {
        if (racks_[l].account == account) number_is_new(id_at<LinkId>(l));
    }
}

void Magazine::seal_some() {
    int left = sealed_at_once;
    for (std::size_t l = 0; l < racks_.size(); ++l) {
        if (!links_[l]->seals()) continue;
        while (seal_next(racks_[l], *links_[l])) {
            if (--left == 0) return;
        }
    }
    is_wanting_ = false;
}

// What a trip would send comes first.
bool Magazine::seal_next(Rack& rack, Link& link) {
    const auto& requests = requests_[index(rack.account)];
    if (rack.sealed == requests.size()) {
        if (std::exchange(rack.rehearsal_sealed, true)) return false;
        return link.seal(rehearsal_, rack.rehearsal.record);
    }
    const std::size_t at = requests[rack.sealed];
    Round& its = rack.rounds[rack.sealed++];
    if (link.seal(armory_.bytes(at), its.record)) its.revision = armory_.revision(at);
    return true;
}

void Magazine::fire_dry(LinkId id, std::size_t at) const {
    const Link& link = *links_[index(id)];
    const Round& ready = racks_[index(id)].rounds[place_[at]];
    const bool is_ready = ready.revision == armory_.revision(at) && link.is_next(ready.record);
    if (is_ready) ready.record.touch();
    link.touch();
}

}  // namespace scram
