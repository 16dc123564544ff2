// Arming again: an operator's wish, and the gate that opens by it.
#include <algorithm>

#include "tests/sim/books.h"
#include "tests/sim/contains.h"
#include "tests/sim/violation.h"

namespace scram::sim {

void Books::read_rearm(const Event& event, const Context& context) {
    must(context.rearm != nullptr, 8, "armed again, and nobody asked");
    FamilyBook& book = family(event.family);
    must(contains(context.rearm->families, event.family) && book.latched && !book.releasing, 8,
         "armed again what was not asked for, or not latched");
    const bool holds = context.oracle.holds(event.family);
    const bool unknown = context.oracle.unknown(event.family);
    const auto& named = context.rearm->trips;
    const bool other = std::find(named.begin(), named.end(), book.wanted_by) == named.end();
    const bool breached = breaches_now(event.family, context);
    if (event.kind == EventKind::rearm_refused) {
        must(other || breached || ((holds || unknown) && !context.rearm->force), 8,
             "re-arming was refused without a cause");
        seen_->note(other ? Seen::rearm_refused_trip : Seen::rearm_refused_rule);
        return;
    }
    must(!other, 8, "re-armed for another trip than the operator named");
    must(!breached, 8, "re-armed over a breach that nobody can have looked at");
    must(!holds || context.rearm->force, 8, "re-armed while a rule holds");
    must(!unknown || context.rearm->force, 8,
         "re-armed though it is unknown what a rule would say");
    seen_->note(Seen::rearmed);
    const bool held = !book.owed && !book.accepted;
    must(held == (event.cancel == Cancel::held), 10,
         "armed again, and it is not told right whether anything was cancelled");
    if (held) seen_->note(Seen::rearmed_while_held);
    if (holds) seen_->note(Seen::rearm_forced_over_rule);
    if (book.owed) seen_->note(Seen::rearm_unfinished);
    book.lock_told = 0ms;
    book.releasing = true;
    book.shown_ids.clear();
    book.by_force = context.rearm->force;
}

// Whether the input that arms brings a breach to light itself.
bool Books::breaches_now(FamilyId family, const Context& context) {
    const auto& foretold = context.oracle.foretold();
    return std::any_of(foretold.begin(), foretold.end(), [&](const Foretold& told) {
        return told.kind == BreachKind::trip &&
               contains(context.oracle.kills(told.rule, told.family, told.source), family);
    });
}

void Books::judge_refusals(const Step& step, const Context& context) const {
    for (const FamilyId id : context.rearm->families) {
        const bool told = std::any_of(step.events.begin(), step.events.end(), [&](const Event& e) {
            const bool of_rearm =
                e.kind == EventKind::rearmed || e.kind == EventKind::rearm_refused;
            return of_rearm && e.family == id;
        });
        must(told || !family(id).latched || family(id).releasing, 8,
             "an operator's wish to arm was not answered");
    }
}

void Books::gate(FamilyId id, bool closed) {
    FamilyBook& book = family(id);
    must(book.gate_closed != closed, 4, "a gate was moved to where it stood");
    book.gate_closed = closed;
    if (closed) return;
    must(book.releasing, 8, "a gate opened, and nobody armed the family");
    book.releasing = false;
    book.latched = book.accepted = book.lock_owed = false;
    book.verified = false;
    book.accepted_at = never;
    book.armed_while_owed = book.owed;
    book.lock = book.lock_of_first = book.lock_sure = 0ms;
}

}  // namespace scram::sim
