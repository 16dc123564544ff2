// Makers, operators, and what befalls the network, the exchange and the host.
#include <algorithm>
#include <limits>

#include "tests/sim/violation.h"
#include "tests/sim/world.h"

namespace scram::sim {

// ---- Makers -------------------------------------------------------------------------------------

void World::maker_does(SourceId source) {
    Maker& maker = makers_[index(source)];
    const Duration pause = people_.between(scenario_.maker_pace / 4, scenario_.maker_pace * 2);
    const std::size_t what = people_.below(100);
    plan(now_ + pause, What::maker, static_cast<std::uint32_t>(index(source)));
    const bool skipped = left_out() || !engine_;
    if (healed_at_ != never && maker.attached && engine_) return leave(source);
    if (skipped || maker.silent_until > now_ || healed_at_ != never) return;
    if (!maker.attached) return attach(source);
    if (what < 2 && scenario_.faults.has(Fault::death)) {
        maker.attached = false;
        trace_.say(now_, "maker {} dies", index(source));
        oracle_->vanished(source);
        return step(Input::source, [&] { engine_->on_source_vanished(source, now_, step_); });
    }
    if (what < 3) return leave(source);
    if (what < 5 && scenario_.faults.has(Fault::silence)) {
        maker.silent_until = now_ + people_.up_to(2500ms);
        return;
    }
    if (what < 10 && scenario_.faults.has(Fault::garbage)) return write_garbage(source);
    if (what < 12 && scenario_.faults.has(Fault::full_ring)) return find_ring_full(source);
    if (what < 15) return burst(source);
    if (what < 26) return beat(source);
    if (what < 55) place_quote(source);
    const auto metric = id_at<MetricId>(people_.below(plan_.metrics.size()));
    publish(source, family_of(source), metric, random_value(metric));
}

void World::attach(SourceId source) {
    makers_[index(source)].attached = true;
    makers_[index(source)].sequence = 0;
    trace_.say(now_, "maker {} attaches", index(source));
    oracle_->joined(source, now_);
    step(Input::source, [&] { engine_->on_source_joined(source, now_, step_); });
}

void World::leave(SourceId source) {
    makers_[index(source)].attached = false;
    trace_.say(now_, "maker {} says goodbye", index(source));
    oracle_->left(source);
    step(Input::source, [&] { engine_->on_source_left(source, now_, step_); });
}

void World::beat(SourceId source) {
    scram_signal signal = record(source, FamilyId{}, MetricId{}, 0);
    signal.kind = SCRAM_HEARTBEAT;
    hand_in(source, signal);
}

FamilyId World::family_of(SourceId source) {
    const auto& families = plan_.sources[index(source)].families;
    return families[people_.below(families.size())];
}

// Quarters; mostly calm, now and then far out. Fills only rise, but for a restart of the counter.
double World::random_value(MetricId metric) {
    const bool far = people_.one_in(9);
    if (metric == MetricId{2}) return people_.between(0, far ? 160 : 40) / 2.0;
    return people_.between(far ? -640 : -120, far ? 640 : 120) / 4.0;
}

scram_signal World::record(SourceId source, FamilyId family, MetricId metric, double value) {
    scram_signal signal{};
    signal.sequence = ++makers_[index(source)].sequence;
    // A loop that is late reads late.
    const bool unread = late_until_ > now_ && people_.one_in(2);
    signal.published_ns = ns_of(now_) - (unread ? people_.up_to(30ms).count() : 1000);
    signal.value = value;
    signal.family = static_cast<std::uint16_t>(family);
    signal.metric = static_cast<std::uint16_t>(metric);
    signal.source = static_cast<std::uint16_t>(source);
    signal.version = SCRAM_VERSION;
    // Without a dice for it: what else a seed does stays what it was.
    signal.kind = signal.sequence % 13 == 11 ? SCRAM_RESTART : SCRAM_VALUE;
    return signal;
}

void World::publish(SourceId source, FamilyId family, MetricId metric, double value) {
    hand_in(source, record(source, family, metric, value));
}

void World::hand_in(SourceId source, const scram_signal& signal) {
    trace_.say(now_, "maker {} writes: kind {} family {} metric {} value {} sequence {}",
               index(source), signal.kind, signal.family, signal.metric, signal.value,
               signal.sequence);
    oracle_->signal(source, signal, now_);
    if (oracle_->last_bad() != BadReason::none)
        seen_.note(static_cast<Seen>(static_cast<int>(Seen::bad_not_finite) +
                                     static_cast<int>(oracle_->last_bad()) - 1));
    if (people_.one_in(2)) return signal_in_halves(source, signal);
    step(Input::signal, [&] { engine_->on_signal(source, signal, now_, step_); });
}

void World::burst(SourceId source) {
    const int records = people_.between(3, 12);
    const bool together = people_.one_in(2);
    const FamilyId family = family_of(source);
    for (int i = 0; i < records && makers_[index(source)].attached; ++i) {
        const auto metric = id_at<MetricId>(people_.below(plan_.metrics.size()));
        scram_signal signal =
            record(source, together ? family_of(source) : family, metric, random_value(metric));
        if (together && i + 1 < records) signal.kind = scram_with_more(signal.kind);
        hand_in(source, signal);
    }
}

void World::write_garbage(SourceId source) {
    scram_signal signal = record(source, family_of(source), MetricId{}, 1);
    std::uint64_t& sequence = makers_[index(source)].sequence;
    const auto odd = static_cast<std::uint16_t>(people_.one_in(2) ? 0xffff : 40 + people_.below(9));
    switch (people_.below(9)) {
        case 0:
            signal.value = people_.one_in(2) ? std::numeric_limits<double>::quiet_NaN()
                                             : -std::numeric_limits<double>::infinity();
            break;
        case 1:
            signal.sequence = sequence += 1 + people_.below(5);
            break;
        case 2:
            signal.sequence = sequence = people_.below(sequence);
            break;
        case 3:
            signal.family = odd;
            break;
        case 4: {
            const auto family = static_cast<std::uint16_t>(people_.below(plan_.families.size()));
            signal.family = family;
            break;
        }
        case 5:
            signal.metric = odd;
            break;
        case 6:
            signal.kind = static_cast<std::uint8_t>(people_.between(5, 255));
            if (scram_is_value(signal.kind) != 0) ++signal.kind;
            break;
        case 7:
            signal.version = static_cast<std::uint8_t>(people_.between(2, 255));
            --sequence;
            break;
        default:
            signal.source = static_cast<std::uint16_t>(index(source) + 1 + people_.below(3));
            --sequence;
            break;
    }
    hand_in(source, signal);
}

// What finds no place takes no number. Some makers are so busy, some write nothing else for a
// while.
void World::find_ring_full(SourceId source) {
    if (people_.one_in(2)) burst(source);
    if (!makers_[index(source)].attached) return;
    trace_.say(now_, "maker {} finds its ring full", index(source));
    oracle_->signals_lost(source);
    seen_.note(oracle_->foretold().empty() ? Seen::ring_full_suppressed : Seen::bad_ring_full);
    step(Input::signal, [&] { engine_->on_signals_lost(source, now_, step_); });
    if (people_.one_in(3)) makers_[index(source)].silent_until = now_ + people_.up_to(2500ms);
}

// A maker asks its gate before each quote, and seldom does not; the quote arrives later.
void World::place_quote(SourceId source) {
    const FamilyId family = family_of(source);
    const bool behind = strikes(Fault::late_order, 25, people_);
    const bool late = strikes(Fault::late_order, 6, people_);
    const Duration takes = people_.up_to(late ? 1500ms : scenario_.way * 2);
    if (books_.family(family).gate_closed) {
        if (!behind) return;
        seen_.note(Seen::order_behind_gate);
    }
    if (late) seen_.note(Seen::order_late);
    plan(now_ + takes, What::quote, static_cast<std::uint32_t>(index(family)));
}

// ---- Operators ----------------------------------------------------------------------------------

void World::operate() {
    plan(now_ + people_.between(scenario_.operator_pace / 4, scenario_.operator_pace * 2),
         What::operate);
    const std::size_t what = people_.below(20);
    if (left_out() || !engine_ || healed_at_ != never) return;
    if (what < 1 && scenario_.faults.has(Fault::reload)) return reload();
    if (what < 4 && scenario_.faults.has(Fault::operators)) return pull();
    arm();
}

void World::pull() {
    std::vector<FamilyId> families;
    const bool all = people_.one_in(3);
    for (std::size_t f = 0; f < plan_.families.size(); ++f) {
        if (all || people_.one_in(4)) families.push_back(id_at<FamilyId>(f));
    }
    trace_.say(now_, "an operator pulls {} families", families.size());
    pulled_ = families;
    step(Input::hand, [&] { engine_->on_trip(families, {"uid 1 (ann)", "news"}, now_, step_); });
}

// Usually what is latched by one trip or two, named rightly.
void World::arm() {
    Rearm wish;
    for (std::size_t f = 0; f < plan_.families.size(); ++f) {
        const FamilyBook& book = books_.family(id_at<FamilyId>(f));
        if (book.latched && !book.releasing && people_.one_in(wish.trips.size() + 1))
            wish.trips.push_back(book.wanted_by);
    }
    if (wish.trips.empty()) return;
    const bool mixed = people_.one_in(8);
    for (std::size_t f = 0; f < plan_.families.size(); ++f) {
        const TripId trip = books_.family(id_at<FamilyId>(f)).wanted_by;
        const auto named = std::find(wish.trips.begin(), wish.trips.end(), trip);
        if (mixed || named != wish.trips.end()) wish.families.push_back(id_at<FamilyId>(f));
    }
    if (people_.one_in(10)) {
        const auto last = static_cast<std::size_t>(wish.trips.back());
        wish.trips.back() = static_cast<TripId>(people_.below(last + 2));
    }
    wish.force = people_.one_in(3);
    trace_.say(now_, "an operator arms {} families of trip {}{}", wish.families.size(),
               static_cast<std::uint64_t>(wish.trips[0]), wish.force ? ", by force" : "");
    rearm_ = wish;
    oracle_->time(now_);
    step(Input::hand, [&] {
        engine_->on_rearm(wish.families, wish.trips, {"uid 1 (ann)", "calm"}, wish.force, now_,
                          step_);
    });
}

void World::reload() {
    if (is_stopping()) return;
    if (engine_->next_deadline() <= now_) serve_deadline();
    const Plan before = plan_;
    plan_ = other_limits(plan_, people_);
    reloaded_at_ = now_;
    for (std::size_t a = 0; a < plan_.accounts.size(); ++a) {
        const std::size_t slots = plan_.accounts[a].budget.slots;
        if (slots != before.accounts[a].budget.slots) seen_.note(Seen::reload_changes_slots);
        exchange_.budget_is(id_at<AccountId>(a), slots, now_);
    }
    trace_.say(now_, "reload");
    for (const RuleSpec& rule : plan_.rules)
        trace_.say(now_, "    {} limit {} after {} ms {}", rule.name, rule.limit, rule.after / 1ms,
                   rule.shadow ? "shadow" : "");
    note_reloaded_timers(before);
    oracle_->reload(plan_, now_);
    step(Input::reload, [&] { engine_->adopt(plan_, now_, step_); });
}

// One of the account's links is behind what others show, for a while: mostly one on which reads are
// made first, and often while somebody pulls.
void World::make_stale(AccountId account) {
    const std::size_t links = plan_.accounts[index(account)].links;
    std::size_t link = mishaps_.one_in(4) ? mishaps_.below(links) : links - 1;
    for (std::size_t a = 0; a < index(account); ++a) link += plan_.accounts[a].links;
    const Time until = now_ + mishaps_.up_to(4s);
    const Duration apart = mishaps_.up_to(1s);
    if (scenario_.faults.has(Fault::operators) && mishaps_.one_in(2))
        plan(now_ + apart, What::pull);
    trace_.say(now_, "exchange: link {} shows old pages", link);
    exchange_.begin_stale(account, id_at<LinkId>(link), until, now_);
}

// ---- Mishaps ------------------------------------------------------------------------------------

void World::mishap() {
    plan(now_ + mishaps_.between(scenario_.mishap_pace / 4, scenario_.mishap_pace * 2),
         What::mishap);
    crash_at_.reset();
    const std::size_t what = mishaps_.below(20);
    const auto link = id_at<LinkId>(mishaps_.below(wires_.size()));
    const auto account = id_at<AccountId>(mishaps_.below(plan_.accounts.size()));
    if (left_out() || healed_at_ != never) return;
    const Faults faults = scenario_.faults;
    if (what < 4 && faults.has(Fault::link_reset)) return lose(link);
    if (what == 4 && faults.has(Fault::half_open)) {
        wire(link).half_open = wire(link).up;
        return;
    }
    if (what == 5 && faults.has(Fault::twice) && engine_ && wire(link).up) {
        // Another connection took its place, and nobody told of the end of the first.
        seen_.note(Seen::link_event_twice);
        drop_under_way(link);
        ++wire(link).connection;
        return link_up(link);
    }
    if (what < 8 && faults.has(Fault::foreign)) return exchange_.spend_as_foreigner(account, now_);
    if (what == 8 && faults.has(Fault::maintenance))
        return exchange_.begin_maintenance(now_ + mishaps_.up_to(4s));
    if (what == 9 && faults.has(Fault::exchange_step)) return exchange_.step_clock(now_);
    if (what == 10 && faults.has(Fault::crash) && engine_) throw Crash{mishaps_.one_in(3)};
    // Not while a machine boots: bytes from before it may be under way, see crash().
    if (what == 12 && faults.has(Fault::standing) && engine_ && now_ >= stands_until_) {
        seen_.note(Seen::exchange_stood);
        stands_until_ = std::min(now_ + mishaps_.up_to(15s), world_start + scenario_.horizon);
        return;
    }
    if ((what == 13 || what == 14) && faults.has(Fault::close_all)) {
        const bool before = mishaps_.one_in(2);
        const Duration apart = mishaps_.up_to(12ms);
        plan(now_ + (before ? apart : 0ms), What::pull);
        plan(now_ + (before ? 0ms : apart), What::close_all,
             static_cast<std::uint32_t>(index(account)));
        return;
    }
    if (what == 15) return exchange_.change_account(account);
    if (what == 16 && faults.has(Fault::late_order))
        return exchange_.place_others(id_at<FamilyId>(mishaps_.below(plan_.families.size())),
                                      mishaps_.below(45), now_);
    if (what == 17)
        return exchange_.change_mmp(id_at<FamilyId>(mishaps_.below(plan_.families.size())));
    if (what > 17 && faults.has(Fault::stale_edge)) return make_stale(account);
    if (what == 11 && faults.has(Fault::crash) && engine_ && mishaps_.one_in(4))
        return any_dead_man() ? begin_stop() : restart_in_peace();
}

}  // namespace scram::sim
