#include "core/engine/rehearsals.h"

#include <algorithm>
#include <utility>

#include "core/base/check.h"

namespace scram {

Rehearsals::Rehearsals(const Plan& plan, const Accounts& accounts, Links& links,
                       const Cancels& cancels)
    : plan_(plan),
      accounts_(accounts),
      links_(links),
      cancels_(cancels),
      turns_(links.size()),
      failed_(plan.accounts.size()) {}

// The first one proves the link and reads the exchange's clock. Where rehearsals alone are cut off,
// again and again, a link that lives until the next is worth more to a kill.
void Rehearsals::link_came_up(LinkId id, Time now) {
    Turn& its = turns_[index(id)];
    its.at = now + (its.loses() ? plan_.timings.rehearse_every : Duration{});
}

void Rehearsals::answered(LinkId id, bool good, bool link_stays, Time now) {
    check(links_[id].phase() == LinkPhase::rehearsing,
          "a rehearsal's answer belongs to a rehearsal");
    links_.measure(id, now);
    links_[id].answered(link_stays, now);
    turns_[index(id)] = {now + plan_.timings.rehearse_every, 0};
    std::uint32_t& failed = failed_[index(links_[id].account())];
    failed = good ? 0 : failed + 1;
}

void Rehearsals::lost(LinkId id) {
    ++turns_[index(id)].lost;
    ++failed_[index(links_[id].account())];
}

void Rehearsals::begin_due(Time now, Step& step) {
    while (next_ <= now) {
        const LinkId id = next_due(now);
        if (id == none<LinkId>()) return;
        begin(id, now, step);
    }
}

LinkId Rehearsals::next_due(Time now) const {
    const auto turn = [&](LinkId id) {
        const bool frees = accounts_.budget(links_[id].account()).silent_until() <= now;
        return std::pair(!frees, due_at(id));
    };
    LinkId first = none<LinkId>();
    for (std::size_t l = 0; l < links_.size(); ++l) {
        const auto id = id_at<LinkId>(l);
        if (links_[id].phase() != LinkPhase::idle || due_at(id) > now) continue;
        if (!may_begin(links_[id].account(), now)) continue;
        if (first == none<LinkId>() || turn(id) < turn(first)) first = id;
    }
    return first;
}

// Sooner where a sign of life frees a slot of the budget; later, though not for ever, where the
// rehearsal would probably cost the account its last link that is up while others are being made.
Time Rehearsals::due_at(LinkId id) const {
    const Turn& its = turns_[index(id)];
    const bool spared = its.loses() && is_last_up(id);
    const Duration later = spared ? plan_.timings.rehearse_every : Duration{};
    return std::min(its.at + later, accounts_.budget(links_[id].account()).silent_until());
}

bool Rehearsals::is_last_up(LinkId id) const {
    const AccountId account = links_[id].account();
    const std::size_t all = links_.of(account).size();
    return all > 1 && links_.count(account, LinkPhase::down) == all - 1;
}

// One at a time, so that a trip finds the others idle; and never on the last idle link while a
// cancel is due or a read in flight, unless a slot waits for a sign of life.
bool Rehearsals::may_begin(AccountId id, Time now) const {
    if (links_.count(id, LinkPhase::rehearsing) > 0) return false;
    if (links_.count(id, LinkPhase::idle) > 1) return true;
    if (accounts_.budget(id).silent_until() <= now) return true;
    if (links_.count(id, LinkPhase::calling) > 0) return false;
    return !cancels_.any_due(id, now);
}

void Rehearsals::ask_for_time(LinkId id, Time now, Step& step) {
    if (links_[id].phase() != LinkPhase::idle) id = links_.idle(links_[id].account());
    if (id != none<LinkId>()) begin(id, now, step);
}

void Rehearsals::begin(LinkId id, Time now, Step& step) {
    next_ = now + plan_.timings.rehearse_gap;
    links_[id].rehearse(now, plan_.timings.answer_timeout);
    step.actions.push_back({ActionKind::rehearse, links_[id].account(), none<FamilyId>(), id});
}

Time Rehearsals::next_deadline(Time now) const {
    Time next = never;
    const auto also = [&](Time at) {
        if (at > now) next = std::min(next, at);
    };
    for (std::size_t l = 0; l < links_.size(); ++l) {
        const auto id = id_at<LinkId>(l);
        if (links_[id].phase() != LinkPhase::idle) continue;
        // One that is due already and may not begin now follows when what is in its way ends. And
        // at the latest when a lost slot may be asked about: that goes before a cancel.
        also(std::max(due_at(id), next_));
        also(accounts_.budget(links_[id].account()).silent_until());
    }
    return next;
}

}  // namespace scram
