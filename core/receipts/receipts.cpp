#include "core/receipts/receipts.h"

#include <algorithm>
#include <utility>

namespace scram {

void Receipts::on_event(const Event& event, const Stages& stages, WallMillis wall) {
    switch (event.kind) {
        case EventKind::tripped:
            return on_tripped(event, wall);
        case EventKind::restored:
            return on_restored(event, wall);
        case EventKind::latched:
            return on_latched(event);
        case EventKind::fired:
            return on_fired(event, stages);
        case EventKind::answered:
        case EventKind::attempt_lost:
            return on_settled(event, stages);
        case EventKind::accepted:
            return on_accepted(event);
        case EventKind::orders_read:
        case EventKind::read_failed:
            return on_read(event, stages);
        case EventKind::verified:
            return change_notes(event, [&](FamilyNote& note) { note.verified = event.at; });
        case EventKind::orders_rest:
            return change_notes(event, [&](FamilyNote& note) {
                note.rest_known = true;
                note.rest = static_cast<std::uint32_t>(event.value);
            });
        case EventKind::rest_cancelled:
            return change_notes(event, [&](FamilyNote& note) {
                note.rest_cancelled += static_cast<std::uint32_t>(event.value);
            });
        case EventKind::rearmed:
            return on_rearmed(event);
        case EventKind::rearm_wanted:
        case EventKind::rearm_lapsed:
            return on_wanted(event);
        case EventKind::lock_released:
            return change_notes(event, [&](FamilyNote& note) { note.lock_released = event.at; });
        case EventKind::lock_expired:
            return change_notes(event, [&](FamilyNote& note) { note.lock_expired = event.at; });
        case EventKind::mmp_told:
        case EventKind::rearm_refused:
        case EventKind::lock_unconfirmed:
        case EventKind::warned:
        case EventKind::warning_over:
        case EventKind::would_trip:
        case EventKind::alarm_raised:
        case EventKind::alarm_cleared:
        case EventKind::source_joined:
        case EventKind::source_left:
        case EventKind::source_vanished:
        case EventKind::series_restarted:
        case EventKind::link_up:
        case EventKind::link_down:
        case EventKind::rehearsal_failed:
        case EventKind::rehearsal_lost:
        case EventKind::plan_changed:
        case EventKind::dead_man_set:
        case EventKind::dead_man_failed:
        case EventKind::dead_man_expired:
        case EventKind::dead_man_off:
        case EventKind::dead_man_on:
        case EventKind::orders_told:
            return;
    }
}

// ---- Trips --------------------------------------------------------------------------------------

void Receipts::on_tripped(const Event& event, WallMillis wall) {
    if (size() > 0 && newest(0).trip == event.trip && !is_restored(newest(0)))
        return add_breach(kept_[order_.back()], event);
    Receipt& receipt = begin(event, wall);
    std::fill(listed_.begin(), listed_.end(), false);
    add_wanted(receipt);
    if (event.rule != none<RuleId>()) add_killed(receipt, event);
    if (served_by(receipt) == TripId{}) hand_on(event.trip);
    mark(receipt);
}

Receipt& Receipts::begin(const Event& cause, WallMillis wall) {
    order_.push_back(take_place());
    Receipt& receipt = kept_[order_.back()];
    receipt.trip = cause.trip;
    receipt.cause = cause;
    receipt.cause.published = believable(cause.published, cause.at);
    receipt.also.clear();
    receipt.also_left_out = 0;
    receipt.plan = plan_;
    receipt.wall = wall;
    receipt.decided = {};
    receipt.rearmed_by = {};
    receipt.rearm_reason = {};
    receipt.rearm_wanted_by = {};
    receipt.families.clear();
    receipt.attempts.clear();
    receipt.attempts_left_out = 0;
    receipt.reads.clear();
    receipt.reads_left_out = 0;
    return receipt;
}

// One more rule that the input of the newest trip breached. What it latched is listed already.
void Receipts::add_breach(Receipt& receipt, const Event& event) {
    if (receipt.also.size() < also_per_receipt_max) {
        receipt.also.push_back({.rule = event.rule,
                                .family = event.family,
                                .source = event.source,
                                .metric = event.metric,
                                .bad = event.bad,
                                .value = event.value,
                                .limit = event.limit});
    } else {
        ++receipt.also_left_out;
    }
    add_killed(receipt, event);
    mark(receipt);
}

void Receipts::add_wanted(Receipt& receipt) {
    for (std::size_t f = 0; f < listed_.size(); ++f) {
        const Switch& family = engine_.family(id_at<FamilyId>(f));
        const bool wanted = family.trip == receipt.trip || family.wanted_by == receipt.trip;
        if (wanted) add(receipt, id_at<FamilyId>(f));
    }
}

// Where several trips of one step want a family whose cancel is under way, its switch names the
// last alone.
void Receipts::add_killed(Receipt& receipt, const Event& cause) {
    const Breach breach{.rule = cause.rule, .family = cause.family, .source = cause.source};
    for (const FamilyId family : engine_.rules().kills(breach)) {
        if (!listed_[index(family)]) add(receipt, family);
    }
}

void Receipts::add(Receipt& receipt, FamilyId id) {
    listed_[index(id)] = true;
    const TripId trip = engine_.family(id).trip;
    FamilyNote note{.family = id};
    if (trip != receipt.trip) {
        note.how = FamilyNote::How::served;
        note.by = trip;
    }
    receipt.families.push_back(note);
}

// What earlier trips left open, and `trip` now cancels again.
void Receipts::hand_on(TripId trip) {
    for (Receipt& receipt : kept_) {
        if (receipt.trip == trip || is_accepted(verdict(receipt))) continue;
        for (FamilyNote& note : receipt.families) {
            const bool open = note.accepted == Time{} && note.continued_by == TripId{};
            if (!open || engine_.family(note.family).trip != trip) continue;
            note.continued_by = trip;
            mark(receipt);
        }
    }
}

void Receipts::on_restored(const Event& event, WallMillis wall) {
    Receipt* receipt = receipt_of(event.trip);
    if (receipt == nullptr) receipt = &begin(event, wall);
    FamilyNote* note = note_of(*receipt, event.family);
    if (note == nullptr) {
        add(*receipt, event.family);
        note = note_of(*receipt, event.family);
    }
    note->how = event.cancel == Cancel::held ? FamilyNote::How::held
                : is_restored(*receipt)      ? FamilyNote::How::restored
                                             : FamilyNote::How::latched;
    if (event.cancel == Cancel::accepted) note->accepted = event.at;
}

void Receipts::on_latched(const Event& event) {
    Receipt* receipt = receipt_of(event.trip);
    if (receipt == nullptr) return;
    if (FamilyNote* note = note_of(*receipt, event.family)) note->how = FamilyNote::How::latched;
}

// ---- Attempts -----------------------------------------------------------------------------------

void Receipts::on_fired(const Event& event, const Stages& stages) {
    in_flight_[index(event.link)] = {event.attempt, event.trip};
    Receipt* receipt = receipt_of(event.trip);
    FamilyNote* note = receipt == nullptr ? nullptr : note_of(*receipt, event.family);
    if (note == nullptr) return;
    if (receipt->decided == Time{}) receipt->decided = stages.decided;
    ++note->attempts;
    note->last = {.id = event.attempt,
                  .family = event.family,
                  .link = event.link,
                  .lock = event.lock,
                  .hedge = event.hedge,
                  .rearmed = note->rearmed != Time{},
                  .sent = stages.sent == Time{} ? event.at : stages.sent};
    if (receipt->attempts.size() < attempts_per_receipt_max) {
        receipt->attempts.push_back(note->last);
    } else {
        ++receipt->attempts_left_out;
    }
}

// For whom it was sent and not for whom its family is cancelled meanwhile: what is late may be of
// an earlier trip.
void Receipts::on_settled(const Event& event, const Stages& stages) {
    const InFlight was = std::exchange(in_flight_[index(event.link)], {});
    Receipt* receipt = was.attempt == event.attempt ? receipt_of(was.trip) : nullptr;
    if (receipt == nullptr) return;
    const auto settle = [&](AttemptNote& attempt) {
        if (attempt.id != event.attempt) return;
        attempt.settled = event.at;
        attempt.wire = stages.wire;
        attempt.lost = event.kind == EventKind::attempt_lost;
        attempt.late = event.late;
        attempt.answer = event.answer;
    };
    for (AttemptNote& attempt : receipt->attempts) settle(attempt);
    if (FamilyNote* note = note_of(*receipt, event.family)) settle(note->last);
    if (event.late) mark(*receipt);
}

// ---- What became of a family --------------------------------------------------------------------

void Receipts::on_accepted(const Event& event) {
    change_notes(event, [&](FamilyNote& note) {
        if (note.accepted == Time{}) note.accepted = event.at;
    });
}

void Receipts::on_read(const Event& event, const Stages& stages) {
    if (event.value > 0) {
        change_notes(event, [](FamilyNote& note) {
            note.verified = {};
            ++note.found;
        });
    }
    Receipt* receipt = receipt_of(event.trip);
    if (receipt == nullptr) return;
    if (receipt->reads.size() == reads_per_receipt_max) {
        ++receipt->reads_left_out;
        return;
    }
    receipt->reads.push_back({.family = event.family,
                              .link = event.link,
                              .sent = stages.sent,
                              .settled = event.at,
                              .failed = event.kind == EventKind::read_failed,
                              .orders = static_cast<std::uint32_t>(event.value),
                              .answer = event.answer});
    mark(*receipt);
}

void Receipts::on_rearmed(const Event& event) {
    change_notes(event, [&](FamilyNote& note) { note.rearmed = event.at; });
    Receipt* receipt = receipt_of(event.trip);
    if (receipt == nullptr) return;
    receipt->rearmed_by = event.by;
    receipt->rearm_reason = event.text;
}

// By the trip that the family is cancelled for, as it is armed.
void Receipts::on_wanted(const Event& event) {
    Receipt* receipt = receipt_of(engine_.family(event.family).trip);
    if (receipt == nullptr) return;
    receipt->rearm_wanted_by = event.kind == EventKind::rearm_wanted ? event.by : FixedText<32>{};
    mark(*receipt);
}

// Of the trip that the event names, and of those that its cancel serves.
template <class Change>
void Receipts::change_notes(const Event& event, Change change) {
    for (Receipt& receipt : kept_) {
        if (receipt.trip == TripId{}) continue;
        FamilyNote* note = note_of(receipt, event.family);
        if (note == nullptr) continue;
        const bool served = note->how == FamilyNote::How::served;
        if ((served ? note->by : receipt.trip) != event.trip) continue;
        change(*note);
        mark(receipt);
    }
}

Verdict verdict(const Receipt& receipt) {
    std::size_t accepted = 0, verified = 0, held = 0;
    for (const FamilyNote& note : receipt.families) {
        accepted += note.accepted != Time{} ? 1 : 0;
        verified += note.verified != Time{} ? 1 : 0;
        held += note.how == FamilyNote::How::held ? 1 : 0;
    }
    if (accepted == 0 && held > 0 && held == receipt.families.size()) return Verdict::held;
    if (accepted == 0) return Verdict::open;
    if (accepted < receipt.families.size()) return Verdict::partial;
    return verified == receipt.families.size() ? Verdict::verified : Verdict::accepted;
}

TripId served_by(const Receipt& receipt) {
    TripId by{};
    for (const FamilyNote& note : receipt.families) {
        if (note.how != FamilyNote::How::served) return {};
        by = std::max(by, note.by);
    }
    return by;
}

// ---- The place of each --------------------------------------------------------------------------

Receipts::Receipts(const Engine& engine, std::shared_ptr<const Plan> plan)
    : engine_(engine),
      plan_(std::move(plan)),
      listed_(plan_->families.size()),
      in_flight_(engine.link_count()) {
    kept_.reserve(receipts_max);
    order_.reserve(receipts_max);
    for (std::size_t i = 0; i < receipts_max; ++i) {
        kept_.emplace_back(plan_->families.size(), attempts_per_receipt_max);
    }
}

// Without room the oldest gives way of those that have nothing more to tell: in a storm of trips
// the one whose cancels serve the others stays. Operators' own trips have half of the room at most,
// so that one who trips all day does not push out what rules did.
std::size_t Receipts::take_place() {
    if (order_.size() < receipts_max) return order_.size();
    const auto done = [this](std::size_t place) {
        return is_accepted(verdict(kept_[place])) || served_by(kept_[place]) != TripId{};
    };
    const auto by_operator = [this](std::size_t place) {
        const Event& cause = kept_[place].cause;
        return cause.kind == EventKind::tripped && cause.rule == none<RuleId>();
    };
    const auto of_operators = std::count_if(order_.begin(), order_.end(), by_operator);
    const bool crowded = of_operators > static_cast<std::ptrdiff_t>(receipts_max / 2);
    auto gives_way = std::find_if(order_.begin(), order_.end(), [&](std::size_t place) {
        return done(place) && (!crowded || by_operator(place));
    });
    if (gives_way == order_.end()) gives_way = order_.begin();
    const std::size_t place = *gives_way;
    order_.erase(gives_way);
    untaken_ += kept_[place].changed ? 1 : 0;
    unmark(kept_[place]);
    return place;
}

const Receipt* Receipts::find(TripId trip) const {
    for (std::size_t i = 0; i < size(); ++i) {
        if (newest(i).trip == trip) return &newest(i);
    }
    return nullptr;
}

Receipt* Receipts::receipt_of(TripId trip) {
    return const_cast<Receipt*>(find(trip));
}

FamilyNote* Receipts::note_of(Receipt& receipt, FamilyId family) {
    for (FamilyNote& note : receipt.families) {
        if (note.family == family) return &note;
    }
    return nullptr;
}

const Receipt* Receipts::take_changed() {
    if (changed_ == 0) return nullptr;
    for (const std::size_t place : order_) {
        if (!kept_[place].changed) continue;
        unmark(kept_[place]);
        return &kept_[place];
    }
    return nullptr;
}

void Receipts::mark(Receipt& receipt) {
    changed_ += receipt.changed ? 0 : 1;
    receipt.changed = true;
}

void Receipts::unmark(Receipt& receipt) {
    changed_ -= receipt.changed ? 1 : 0;
    receipt.changed = false;
}

}  // namespace scram
