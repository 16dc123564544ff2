#include "core/engine/verification.h"

#include <algorithm>
#include <utility>

namespace scram {

Verification::Verification(const Plan& plan, std::vector<KillSwitch>& switches, Accounts& accounts,
                           Links& links, Cancels& cancels, ExchangeCalls& calls)
    : plan_(plan),
      switches_(switches),
      accounts_(accounts),
      links_(links),
      cancels_(cancels),
      calls_(calls),
      families_(plan.families.size()),
      reading_(plan.accounts.size(), FamilySet(plan.families.size())) {
    for (std::size_t f = 0; f < families_.size(); ++f) {
        if (plan.families[f].cancel_rest) families_[f].rest.reserve(orders_per_page);
    }
}

// What an earlier acceptance was read for counts no more, but that orders were found.
void Verification::accepted(FamilyId id, Time now) {
    if (!plan_.reads) return;
    const Switch& its = *switches_[index(id)];
    Family& family = families_[index(id)];
    const bool same = family.trip == its.trip;
    const std::uint32_t found = same ? family.reads.found : 0;
    const bool asked = family.asked;
    std::vector<OrderRef> rest = std::move(family.rest);
    rest.clear();
    family = {};
    family.rest = std::move(rest);
    family.reads.found = found;
    family.trip = its.trip;
    family.next = now + verify_after;
    family.asked = asked;
    family.outdated = asked;
    reading_[index(plan_.families[index(id)].account)].insert(id);
    next_ = std::min(next_, family.next);
}

// Once a person arms it, or another trip has it cancelled, there is nothing to be read for now.
bool Verification::is_wanted(FamilyId id) const {
    const SwitchState state = state_of(*switches_[index(id)]);
    return state == SwitchState::accepted ||
           (state == SwitchState::verified && families_[index(id)].counts_rest);
}

// ---- What is asked ------------------------------------------------------------------------------

void Verification::begin_due(Time now, Step& step) {
    if (next_ > now) return;
    next_ = never;
    for (FamilySet& of_account : reading_) {
        of_account.for_each([&](FamilyId id) {
            const Family& family = families_[index(id)];
            if (family.asked) return;
            if (!is_wanted(id)) return of_account.erase(id);
            if (family.next <= now) begin(id, now, step);
            if (!family.asked) next_ = std::min(next_, family.next);
        });
    }
}

void Verification::begin(FamilyId id, Time now, Step& step) {
    Family& family = families_[index(id)];
    const AccountId account = plan_.families[index(id)].account;
    const PrivateRequest what = next_call(family);
    const LinkId link = link_for(id, now);
    if (link == none<LinkId>() || calls_.next_take(account, what, now) > now) return;
    family.asked = true;
    family.outdated = false;
    calls_.begin(
        {.what = what, .account = account, .family = id, .link = link, .after = family.after}, now,
        step);
}

PrivateRequest Verification::next_call(const Family& family) const {
    if (!family.counts_rest) return PrivateRequest::mmp_orders;
    return family.rest.empty() ? PrivateRequest::all_orders : PrivateRequest::cancel_orders;
}

// The second of two reads that show nothing takes another way than the first.
LinkId Verification::link_for(FamilyId id, Time now) const {
    const Family& family = families_[index(id)];
    const AccountId account = plan_.families[index(id)].account;
    const bool is_second = family.reads.empty == 1 || family.rest_empty == 1;
    const bool other = is_second && links_.of(account).size() > 1;
    return calls_.link_for(account, now, other ? family.first : none<LinkId>());
}

// ---- What is told -------------------------------------------------------------------------------

// It began before a newer cancel was accepted, or nobody asks any more: then it is of no use.
bool Verification::take_back(FamilyId id, Time now) {
    Family& family = families_[index(id)];
    family.asked = false;
    next_ = std::min(next_, std::max(now, family.next));
    return !family.outdated && is_wanted(id);
}

void Verification::told(LinkId link, const Told<OrdersPage>& told, Time now, Step& step) {
    const Call& call = links_[link].call();
    const FamilyId id = call.family;
    Family& family = families_[index(id)];
    if (!take_back(id, now)) return;
    const bool mmp_alone = call.what == PrivateRequest::mmp_orders;
    if (!told.facts || (mmp_alone && told.facts->others > 0 && told.facts->mmp == 0))
        return failed(id, link, told.answer, now, step);
    family.reads.failed = 0;
    const OrdersPage& page = *told.facts;
    if (mmp_alone || page.mmp > 0) {
        step.events.push_back({.kind = EventKind::orders_read,
                               .at = now,
                               .trip = family.trip,
                               .family = id,
                               .link = link,
                               .value = static_cast<double>(page.mmp)});
    }
    if (page.mmp > 0) return found(id, now);
    if (mmp_alone) return empty(id, link, now, step);
    count_rest(id, link, page, now, step);
}

void Verification::no_answer(LinkId link, Time now, Step& step) {
    const FamilyId id = links_[link].call().family;
    families_[index(id)].rest.clear();
    if (take_back(id, now)) failed(id, link, {AnswerClass::ambiguous, 0, no_code}, now, step);
}

// Told once of several in a row.
void Verification::failed(FamilyId id, LinkId link, const Answer& answer, Time now, Step& step) {
    Family& family = families_[index(id)];
    family.next = now + cancels_.growing_pause(family.reads.failed);
    next_ = std::min(next_, family.next);
    if (family.reads.failed++ > 0) return;
    step.events.push_back({.kind = EventKind::read_failed,
                           .at = now,
                           .trip = family.trip,
                           .family = id,
                           .link = link,
                           .answer = answer});
}

void Verification::empty(FamilyId id, LinkId link, Time now, Step& step) {
    Family& family = families_[index(id)];
    if (++family.reads.empty == 1) {
        family.first = link;
        family.next = now + verify_gap;
        next_ = std::min(next_, family.next);
        return;
    }
    switches_[index(id)].verify();
    step.events.push_back(
        {.kind = EventKind::verified, .at = now, .trip = family.trip, .family = id});
    family.counts_rest = true;
    family.next = now;
    next_ = now;
}

// Orders that rest are cancelled again: at once, and with growing pauses where that goes on.
void Verification::found(FamilyId id, Time now) {
    Family& family = families_[index(id)];
    const Duration pause =
        family.reads.found == 0 ? Duration{} : cancels_.growing_pause(family.reads.found - 1);
    ++family.reads.found;
    family.reads.empty = 0;
    switches_[index(id)].cancel_again(now + pause);
    cancels_.queue(id);
}

void Verification::count_rest(FamilyId id, LinkId link, const OrdersPage& page, Time now,
                              Step& step) {
    Family& family = families_[index(id)];
    if (plan_.families[index(id)].cancel_rest) return cancel_rest(id, link, page, now, step);
    family.reads.rest += page.others;
    const bool more = page.full && ++family.pages < rest_pages_max &&
                      (family.after == 0 || page.last < family.after);
    if (more) {
        family.after = page.last;
        family.next = now;
        next_ = now;
        return;
    }
    end_count(id, now, step);
}

// A page at a time, which is as much as one call cancels.
void Verification::cancel_rest(FamilyId id, LinkId link, const OrdersPage& page, Time now,
                               Step& step) {
    Family& family = families_[index(id)];
    family.rest.assign(page.to_cancel().begin(), page.to_cancel().end());
    family.rest_empty = family.rest.empty() ? family.rest_empty + 1 : 0;
    if (family.rest_empty == 2) return end_count(id, now, step);
    family.first = link;
    family.next = family.rest.empty() ? now + verify_gap : now;
    next_ = std::min(next_, family.next);
}

// What OKX took to be cancelled may rest for moments; what it refused is tried again with pauses.
void Verification::told(LinkId link, const Told<BatchFacts>& told, Time now, Step& step) {
    const FamilyId id = links_[link].call().family;
    Family& family = families_[index(id)];
    family.rest.clear();
    if (!take_back(id, now)) return;
    const std::uint32_t taken = told.facts ? told.facts->accepted : 0;
    family.reads.rest_cancelled += taken;
    const bool failed = !told.facts || told.facts->refused > 0;
    const Duration pause = failed ? cancels_.growing_pause(family.rest_refused) : verify_gap;
    family.rest_refused = failed ? family.rest_refused + 1 : 0;
    family.next = now + std::max<Duration>(pause, verify_gap);
    next_ = std::min(next_, family.next);
    step.events.push_back({.kind = EventKind::rest_cancelled,
                           .at = now,
                           .trip = family.trip,
                           .family = id,
                           .link = link,
                           .value = static_cast<double>(taken),
                           .answer = told.answer});
}

void Verification::end_count(FamilyId id, Time now, Step& step) {
    Family& family = families_[index(id)];
    family.reads.rest_known = true;
    family.counts_rest = false;
    family.next = never;
    if (family.reads.rest == 0) return;
    step.events.push_back({.kind = EventKind::orders_rest,
                           .at = now,
                           .trip = family.trip,
                           .family = id,
                           .value = static_cast<double>(family.reads.rest)});
}

// ---- What takes long ----------------------------------------------------------------------------

// Of those that are latched and not verified; a family that is held was not cancelled at all, which
// is told apart.
FamilyId Verification::first_overdue(AccountId account, Time now, Time& next) const {
    FamilyId found = none<FamilyId>();
    const auto look = [&](FamilyId id) {
        const Switch& its = *switches_[index(id)];
        if (!its.latched || its.verified || its.release != Release::none) return;
        const Time at = its.tripped_at + plan_.timings.unverified_after;
        if (at > now) {
            next = std::min(next, at);
        } else if (found == none<FamilyId>()) {
            found = id;
        }
    };
    cancels_.unfinished(account).for_each(look);
    reading_[index(account)].for_each(look);
    return found;
}

void Verification::look_at_age(Time now, Step& step) {
    overdue_at_ = never;
    if (!plan_.reads) return;
    for (std::size_t a = 0; a < reading_.size(); ++a) {
        const auto id = id_at<AccountId>(a);
        const FamilyId overdue = first_overdue(id, now, overdue_at_);
        accounts_.set(id, Alarm::unverified, overdue != none<FamilyId>(), now, step, {}, overdue);
    }
}

Time Verification::next_deadline(Time now) const {
    Time next = overdue_at_;
    for (std::size_t a = 0; a < reading_.size(); ++a) {
        reading_[a].for_each([&](FamilyId id) {
            const Family& family = families_[index(id)];
            if (family.asked || family.next == never) return;
            const auto account = id_at<AccountId>(a);
            // What is due already and finds no link follows when one is idle.
            const Time at =
                std::max(family.next, calls_.next_take(account, next_call(family), now));
            if (at > now) next = std::min(next, at);
        });
    }
    return next;
}

}  // namespace scram
