#include "tests/sim/world.h"

#include <algorithm>

#include "tests/sim/violation.h"

namespace scram::sim {

World::World(std::uint64_t seed, const Cut& cut, bool keep_trace, Coverage& seen)
    : seed_(seed),
      cut_(cut),
      seen_(seen),
      trace_(keep_trace),
      scenario_(make_scenario(seed, cut.faults)),
      plan_(scenario_.plan),
      people_(seed, 3),
      network_(seed, 4),
      mishaps_(seed, 5),
      timers_(seed, 6),
      lookers_(seed, 12),
      exchange_(scenario_, seed, seen),
      books_(plan_, seen),
      host_(plan_, seed, seen),
      step_(plan_),
      makers_(plan_.sources.size()),
      signed_(plan_.families.size()),
      fires_(plan_.accounts.size()),
      held_until_(plan_.accounts.size()),
      durable_(plan_.families.size()),
      read_again_(plan_.families.size()),
      looked_(plan_.families.size()),
      rest_again_(plan_.families.size()),
      held_up_(plan_.accounts.size()),
      dead_men_(plan_.accounts.size()) {
    std::size_t links = 0;
    for (const AccountSpec& account : plan_.accounts) links += account.links;
    wires_.resize(links);
    closings_.resize(plan_.accounts.size());
}

// ---- Time ---------------------------------------------------------------------------------------

Outcome World::run() {
    Outcome outcome;
    try {
        boot();
        for (std::size_t s = 0; s < makers_.size(); ++s)
            plan(now_ + people_.up_to(200ms), What::maker, static_cast<std::uint32_t>(s));
        plan(now_ + people_.up_to(scenario_.operator_pace), What::operate);
        plan(now_ + mishaps_.up_to(scenario_.mishap_pace), What::mishap);
        plan(now_ + 1s, What::refresh);
        if (any_dead_man()) {
            plan(now_, What::readiness);
            plan(now_ + timers_.up_to(4s), What::timer_mishap);
        }
        if (scenario_.faults.has(Fault::operators) && lookers_.one_in(3))
            plan(now_ + lookers_.up_to(scenario_.operator_pace), What::look);
        while (may_go_on()) {
            go_on();
            check_healing();
        }
        seen_.note(Seen::healed);
    } catch (const Violation& violation) {
        outcome.failed = true;
        outcome.invariant = violation.invariant();
        outcome.seen = violation.what();
    }
    outcome.at = now_;
    outcome.trips = books_.trips();
    outcome.inputs = inputs_;
    outcome.hash = trace_.hash();
    outcome.doings = doings_;
    outcome.trace = trace_.lines();
    return outcome;
}

bool World::may_go_on() const {
    if (healed_at_ == never) return true;
    return !settled() || now_ < healed_at_ + 1s;
}

bool World::settled() const {
    if (engine_ == nullptr) return false;
    for (std::size_t f = 0; f < plan_.families.size(); ++f) {
        const FamilyBook& book = books_.families()[f];
        if (book.owed || book.lock_owed || book.releasing || is_to_be_verified(book)) return false;
        if (is_rest_to_be_cancelled(id_at<FamilyId>(f))) return false;
    }
    return true;
}

// The next thing that happens; the engine's own deadline is one of them, and comes first.
void World::go_on() {
    const Time next = queue_.top().at;
    const Time wanted =
        engine_ == nullptr ? never : std::max({engine_->next_deadline(), late_until_, now_});
    const Time heal_at = world_start + scenario_.horizon;
    if (healed_at_ == never && std::min(next, wanted) >= heal_at) {
        now_ = heal_at;
        return heal();
    }
    try {
        if (wanted <= next) {
            now_ = wanted;
            return serve_deadline();
        }
        const Happening happening = queue_.top();
        queue_.pop();
        now_ = happening.at;
        happen(happening);
    } catch (const Crash& end) {
        crash(end.of_machine);
    }
}

void World::plan(Time at, What what, std::uint32_t a, std::uint32_t b) {
    queue_.push({at, ++order_, what, a, b});
}

void World::happen(const Happening& it) {
    const auto link = static_cast<LinkId>(it.a);
    const auto is_current = [&] { return wires_[it.a].connection == it.b; };
    switch (it.what) {
        case What::link_up:
            return is_current() ? link_up(link) : void();
        case What::link_lost:
            return is_current() ? lose(link) : void();
        case What::link_told:
            return is_current() ? tell_lost(link) : void();
        case What::arrival:
            return arrive(it.a);
        case What::answer:
            return answer(it.a);
        case What::maker:
            return maker_does(static_cast<SourceId>(it.a));
        case What::quote:
            if (books_.family(static_cast<FamilyId>(it.a)).gate_closed)
                seen_.note(Seen::quote_after_gate_closed);
            exchange_.quote(static_cast<FamilyId>(it.a), now_);
            return;
        case What::not_called:
            return not_called(it.a);
        case What::operate:
            return operate();
        case What::look:
            return look();
        case What::mishap:
            return mishap();
        case What::pull:
            return engine_ && healed_at_ == never ? pull() : void();
        case What::close_all:
            return close_all(static_cast<AccountId>(it.a));
        case What::refresh:
            for (WallMillis& at : signed_) at = clock_ ? clock_->at(now_) : at;
            plan(now_ +
                     (strikes(Fault::late_loop, 6, mishaps_) ? mishaps_.up_to(40s) : Duration{1s}),
                 What::refresh);
            return;
        case What::boot:
            return boot();
        case What::readiness:
        case What::timer_mishap:
        case What::timer:
        case What::stopping:
        case What::swept:
            return happen_to_timer(it);
    }
}

void World::serve_deadline() {
    const Time wanted = engine_->next_deadline();
    if (wanted == now_ && strikes(Fault::late_loop, 40, mishaps_)) {
        late_until_ = now_ + mishaps_.up_to(30ms);
        return;
    }
    step(Input::time, [&] { engine_->on_time(now_, step_); });
    must(engine_->next_deadline() > now_, 0, "the engine wants to be called again at once");
}

// The last fault ends here. What was owed must be accepted within the bound.
void World::heal() {
    healed_at_ = now_;
    trace_.say(now_, "---- all is well from here on");
    exchange_.all_is_well(now_);
    for (std::size_t a = 0; a < plan_.accounts.size(); ++a)
        healing_.push_back(bound_of_healing(id_at<AccountId>(a)));
    for (std::size_t l = 0; l < wires_.size(); ++l) {
        if (!wires_[l].up) connect(id_at<LinkId>(l));
    }
}

// How long all may take once the last fault has ended, for one account.
//   - what was sent before is answered or given up within answer_timeout; a connect that stalls
//     before it is retried takes 3 s, and as long again for the longest ways: 6 s
//   - a foreign client's requests count for up to two windows of the exchange: 4 s
//   - the longest pause that an answer before can have caused
//   - the slots that were taken come back: answer_timeout + window + guard
//   - then as many waves as there are claims for the slots that a repeat may take (all but the
//     reserve, of those that work). Each family can claim four: its cancel and its unlocking, each
//     once more if the exchange's clock stepped just before; a stale rule may trip it once more,
//     which doubles that; and reads may show orders that were still on their way, twice. A wave
//     takes a window and the rounds of check_bound().
Duration World::bound_of_healing(AccountId id) const {
    const AccountSpec& account = plan_.accounts[index(id)];
    const Timings& timings = plan_.timings;
    const Duration round_trip = 2 * scenario_.way + answer_max;
    const std::size_t working = engine_ ? engine_->budget(id).working_slots(now_) : 1;
    const std::size_t slots = working - std::min<std::size_t>(working - 1, account.budget.reserve);
    const auto families = static_cast<std::size_t>(
        std::count_if(plan_.families.begin(), plan_.families.end(),
                      [id](const FamilySpec& family) { return family.account == id; }));
    const auto waves = static_cast<std::int64_t>(10 * families / slots + 1);
    const auto rounds = static_cast<std::int64_t>((slots + account.links - 1) / account.links + 1);
    const Duration pause =
        std::max({timings.retry_refused, timings.retry_max, account.budget.window});
    return 10s + pause + timings.answer_timeout + account.budget.window + account.budget.guard +
           waves * (account.budget.window + rounds * round_trip + timings.retry_max);
}

// To be verified takes two reads more, each after a pause for one that failed, once slots of their
// limit are back and links idle.
void World::check_healing() const {
    if (healed_at_ == never || engine_ == nullptr) return;
    const Time well_since = std::max(healed_at_, booted_at_);
    for (std::size_t f = 0; f < plan_.families.size(); ++f) {
        const FamilyBook& book = books_.families()[f];
        if (is_to_be_verified(book) && !book.owed && !book.lock_owed) {
            const Duration more = 20s + 2 * plan_.timings.retry_max;
            must(now_ <= std::max(book.accepted_at, well_since) +
                             healing_[index(plan_.families[f].account)] + more,
                 13, "all is well again, and a family is not verified for longer than the bound");
        }
        if (is_rest_to_be_cancelled(id_at<FamilyId>(f)))
            must(now_ <= std::max(book.empty_reads.back().told, well_since) +
                             healing_[index(plan_.families[f].account)] + 20s,
                 14, "all is well again, and other orders rest for longer than the bound");
        if (!book.owed && !book.lock_owed && !book.releasing) continue;
        const Time since = book.owed ? std::max(book.owed_since, well_since) : well_since;
        must(now_ <= since + healing_[index(plan_.families[f].account)], 3,
             "all is well again, and a cancel is owed for longer than the bound");
    }
}

bool World::strikes(Fault fault, std::size_t one_in, Dice& dice) {
    const bool hit = dice.one_in(one_in);
    return hit && healed_at_ == never && scenario_.faults.has(fault);
}

// Numbers what makers, operators and mishaps do, so that a replay can leave single ones out.
bool World::left_out() {
    const std::uint32_t doing = doings_++;
    return std::any_of(cut_.doings.begin(), cut_.doings.end(), [doing](const Cut::Doings& cut) {
        return doing >= cut.first && doing < cut.end;
    });
}

}  // namespace scram::sim
