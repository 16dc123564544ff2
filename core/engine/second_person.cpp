#include "core/engine/second_person.h"

#include <algorithm>

namespace scram {

SecondPerson::SecondPerson(const Plan& plan, const std::vector<KillSwitch>& switches)
    : plan_(plan), switches_(switches), wishes_(plan.families.size()) {}

bool SecondPerson::is_void(FamilyId id) const {
    return switches_[index(id)]->wanted_by != wishes_[index(id)].trip;
}

SecondPerson::Says SecondPerson::ask(FamilyId id, const OperatorNote& note, bool force,
                                     bool by_force, Time now) {
    const AccountSpec& account = plan_.accounts[index(plan_.families[index(id)].account)];
    if (account.rearm.persons < 2) return Says::arm;
    RearmWish& wish = wishes_[index(id)];
    const bool stands = wish.stands && !is_void(id) && now < wish.until;
    if (stands && wish.uid == note.uid) return Says::same_person;
    standing_ -= wish.stands ? 1 : 0;
    // One who did not ask for force has not agreed to it.
    if (stands && (wish.force || !by_force)) {
        wish = {};
        return Says::arm;
    }
    wish = {.stands = true,
            .force = force,
            .uid = note.uid,
            .by = FixedText<32>(note.by),
            .trip = switches_[index(id)]->wanted_by,
            .until = now + account.rearm.within};
    ++standing_;
    return Says::wait;
}

void SecondPerson::look_at_age(Time now, Step& step) {
    if (standing_ == 0) return;
    for (std::size_t f = 0; f < wishes_.size(); ++f) {
        const auto id = id_at<FamilyId>(f);
        RearmWish& wish = wishes_[f];
        if (!wish.stands || (!is_void(id) && now < wish.until)) continue;
        step.events.push_back({.kind = EventKind::rearm_lapsed,
                               .at = now,
                               .trip = wish.trip,
                               .family = id,
                               .by = wish.by,
                               .text = FixedText<160>(is_void(id) ? "another trip latched it"
                                                                  : "no second person in time")});
        wish = {};
        --standing_;
    }
}

Time SecondPerson::next_deadline() const {
    Time next = never;
    if (standing_ == 0) return next;
    for (const RearmWish& wish : wishes_) {
        if (wish.stands) next = std::min(next, wish.until);
    }
    return next;
}

}  // namespace scram
