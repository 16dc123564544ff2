// The start and the end of scramd on its host. What a restart must know is worked out here from
// what the world had seen, not from the journal.
#include <fmt/format.h>

#include <algorithm>

#include "tests/sim/violation.h"
#include "tests/sim/world.h"

namespace scram::sim {

void World::boot() {
    trace_.say(now_, "scramd starts");
    booted_at_ = now_;
    if (lives_++ == 0) trace_plan();
    engine_ = std::make_unique<Engine>(plan_);
    const bool knows = !left_state_.empty();
    if (!knows) oracle_ = std::make_unique<Oracle>(plan_, seen_);
    WallMillis local = exchange_.wall(now_);
    const int wrong = mishaps_.between(-120, 120);
    if (scenario_.faults.has(Fault::wrong_clock)) local.value += wrong * 1000;
    clock_ = std::make_unique<ExchangeClock>(now_, local);
    clock_sampled_ = Time{};
    for (WallMillis& at : signed_) at = clock_->at(now_);
    const bool may_be_damaged = healed_at_ == never && scenario_.faults.has(Fault::damage);
    const Folded& folded = host_.read(may_be_damaged && lives_ > 1);
    const Restored before = restored(folded, plan_, plan_.after_crash);
    host_.start(plan_, before, clock_->at(now_), now_);
    trace_.say(now_, "the journal is {} {}, {} families are latched", name(folded.health),
               folded.fault, before.latched.size());
    if (lives_ > 1) check_restored(folded, before);
    books_.restore(before, plan_, now_);
    const Recalled recalled = engine_->recall(left_state_, BootNumber{1}, clock_->at(now_), now_);
    must(recalled.fault.empty(), 5, "what was known is not read again");
    if (recalled.values > 0) seen_.note(Seen::values_recalled);
    std::vector<bool> armed(plan_.families.size(), true);
    for (const Restored::Family& family : before.latched) armed[index(family.family)] = false;
    if (knows) oracle_->restart(armed, now_);
    booting_ = true;
    step(Input::start, [&] { engine_->on_restored(before, now_, step_); });
    booting_ = false;
    for (std::size_t l = 0; l < wires_.size(); ++l) connect(id_at<LinkId>(l));
}

// ---- The end ------------------------------------------------------------------------------------

void World::crash(bool of_machine) {
    trace_.say(now_, "scramd ends: {} (step {})", of_machine ? "the machine does" : "killed",
               crash_at_ ? static_cast<int>(*crash_at_) : -1);
    if (crash_at_) tell_oracle();  // the engine had made it known to itself
    note_crash();
    work_out_what_must_survive(of_machine);
    if (of_machine) {
        // Not simulated: an exchange that stands still over a reboot, which takes longer than here.
        for (Request& request : requests_) {
            if (request.buffered && !request.arrived) request.arrives_at = never;
        }
        stands_until_ = std::min(stands_until_, now_);
        host_.end_machine();
    } else {
        host_.end_process();
    }
    await_sweeps();
    // Sometimes nobody starts it again for long.
    const bool is_long = any_dead_man() && timers_.one_in(3);
    end_life(is_long      ? 10s + timers_.up_to(45s)
             : of_machine ? 4s + mishaps_.up_to(6s)
                          : 1ms + mishaps_.up_to(mishaps_.one_in(2) ? 50ms : 3s));
}

// A peaceful end, and a start after it.
void World::restart_in_peace() {
    trace_.say(now_, "scramd is restarted");
    crash_at_.reset();
    seen_.note(Seen::clean_restart);
    work_out_what_must_survive(false);
    ended_in_peace_ = true;
    host_.stop(clock_->at(now_), now_);
    host_.end_process();
    end_life(1ms + mishaps_.up_to(500ms));
}

void World::end_life(Duration pause) {
    for (std::size_t l = 0; l < wires_.size(); ++l) {
        drop_under_way(id_at<LinkId>(l));
        const std::uint32_t connection = wires_[l].connection + 1;
        wires_[l] = Wire{};
        wires_[l].connection = connection;
    }
    for (Maker& maker : makers_) maker.attached = false;
    // What the engine knew is in shared memory.
    const auto state = engine_->state().bytes();
    left_state_.assign(state.begin(), ended_with_machine_ ? state.begin() : state.end());
    engine_.reset();
    rearm_.reset();
    pulled_.reset();
    read_.reset();
    crash_at_.reset();
    done_.clear();
    told_ = 0;
    deciding_ = false;
    ended_at_ = now_;
    dead_men_.assign(dead_men_.size(), {});
    plan(now_ + pause, What::boot);
}

void World::note_crash() {
    if (!crash_at_) return seen_.note(Seen::crash_between_steps);
    if (booting_) seen_.note(Seen::crash_in_restart);
    booting_ = false;
    if (*crash_at_ == 0) return seen_.note(Seen::crash_before_board);
    const std::size_t next = *crash_at_ - 1;
    if (next >= step_.actions.size())
        return seen_.note(deciding_ ? Seen::crash_between_halves : Seen::crash_before_journal);
    if (step_.actions[next].kind == ActionKind::close_gate) seen_.note(Seen::crash_before_gate);
    if (step_.actions[next].kind == ActionKind::fire) seen_.note(Seen::crash_before_fire);
    if (next > 0 && step_.actions[next - 1].kind == ActionKind::fire)
        seen_.note(Seen::crash_after_fire);
}

// A family that was latched before the step and after it must be latched again; one that the step
// latched, if its board was written before its gate closed. What the step let go may be either.
void World::work_out_what_must_survive(bool of_machine) {
    const Books& before = crash_at_ ? *books_before_ : books_;
    const bool on_board = crash_at_ && *crash_at_ > 0;
    ended_in_peace_ = false;
    ended_with_machine_ = of_machine;
    survivors_.assign(plan_.families.size(), {});
    for (std::size_t f = 0; f < survivors_.size(); ++f) {
        const FamilyBook& was = before.families()[f];
        const FamilyBook& is = books_.families()[f];
        const auto tells_board = [&](const Action& action) {
            const bool told =
                action.kind == ActionKind::close_gate || action.kind == ActionKind::fire;
            return told && index(action.family) == f;
        };
        const bool written =
            std::any_of(done_.begin(), done_.end(), tells_board) ||
            (on_board && std::any_of(step_.actions.begin(), step_.actions.end(), tells_board));
        const auto latched = [](const FamilyBook& book) { return book.latched && !book.releasing; };
        Survivor& its = survivors_[f];
        its.latched = latched(is) && (latched(was) || written);
        its.owed = is.owed && (was.owed || written);
        its.accepted =
            was.accepted || is.accepted || of_machine;  // its disk may know of a moment between
        its.nothing = !was.latched && !is.latched && !was.owed && !is.owed;
        // Without shared memory what counts is what had been synced.
        const bool same = durable_[f].demand == is.demand;
        its.latched_on_disk = its.latched && same && durable_[f].latched;
        its.owed_on_disk = its.owed && same && durable_[f].owed;
    }
    // With the board goes the count of what was sent and not synced.
    if (of_machine) counted_from_ = requests_.size();
    last_sent_ = AttemptId{};
    for (std::size_t r = counted_from_; r < requests_.size(); ++r)
        last_sent_ = std::max(last_sent_, requests_[r].attempt);
}

// ---- What the next life was told ----------------------------------------------------------------

void World::check_restored(const Folded& folded, const Restored& before) {
    const Damage damage = host_.damage();
    const bool no_board = ended_with_machine_ || damage >= Damage::board_lost;
    const bool no_file = damage > Damage::none && damage < Damage::board_lost;
    // Of what neither tells nobody can know; where that is noticed, all must be latched.
    const bool nothing_left = no_board && no_file;
    const bool all = plan_.after_crash != AfterCrash::armed && !ended_in_peace_;
    for (std::size_t f = 0; f < plan_.families.size(); ++f) {
        const auto its =
            std::find_if(before.latched.begin(), before.latched.end(),
                         [&](const Restored::Family& family) { return index(family.family) == f; });
        const bool latched = its != before.latched.end();
        const Survivor& was = survivors_[f];
        const bool must_latch = no_board ? was.latched_on_disk : was.latched;
        const bool must_owe = no_board ? was.owed_on_disk : was.owed;
        const bool sure = (must_latch || must_owe) && !nothing_left;
        if (!latched && (sure || all || folded.in_doubt()))
            throw Violation(5,
                            fmt::format("family {} was latched, and is armed after a restart", f));
        if (latched && must_owe && !nothing_left && !its->unfinished)
            throw Violation(5, fmt::format("family {}'s cancel does not go on after a restart", f));
        const bool known = was.accepted || ever_damaged_ || damage != Damage::none;
        if (latched && its->accepted && !known)
            throw Violation(
                10, fmt::format("family {} is restored as accepted, and no answer said so", f));
        if (latched && !its->unfinished && !its->accepted) seen_.note(Seen::restored_held);
        const bool as_was = !folded.in_doubt() && !host_.lost_records() && damage == Damage::none &&
                            (ended_in_peace_ || (!all && !ended_with_machine_));
        must(!latched || !was.nothing || !as_was, 5, "a family is latched without a cause");
        if (latched)
            seen_.note(its->unfinished ? Seen::restored_unfinished : Seen::restored_latched);
        if (latched && folded.in_doubt()) seen_.note(Seen::restored_in_doubt);
    }
    ever_damaged_ = ever_damaged_ || damage != Damage::none;
    must(!folded.in_doubt() || ever_damaged_, 5, "a journal is doubted that nobody touched");
    if (damage != Damage::none) counted_from_ = requests_.size();
    constexpr Seen policies[] = {Seen::restored_policy_latched, Seen::restored_policy_fire,
                                 Seen::restored_policy_armed};
    if (!ended_in_peace_) seen_.note(policies[static_cast<std::size_t>(plan_.after_crash)]);
    if (damage == Damage::none)
        must(before.last_attempt >= last_sent_, 5, "an attempt's number is used again");
    for (const Budget::Image& image : before.budgets) {
        if (std::find(image.begin(), image.end(), never) != image.end())
            seen_.note(Seen::restored_budget_in_flight);
    }
}

}  // namespace scram::sim
