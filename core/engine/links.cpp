// The engine and its links: which are usable, when each is rehearsed, when one is given up.
#include <algorithm>
#include <utility>

#include "core/base/check.h"
#include "core/engine/engine.h"

namespace scram {

void Engine::on_link_up(LinkId id, Time now, Step& step) {
    LinkState& link = links_[index(id)];
    // One that takes the place of another without a word of its end may have begun before it.
    const Time since = link.phase == LinkPhase::down ? link.down_since : Time{};
    if (link.phase != LinkPhase::down) on_link_down(id, now, step);
    see_alive(link.account, since, now);
    release(link, LinkPhase::idle);
    // The first rehearsal proves the link and reads the exchange's clock. Where rehearsals alone
    // are cut off, again and again, a link that lives until the next is worth more to a kill.
    link.rehearse_at = now + (link.loses_rehearsals() ? plan_.timings.rehearse_every : Duration{});
    step.events.push_back({.kind = EventKind::link_up, .at = now, .link = id});
    finish(now, step);
}

void Engine::on_link_down(LinkId id, Time now, Step& step, Taken taken) {
    LinkState& link = links_[index(id)];
    const LinkPhase before = link.phase;
    release(link, LinkPhase::down);
    link.down_since = now;
    const Lost how = taken == Taken::nothing ? Lost::not_taken : Lost::closed;
    if (before == LinkPhase::firing) lose_attempt(link, id, how, now, step);
    if (before == LinkPhase::rehearsing) lose_rehearsal(link);
    step.events.push_back({.kind = EventKind::link_down, .at = now, .link = id});
    finish(now, step);
}

void Engine::on_rehearsed(LinkId id, bool good, const Answer& answer, Time now, Step& step,
                          bool link_stays) {
    LinkState& link = links_[index(id)];
    check(link.phase == LinkPhase::rehearsing, "a rehearsal's answer belongs to a rehearsal");
    accounts_[index(link.account)].round_trip.sample(now - link.sent);
    see_alive(link.account, link.sent, now);
    release(link, link_stays ? LinkPhase::idle : LinkPhase::down);
    if (!link_stays) link.down_since = now;
    link.rehearse_at = now + plan_.timings.rehearse_every;
    if (!good) {
        step.events.push_back(
            {.kind = EventKind::rehearsal_failed, .at = now, .link = id, .answer = answer});
    }
    link.rehearsals_lost = 0;
    std::uint32_t& failed = accounts_[index(link.account)].rehearsals_failed;
    failed = good ? 0 : failed + 1;
    if (good) accounts_[index(link.account)].hold_until = {};
    bool waited_for_it = false;
    for (const FamilyId family_id : accounts_[index(link.account)].families) {
        KillSwitch& family = switches_[index(family_id)];
        if (!good || !family->after_resync || family->cancel != Cancel::due) continue;
        family.time_known(now);
        waited_for_it = true;
    }
    if (waited_for_it) step.actions.push_back({ActionKind::resign, link.account});
    finish(now, step);
}

// A sign of life that frees a slot goes first; else the link that waits longest, so that with more
// of them than there is time for, each has its turn.
void Engine::rehearse_due(Time now, Step& step) {
    const auto turn = [&](const LinkState& link) {
        const bool frees = accounts_[index(link.account)].budget.silent_until() <= now;
        return std::pair(!frees, rehearse_at(link));
    };
    while (next_rehearsal_ <= now) {
        LinkId first = none<LinkId>();
        for (std::size_t i = 0; i < links_.size(); ++i) {
            const LinkState& link = links_[i];
            if (link.phase != LinkPhase::idle || rehearse_at(link) > now) continue;
            if (!may_rehearse(accounts_[index(link.account)], now)) continue;
            if (first == none<LinkId>() || turn(link) < turn(links_[index(first)]))
                first = id_at<LinkId>(i);
        }
        if (first == none<LinkId>()) return;
        rehearse(first, now, step);
    }
}

// Sooner where a sign of life frees a slot of the budget; later, though not for ever, where the
// rehearsal would probably cost the account its last link that is up while others are being made.
Time Engine::rehearse_at(const LinkState& link) const {
    const bool spared = link.loses_rehearsals() && is_last_up(link);
    const Duration later = spared ? plan_.timings.rehearse_every : Duration{};
    return std::min(link.rehearse_at + later, accounts_[index(link.account)].budget.silent_until());
}

bool Engine::is_last_up(const LinkState& link) const {
    const std::vector<LinkId>& links = accounts_[index(link.account)].links;
    const auto up = [&](LinkId id) { return links_[index(id)].phase != LinkPhase::down; };
    return links.size() > 1 && std::count_if(links.begin(), links.end(), up) == 1;
}

void Engine::lose_rehearsal(LinkState& link) {
    ++link.rehearsals_lost;
    ++accounts_[index(link.account)].rehearsals_failed;
}

// One at a time, so that a trip finds the others idle; and never on the last idle link while a
// cancel is due, unless that waits for a sign of life.
bool Engine::may_rehearse(const Account& account, Time now) const {
    const auto in_phase = [&](LinkPhase phase) {
        return std::count_if(account.links.begin(), account.links.end(),
                             [&](LinkId id) { return links_[index(id)].phase == phase; });
    };
    if (in_phase(LinkPhase::rehearsing) > 0) return false;
    if (in_phase(LinkPhase::idle) > 1) return true;
    if (account.budget.silent_until() <= now) return true;
    return next_due(account, now) == none<FamilyId>();
}

// On `link`, or if that is no more, on any that is idle.
void Engine::ask_for_time(LinkId id, Time now, Step& step) {
    const LinkState& link = links_[index(id)];
    if (link.phase != LinkPhase::idle) id = idle_link(accounts_[index(link.account)]);
    if (id != none<LinkId>()) rehearse(id, now, step);
}

void Engine::rehearse(LinkId id, Time now, Step& step) {
    LinkState& link = links_[index(id)];
    check(link.phase == LinkPhase::idle, "an idle link is rehearsed");
    next_rehearsal_ = now + plan_.timings.rehearse_gap;
    link.phase = LinkPhase::rehearsing;
    link.sent = now;
    link.deadline = now + plan_.timings.answer_timeout;
    step.actions.push_back({ActionKind::rehearse, link.account, none<FamilyId>(), id});
}

// A link whose answer is overdue is reset, so that nothing of it can arrive later.
void Engine::abort_overdue(Time now, Step& step) {
    for (std::size_t i = 0; i < links_.size(); ++i) {
        LinkState& link = links_[i];
        if (link.deadline > now || link.aborted) continue;
        const auto id = id_at<LinkId>(i);
        const LinkPhase before = link.phase;
        link.aborted = true;
        link.phase = LinkPhase::down;
        link.down_since = now;
        link.deadline = never;
        step.actions.push_back({ActionKind::abort_link, link.account, none<FamilyId>(), id});
        if (before == LinkPhase::firing) lose_attempt(link, id, Lost::overdue, now, step);
        if (before != LinkPhase::rehearsing) continue;
        lose_rehearsal(link);
        step.events.push_back({.kind = EventKind::rehearsal_lost, .at = now, .link = id});
    }
}

void Engine::release(LinkState& link, LinkPhase to) {
    link.phase = to;
    link.deadline = never;
    link.aborted = false;
}

}  // namespace scram
