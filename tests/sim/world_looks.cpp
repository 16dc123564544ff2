// Operators who ask how many orders rest: no cancel and no read that verifies pays for it, a trip
// ends it, and what is told is what the exchange has shown since.
#include "tests/sim/violation.h"
#include "tests/sim/world.h"

namespace scram::sim {

// Some ask again and again, of families that are looked at, latched or being cancelled too.
void World::look() {
    const bool often = lookers_.one_in(2);
    plan(now_ + lookers_.up_to(often ? 200ms : scenario_.operator_pace * 2), What::look);
    std::vector<FamilyId> families;
    for (std::size_t f = 0; f < plan_.families.size(); ++f) {
        if (lookers_.one_in(2)) families.push_back(id_at<FamilyId>(f));
    }
    if (left_out() || !engine_ || healed_at_ != never) return;
    trace_.say(now_, "an operator looks at {} families", families.size());
    for (const FamilyId id : families) {
        if (!is_under_way(engine_->look(id))) looked_[index(id)] = now_;
    }
    step(Input::hand, [&] { engine_->on_look(families, now_, step_); });
}

// As the books know of cancels and of what verifies them.
void World::check_look_begins(const Call& its) const {
    must(plan_.accounts[index(its.account)].links > 1, 3, "a look takes the one link");
    for (std::size_t f = 0; f < plan_.families.size(); ++f) {
        const FamilyBook& book = books_.families()[f];
        if (plan_.families[f].account != its.account) continue;
        must(!book.owed && !is_to_be_verified(book), 3,
             "a look begins while something of its account is cancelled or verified");
    }
}

void World::check_looks() const {
    // A late loop, and a deadline that it comes late to.
    const Duration longest =
        look_patience + std::max<Duration>(plan_.timings.answer_timeout, 1s) + 100ms;
    for (std::size_t f = 0; f < plan_.families.size(); ++f) {
        const OrdersLook& look = engine_->look(id_at<FamilyId>(f));
        if (!is_under_way(look)) continue;
        must(now_ <= looked_[f] + longest, 2, "a look does not end");
        must(look.trip == engine_->family(id_at<FamilyId>(f)).trip, 3, "a look outlives a trip");
    }
    for (const Event& event : step_.events) {
        if (event.kind == EventKind::orders_told) check_told(event);
    }
}

void World::check_told(const Event& event) const {
    const OrdersLook& look = engine_->look(event.family);
    const Request* read = read_ ? &requests_[*read_] : nullptr;
    const bool is_its = read != nullptr && read->call.look && read->call.family == event.family;
    seen_.note(look.state == LookState::told      ? Seen::look_told
               : look.state == LookState::tripped ? Seen::look_ended_by_trip
               : look.state == LookState::no_link ? Seen::look_without_link
                                                  : Seen::look_failed);
    if (look.state != LookState::told) return;
    must(is_its && read->sent >= looked_[index(event.family)], 13,
         "orders are told to an operator that nobody has read since");
    must(read->shown.has_facts && look.orders == read->shown.page.mmp &&
             look.more == read->shown.page.full,
         13, "other orders are told to an operator than the exchange has shown");
}

}  // namespace scram::sim
