"""Deliberately broken builds of core: each must break a promise that the simulation sees.

Name, the invariant that it is meant to break, the file, what is replaced by what, and why that
would be wrong. A text must stand exactly once in its file."""

from typing import NamedTuple


class Mutant(NamedTuple):
    name: str
    invariant: int
    file: str
    changes: tuple  # of (text, replacement)
    why: str


def mutant(name, invariant, file, text, replacement, why):
    return Mutant(name, invariant, file, ((text, replacement),), why)


MUTANTS = [
    # 1: no window holds more than the budget
    mutant("refill-per-second", 1, "engine/budget.cpp",
           "    free_at_[slot] = now + spec_.window;\n",
           "    free_at_[slot] = now + spec_.window / spec_.slots;\n",
           "a steady refill of 2.5 per second lets ten into one window"),
    Mutant("slot-returned-at-send", 1, "engine/budget.cpp",
           (("    *free = never;\n", "    *free = now + spec_.window;\n"),
            ("    free_at_[slot] = now + spec_.window;\n", "    (void)slot, (void)now;\n")),
           "a delayed first and a fast second request meet in one window"),
    mutant("guard-dropped", 1, "engine/budget.cpp",
           "free_at_[slot] = now + spec_.window + spec_.guard;",
           "free_at_[slot] = now + spec_.window;",
           "what a proxy answered by itself can arrive at the exchange later"),
    mutant("sign-of-life-at-once", 1, "engine/budget.cpp",
           "        if (lost_at_[slot] == never || lost_at_[slot] + spec_.guard > since) continue;\n",
           "        if (lost_at_[slot] == never || lost_at_[slot] > since) continue;\n",
           "bytes of a connection that was reset can arrive later"),
    mutant("hedge-ignores-budget", 1, "engine/cancels.cpp",
           "        const auto slot = accounts_.budget(id).take(now, purpose(*switches_[index(family)]));\n",
           "        auto slot = accounts_.budget(id).take(now, purpose(*switches_[index(family)]));\n"
           "        if (!slot && switches_[index(family)]->cancel == Cancel::in_flight)\n"
           "            slot = Budget::Slot{0};\n",
           "a hedge is a request like any other"),
    mutant("budget-forgotten-by-restart", 1, "engine/accounts.cpp",
           "        accounts_[a].budget.restore(budgets[a], now);\n",
           "        (void)now;\n",
           "what was sent before the crash is in the exchange's window"),
    mutant("budget-not-on-board", 1, "journal/board.cpp",
           "        budgets_[index(action.account)] = engine.budget(action.account).image();\n",
           "",
           "a crash right after a send forgets it"),

    mutant("lost-slot-back-by-time", 1, "engine/budget.cpp",
           "    free_at_[slot] = never;\n    lost_at_[slot] = now;\n",
           "    free_at_[slot] = now + spec_.window + spec_.guard;\n",
           "an exchange that stands still finds all of them when it goes on"),
    mutant("old-answer-is-a-sign-of-life", 1, "engine/budget.cpp",
           "        if (lost_at_[slot] == never || lost_at_[slot] + spec_.guard > since) continue;\n",
           "        if (lost_at_[slot] == never || lost_at_[slot] > now) continue;\n        (void)since;\n",
           "what was sent before the loss says nothing of what came after"),
    mutant("taken-or-not-returned", 1, "engine/cancels.cpp",
           "    if (how == Lost::not_taken) {\n", "    if (how != Lost::overdue) {\n",
           "a closed connection may have brought its request before"),

    # 2: confirmed, or still being tried
    mutant("late-answer-settles", 2, "engine/cancels.cpp",
           "    return attempt.round != switches_[index(attempt.family)]->round;",
           "    return attempt.round > switches_[index(attempt.family)]->round;",
           "an attempt from before the trip says nothing of quotes made since"),
    mutant("lost-attempt-forgotten", 2, "engine/cancels.cpp",
           "    if (!late && how == Lost::overdue) settle(attempt, no_answer, id, now, step);",
           "    if (late && how == Lost::overdue) settle(attempt, no_answer, id, now, step);",
           "nobody tries again"),
    mutant("class-table-wrong", 2, "okx/answer.cpp",
           "    {51410, failed,", "    {51410, nothing_left,",
           "being cancelled is not cancelled"),
    mutant("result-not-read", 2, "okx/answer.cpp",
           "(fields.result ? confirmed : failed)", "confirmed",
           "code 0 with result false is a failure"),
    mutant("retry-bound-to-latch", 2, "engine/cancels.cpp",
           "    if (family.release == Release::waiting) return never;\n",
           "    if (family.release == Release::waiting || !family.latched) return never;\n",
           "arming again must not end a cancel"),
    mutant("peak-from-rejected-sample", 2, "engine/signals.cpp",
           "bad == BadReason::none && order != BadReason::sequence_back;",
           "bad == BadReason::none;",
           "a record that came late is older than what is known"),
    mutant("cancels-wait-for-conclude", 2, "engine/engine.cpp",
           "    cancels_.dispatch(now, step);\n    return true;\n", "    return true;\n",
           "a kill must not wait for what comes after it"),
    mutant("never-hedged", 2, "engine/cancels.cpp",
           "first ? now + hedge_after(link.account()) : never);", "never);",
           "a silent link costs the whole patience"),
    mutant("repeat-trip-ignored", 2, "engine/kill_switch.cpp",
           "its_.release == Release::none && is_tried(its_) && !its_.lock_open;",
           "its_.release == Release::none;",
           "quotes made since the confirmation would stay"),
    mutant("window-too-short", 2, "rules/window.cpp",
           "    newest_ = cell_of(now);\n    end_",
           "    newest_ = cell_of(now) * 2;\n    end_",
           "what is forgotten too soon is a move that nobody sees"),

    # 3: within the bound
    mutant("trip-keeps-reserve", 3, "engine/budget.cpp",
           "        case Purpose::trip:\n            return 0;\n",
           "        case Purpose::trip:\n            return others;\n",
           "a first cancel may take the last slot"),
    mutant("slot-returned-late", 3, "engine/budget.cpp",
           "    free_at_[slot] = now + spec_.window;\n",
           "    free_at_[slot] = now + spec_.window + spec_.guard;\n",
           "six families would take three seconds"),
    mutant("one-at-a-time", 3, "engine/cancels.cpp",
           "        fire(family, link, *slot, now, step);\n",
           "        fire(family, link, *slot, now, step);\n        return;\n",
           "five families leave at once"),

    mutant("closed-link-waits", 3, "engine/cancels.cpp",
           "    const bool more = closed <= links_.of(links_[id].account()).size();\n",
           "    const bool more = false;\n",
           "the exchange closed the link: nothing is to be waited for"),
    mutant("untaken-slot-kept", 3, "engine/cancels.cpp",
           "        accounts_.budget(account).returned(attempt.slot, now);\n",
           "        accounts_.budget(account).lost(attempt.slot, now);\n",
           "three families wait a window for requests that nobody counted"),

    # 4: no cancel without a cause, gate first
    mutant("gate-closed-after-fire", 4, "engine/trips.cpp",
           "    cancels_.queue(id);\n    if (latching.closes_gate) {\n",
           "    cancels_.queue(id);\n    cancels_.dispatch(now, step);\n    if (latching.closes_gate) {\n",
           "a quote can be made behind the cancel"),
    mutant("gate-not-closed", 4, "engine/trips.cpp",
           "        step.actions.push_back({ActionKind::close_gate, plan_.families[index(id)].account, "
           "id});\n    }\n",
           "    }\n",
           "the maker goes on quoting"),
    mutant("shadow-fires", 4, "rules/findings.h",
           "return rule.shadow ? BreachKind::would_trip : BreachKind::trip;",
           "return (void)rule, BreachKind::trip;",
           "a shadow only tells"),
    mutant("confirm-ignored", 4, "rules/judge.cpp",
           "its.samples >= rule.confirm && now - its.since >= rule.hold_for;",
           "now - its.since >= rule.hold_for;",
           "one bad sample is not the three that were asked for"),
    mutant("first-value-is-a-rise", 4, "rules/judge.cpp",
           "    if (!its.begun) return;\n",
           "    return (void)its, (void)value;\n",
           "a maker that joins moves the sum, and loses nothing"),
    mutant("trip-for-each-rule", 4, "engine/trips.cpp",
           "        if (turn_trip_ == TripId{}) turn_trip_ = TripId{++trips_};\n",
           "        turn_trip_ = TripId{++trips_};\n",
           "the operator would name one of the numbers, and be refused for the other"),
    mutant("restart-is-a-fall", 4, "rules/value_rules.cpp",
           "        judge_.begin(condition, value_of(condition, table), sample.at);\n",
           "        (void)condition;\n",
           "a pnl that starts over each day would cancel every family at the day's turn"),
    mutant("fired-untold", 4, "engine/cancels.cpp",
           "    Event& event = step.events.append();\n    event.kind = EventKind::fired;\n",
           "    Event unseen;\n    Event& event = hedge ? unseen : step.events.append();\n"
           "    event.kind = EventKind::fired;\n",
           "an audit would miss a request"),

    # 5: a crash at any point
    mutant("latch-not-journaled", 5, "journal/board.cpp",
           "        words_[f] = word_of(standing);\n",
           "        words_[f] = Word::armed;\n        standings_[f] = standing;\n",
           "a restart would arm it"),
    mutant("board-word-not-written", 5, "journal/board.cpp",
           "        if (action.kind == ActionKind::close_gate) words_[index(action.family)] = "
           "Word::latched;\n        if (action.kind != ActionKind::fire) continue;\n"
           "        words_[index(action.family)] = Word::latched;\n",
           "        if (action.kind != ActionKind::fire) continue;\n",
           "a crash between gate and record forgets the latch"),
    mutant("unfinished-forgotten", 5, "engine/engine.cpp",
           "        family.due(now);\n        cancels_.queue(before.family);\n", "",
           "the quotes of before the crash would stay"),
    mutant("doubt-ignored", 5, "journal/restored.cpp",
           "    if (!folded.in_doubt() && after_crash == AfterCrash::armed) return std::nullopt;\n",
           "    if (after_crash == AfterCrash::armed) return std::nullopt;\n",
           "a damaged record may have been a latch"),
    mutant("unclean-end-unseen", 5, "journal/fold.cpp",
           "(complete && last_kind_ == RecordKind::stopped);", "complete;",
           "after_crash would never apply"),
    mutant("attempts-from-one", 5, "engine/engine.cpp",
           "    cancels_.restore(restored.last_attempt);\n",
           "",
           "two attempts of one number in one audit"),

    # 6: at most one request in flight per link (this build seals no records yet)
    mutant("link-not-taken", 6, "engine/links.h",
           "        phase_ = phase;\n", "        (void)phase;\n",
           "two requests on one link"),
    mutant("rehearses-while-firing", 6, "engine/rehearsals.cpp",
           "        if (links_[id].phase() != LinkPhase::idle || due_at(id) > now) continue;\n",
           "        if (links_[id].phase() == LinkPhase::down || due_at(id) > now) continue;\n",
           "two requests on one link"),
    mutant("aborted-link-used", 6, "engine/links.cpp",
           "is overdue\");\n    went_down(now);\n",
           "is overdue\");\n    went_down(now);\n    phase_ = LinkPhase::idle;\n",
           "a link that was reset takes no request"),

    # 7: signatures
    mutant("signed-by-local-clock", 7, "okx/exchange_clock.cpp",
           "    const bool stepped = synced_ && !agrees;\n",
           "    const bool stepped = synced_ && !agrees;\n    if (stepped || !synced_) "
           "return synced_ = true, stepped;\n",
           "the exchange's time is read and not used"),
    mutant("step-not-believed", 7, "okx/exchange_clock.cpp",
           "    low_ = synced_ && agrees ? both_low : low;\n"
           "    high_ = synced_ && agrees ? both_high : high;\n",
           "    low_ = synced_ ? (agrees ? both_low : low_) : low;\n"
           "    high_ = synced_ ? (agrees ? both_high : high_) : high;\n",
           "after a step every signature is stale"),
    # 8: arming again
    mutant("rearm-loses-cancel", 8, "engine/kill_switch.cpp",
           "    if (!is_tried(its_)) its_.cancel = Cancel::idle;\n",
           "    its_.cancel = Cancel::idle;\n",
           "the exchange was never told"),
    mutant("rearm-while-rule-holds", 8, "engine/rearming.cpp",
           "    if (obstacle.held_by != none<RuleId>()) return Refusal::rule_holds;\n",
           "",
           "the cause is still there"),
    mutant("wrong-trip-accepted", 8, "engine/rearming.cpp",
           "    if (std::find(trips.begin(), trips.end(), trip) == trips.end()) "
           "return Refusal::other_trip;\n",
           "    (void)trip, (void)trips;\n",
           "the operator has not looked at this trip"),
    mutant("gate-opens-on-attempt", 8, "engine/rearming.cpp",
           "    if (cancels_.in_flight(id)) return;\n", "",
           "what is quoted behind the gate is cancelled, or locked out"),
    mutant("silence-not-looked-at", 8, "engine/rearming.cpp",
           "    rules_.on_time(metrics_, now, breaches_);\n    trips_.on_breaches(Time{}, now, step);\n"
           "    const auto holding",
           "    const auto holding",
           "a silence that is over would still stand in the way"),

    # 9: what a source writes
    mutant("nan-compared", 9, "engine/signals.cpp",
           "    if (!std::isfinite(signal.value)) return BadReason::not_finite;\n", "",
           "a NaN is below every limit"),
    mutant("gap-ignored", 9, "engine/signals.cpp",
           "    if (signal.sequence > expected) return BadReason::sequence_gap;\n", "",
           "a lost record may have been the breach"),
    mutant("unknown-family-used", 9, "engine/signals.cpp",
           "    if (signal.family >= families_) return BadReason::unknown_family;\n",
           "    if (signal.family == no_id) return BadReason::unknown_family;\n",
           "an index from outside"),
    mutant("foreign-family-accepted", 9, "engine/signals.cpp",
           "    if (!sources_[index(from)].may_publish[signal.family]) "
           "return BadReason::foreign_family;\n", "",
           "one desk's maker spoils another's sum"),
    mutant("ring-full-ignored", 9, "engine/engine.cpp",
           "    rules_.on_bad(source, none<FamilyId>(), none<MetricId>(), BadReason::ring_full, 0, "
           "breaches_);\n",
           "    (void)source;\n",
           "a signal that found no place may have been the breach"),
    mutant("bad-told-each-time", 9, "rules/health.cpp",
           "        if (watch.source != source || watch.holds) continue;\n        watch.holds = true;\n"
           "        out.push_back({.kind = trip_kind(rules_[index(watch.rule)]),\n"
           "                       .rule = watch.rule,\n"
           "                       .family = family,\n",
           "        if (watch.source != source) continue;\n        watch.holds = true;\n"
           "        out.push_back({.kind = trip_kind(rules_[index(watch.rule)]),\n"
           "                       .rule = watch.rule,\n"
           "                       .family = family,\n",
           "a flood of garbage would be a flood of trips"),

    # 10: told confirmed only by an answer, and with the lock that the trips want
    mutant("held-called-confirmed", 10, "engine/kill_switch.cpp",
           "    its_.cancel = confirmed ? Cancel::confirmed : Cancel::held;\n",
           "    its_.cancel = Cancel::confirmed;\n",
           "nothing was sent: its quotes rest"),
    mutant("held-journaled-as-confirmed", 10, "journal/record.cpp",
           "    out.confirmed = family.latched && family.was_confirmed && !out.unfinished;\n",
           "    out.confirmed = family.latched && !out.unfinished;\n",
           "the second start would call it confirmed"),
    mutant("short-lock-settles", 10, "engine/locks.cpp",
           "    return attempt.certain && attempt.lock >= family.lock;\n",
           "    return attempt.certain;\n",
           "a trip with a longer lock joins a cancel in flight with a shorter one"),
    mutant("overtaken-unlocking-ignored", 10, "engine/locks.cpp",
           "    return attempt.certain && attempt.lock >= family.lock;\n",
           "    return attempt.lock >= family.lock;\n",
           "an unlocking that the exchange carries out last ends the new trip's lock"),
    mutant("lost-short-lock-ignored", 10, "engine/locks.cpp",
           "    if (family.stray_lock < lock) at = std::max(at, family.stray_until);\n", "",
           "a request that was lost may arrive after the one that was confirmed"),

    # 0: the engine's own promises
    mutant("deadline-not-asked-for", 0, "engine/engine.cpp",
           "    if (counts) next_deadline_ = std::min(next_deadline_, rules_.next_deadline());\n", "",
           "a value that holds for long enough would trip only when the next one comes"),
    mutant("ring-full-is-a-sign", 0, "engine/engine.cpp",
           "    rules_.on_bad(source, none<FamilyId>(), none<MetricId>(), BadReason::ring_full, 0, "
           "breaches_);\n",
           "    rules_.on_seen(source, now);\n"
           "    rules_.on_bad(source, none<FamilyId>(), none<MetricId>(), BadReason::ring_full, 0, "
           "breaches_);\n",
           "a source that is seen only to lose signals is silent"),
    mutant("breach-not-concluded", 0, "engine/engine.cpp",
           "    cancels_.dispatch(now, step);\n    return true;\n",
           "    cancels_.dispatch(now, step);\n    return step.actions.empty();\n",
           "what a kill began has no deadline"),
    mutant("overdue-not-aborted", 0, "engine/engine.cpp",
           "        if (links_[id].deadline() > now) continue;\n",
           "        if (links_[id].deadline() > now || "
           "links_[id].phase() == LinkPhase::rehearsing) continue;\n",
           "a link that hangs in a rehearsal is lost for good"),
]
