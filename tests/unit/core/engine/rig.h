// A trading desk for tests of the engine: a plan in a few words, and a driver that feeds an Engine,
// runs its clock, and tells in short texts what it said. Families are called A, B, C ...; links
// 0, 1, 2 ...
#pragma once

#include <doctest/doctest.h>

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/engine/engine.h"

namespace scram::test {

inline constexpr FamilyId A{0}, B{1}, C{2}, D{3}, E{4}, F{5}, G{6};
inline constexpr MetricId delta{0}, pnl{1};
inline constexpr SourceId maker{0}, other_maker{1};
inline constexpr AccountId account{0};

constexpr LinkId link(std::size_t i) {
    return id_at<LinkId>(i);
}

struct Size {
    std::size_t families = 1;
    std::size_t sources = 1;
    std::uint8_t links = 5;
    std::size_t metrics = 2;
};

inline std::string letter(FamilyId id) {
    return id == none<FamilyId>() ? "-" : std::string(1, static_cast<char>('A' + index(id)));
}

// One account, and every source may publish for every family. Rehearsals and hedges are an hour
// away, to stay out of the way.
inline Plan plan_of(const Size& size) {
    Plan plan;
    plan.accounts.push_back({"mm-1", {}, size.links});
    for (std::size_t f = 0; f < size.families; ++f) {
        const std::string inst_family = "F" + std::to_string(f) + "-USD";
        plan.families.push_back({"mm-1/" + inst_family, account, inst_family, {}});
    }
    SourceSpec source;
    for (std::size_t f = 0; f < size.families; ++f) source.families.push_back(id_at<FamilyId>(f));
    for (std::size_t s = 0; s < size.sources; ++s) {
        source.name = "maker-" + std::to_string(s);
        plan.sources.push_back(source);
    }
    for (std::size_t m = 0; m < size.metrics; ++m)
        plan.metrics.push_back(m == 0 ? "delta" : m == 1 ? "pnl" : "metric-" + std::to_string(m));
    plan.timings.rehearse_every = 1h;
    plan.timings.rehearse_gap = Duration{};
    plan.timings.hedge_min = 1h;
    return plan;
}

inline std::vector<FamilyId> all_families(const Plan& plan) {
    std::vector<FamilyId> all;
    for (std::size_t f = 0; f < plan.families.size(); ++f) all.push_back(id_at<FamilyId>(f));
    return all;
}
inline std::vector<SourceId> all_sources(const Plan& plan) {
    std::vector<SourceId> all;
    for (std::size_t s = 0; s < plan.sources.size(); ++s) all.push_back(id_at<SourceId>(s));
    return all;
}

// Adds a rule that watches every family and every source; the caller narrows what it returns.
inline RuleSpec& add_rule(Plan& plan, std::string name, RuleKind kind) {
    RuleSpec rule;
    rule.name = std::move(name);
    rule.kind = kind;
    rule.families = all_families(plan);
    rule.sources = all_sources(plan);
    plan.rules.push_back(rule);
    return plan.rules.back();
}
inline RuleSpec& add_limit(Plan& plan, double limit, Bound bound = Bound::beyond) {
    RuleSpec& rule = add_rule(plan, "limit", RuleKind::limit);
    rule.metric = delta;
    rule.limit = limit;
    rule.bound = bound;
    return rule;
}
inline RuleSpec& add_drawdown(Plan& plan, double fall) {
    RuleSpec& rule = add_rule(plan, "drawdown", RuleKind::drawdown);
    rule.metric = pnl;
    rule.limit = fall;
    return rule;
}
inline RuleSpec& add_change(Plan& plan, double by, Duration within) {
    RuleSpec& rule = add_rule(plan, "change", RuleKind::change);
    rule.metric = delta;
    rule.limit = by;
    rule.within = within;
    return rule;
}
inline RuleSpec& add_count(Plan& plan, double more_than, Duration within) {
    RuleSpec& rule = add_rule(plan, "count", RuleKind::count);
    rule.metric = delta;
    rule.limit = more_than;
    rule.within = within;
    return rule;
}
// Of the two metrics of a family.
inline RuleSpec& add_divergence(Plan& plan, double by) {
    RuleSpec& rule = add_rule(plan, "divergence", RuleKind::divergence);
    rule.metric = delta;
    rule.other_metric = pnl;
    rule.limit = by;
    return rule;
}
inline RuleSpec& add_stale(Plan& plan, Duration after) {
    RuleSpec& rule = add_rule(plan, "stale", RuleKind::stale);
    rule.after = after;
    return rule;
}

inline std::string text_of(const Action& action) {
    const std::string family = letter(action.family);
    const std::string link = std::to_string(index(action.link));
    switch (action.kind) {
        case ActionKind::close_gate:
            return "close " + family;
        case ActionKind::fire:
            return "fire " + family + " on " + link +
                   (action.lock > 0ms ? " lock " + std::to_string(action.lock.count()) : "");
        case ActionKind::rehearse:
            return "rehearse " + link;
        case ActionKind::abort_link:
            return "abort " + link;
        case ActionKind::resign:
            return "resign";
        case ActionKind::open_gate:
            return "open " + family;
    }
    return "?";
}

inline std::string text_of(const Call& call) {
    std::string text;
    switch (call.what) {
        case PrivateRequest::account_config:
            text = "config";
            break;
        case PrivateRequest::mmp_config:
            text = "mmp " + letter(call.family);
            break;
        case PrivateRequest::mmp_orders:
            text = "read " + letter(call.family);
            break;
        case PrivateRequest::all_orders:
            text = "count " + letter(call.family);
            break;
        case PrivateRequest::cancel_orders:
            text = "cancel " + letter(call.family);
            break;
        case PrivateRequest::cancel_all_after:
            text = "timer " + std::to_string(call.timeout_s);
            break;
        default:
            return "?";
    }
    text += " on " + std::to_string(index(call.link));
    return call.after == 0 ? text : text + " after " + std::to_string(call.after);
}

inline std::string text_of(const Event& event, const Plan& plan) {
    std::string text{name(event.kind)};
    if (event.family != none<FamilyId>()) text += " " + letter(event.family);
    if (event.rule != none<RuleId>()) text += " by " + plan.rules[index(event.rule)].name;
    return text;
}

inline Answer answer_of(AnswerClass answer_class, std::uint32_t code = 0) {
    return {answer_class, 200, code};
}

class Desk {
  public:
    // Every source is attached and every link warm, and what was said about that is forgotten.
    explicit Desk(Plan plan) : engine(std::move(plan)), step(engine.plan()) {
        for (std::size_t s = 0; s < engine.plan().sources.size(); ++s) join(id_at<SourceId>(s));
        for (std::size_t l = 0; l < engine.link_count(); ++l) warm(link(l));
        forget();
    }

    // Begun by some inputs, which are forgotten as well.
    template <class Begin>
    Desk(Plan plan, Begin&& begin) : Desk(std::move(plan)) {
        begin(*this);
        forget();
    }

    // Another process, which knows nothing of this one.
    void start_again(Plan plan) {
        std::destroy_at(&engine);
        std::construct_at(&engine, std::move(plan));
    }

    // ---- inputs
    void publish(SourceId source, FamilyId family, MetricId metric, double value) {
        hand_in(source, record(source, family, metric, value));
    }
    void heartbeat(SourceId source) {
        scram_signal signal = record(source, FamilyId{}, MetricId{}, 0);
        signal.kind = SCRAM_HEARTBEAT;
        hand_in(source, signal);
    }
    // The next good record of a source, to be spoiled by the caller and handed in.
    scram_signal record(SourceId source, FamilyId family, MetricId metric, double value) {
        scram_signal signal{};
        signal.sequence = ++sequences_[index(source)];
        signal.published_ns = ns_of(now) - 1000;
        signal.value = value;
        signal.family = static_cast<std::uint16_t>(family);
        signal.metric = static_cast<std::uint16_t>(metric);
        signal.source = static_cast<std::uint16_t>(source);
        signal.version = SCRAM_VERSION;
        signal.kind = SCRAM_VALUE;
        return signal;
    }
    void hand_in(SourceId source, const scram_signal& signal) {
        run([&] { engine.on_signal(source, signal, now, step); });
    }
    void join(SourceId source) {
        sequences_.resize(engine.plan().sources.size());
        sequences_[index(source)] = 0;
        run([&] { engine.on_source_joined(source, now, step); });
    }
    void leave(SourceId source) {
        run([&] { engine.on_source_left(source, now, step); });
    }
    void end_batch() {
        run([&] { engine.on_batch_ended(now, step); });
    }
    void lose(SourceId source) {
        run([&] { engine.on_signals_lost(source, now, step); });
    }
    // One that has quotes: it has sent a signal.
    void vanish(SourceId source) {
        heartbeat(source);
        vanish_unheard(source);
    }
    void vanish_unheard(SourceId source) {
        run([&] { engine.on_source_vanished(source, now, step); });
    }
    void up(LinkId id) {
        run([&] { engine.on_link_up(id, now, step); });
    }
    void down(LinkId id) {
        run([&] { engine.on_link_down(id, now, step); });
    }
    void rehearsed(LinkId id, bool good = true) {
        REQUIRE(engine.phase(id) == LinkPhase::rehearsing);
        run([&] { engine.on_rehearsed(id, good, {}, now, step); });
    }
    // Up, and its first rehearsal answered.
    void warm(LinkId id) {
        up(id);
        if (engine.phase(id) == LinkPhase::rehearsing) rehearsed(id);
    }
    void answer(LinkId id, AnswerClass answer_class) { give(id, answer_of(answer_class)); }
    void give(LinkId id, const Answer& answer) {
        REQUIRE(engine.phase(id) == LinkPhase::firing);
        run([&] { engine.on_answer(id, answer, now, step); });
    }
    template <class Facts>
    void tell(LinkId id, const Facts& facts) {
        REQUIRE(engine.phase(id) == LinkPhase::calling);
        const Told<Facts> told{answer_of(AnswerClass::accepted), facts};
        run([&] { engine.on_told(id, told, now, step); });
    }
    // An answer without facts.
    template <class Facts>
    void tell_nothing(LinkId id, AnswerClass answer_class, std::uint32_t code = 0) {
        REQUIRE(engine.phase(id) == LinkPhase::calling);
        const Told<Facts> told{answer_of(answer_class, code), {}};
        run([&] { engine.on_told(id, told, now, step); });
    }
    void tell_orders(LinkId id, std::uint32_t mmp, std::uint32_t others = 0) {
        OrdersPage page;
        page.mmp = mmp;
        page.others = others;
        tell(id, page);
    }
    void not_called(LinkId id) {
        run([&] { engine.on_not_called(id, now, step); });
    }
    void trip(const std::vector<FamilyId>& families) {
        run([&] { engine.on_trip(families, {"uid 1 (ann)", "news"}, now, step); });
    }
    // Names the very trips that latched them.
    void rearm(const std::vector<FamilyId>& families, bool force = false) {
        std::vector<TripId> trips;
        for (const FamilyId family : families) trips.push_back(engine.family(family).wanted_by);
        rearm_by(families, trips, force);
    }
    void rearm_by(const std::vector<FamilyId>& families, const std::vector<TripId>& trips,
                  bool force = false) {
        run([&] { engine.on_rearm(families, trips, {"uid 1 (ann)", "calm"}, force, now, step); });
    }
    // By the user of this number.
    void rearm_as(std::uint32_t uid, const std::vector<FamilyId>& families, bool force = false) {
        std::vector<TripId> trips;
        for (const FamilyId family : families) trips.push_back(engine.family(family).wanted_by);
        run([&] { engine.on_rearm(families, trips, {"somebody", "calm", uid}, force, now, step); });
    }
    void look(const std::vector<FamilyId>& families) {
        run([&] { engine.on_look(families, now, step); });
    }
    void ready(bool is_so = true) {
        run([&] { engine.on_readiness(account, is_so, now, step); });
    }
    void dead_man(bool on) {
        run([&] { engine.on_dead_man(account, on, {"uid 1 (ann)", "hedging"}, now, step); });
    }
    void stop() {
        run([&] { engine.on_stop(now, step); });
    }
    void adopt(Plan plan) {
        run([&] { engine.adopt(std::move(plan), now, step); });
    }
    void time() {
        run([&] { engine.on_time(now, step); });
    }

    // Lets time pass; the engine is called at its deadlines, and at no other time.
    void wait(Duration span) {
        const Time end = now + span;
        while (engine.next_deadline() <= end) {
            now = std::max(now, engine.next_deadline());
            time();
            REQUIRE(engine.next_deadline() > now);  // else the daemon would spin
        }
        now = end;
    }

    // ---- what it said since the last call
    std::string did() {
        std::string text;
        for (const Action& action : std::exchange(actions, {})) {
            text += (text.empty() ? "" : ", ") + text_of(action);
        }
        return text;
    }
    std::string called() {
        std::string text;
        for (const Call& call : std::exchange(calls, {})) {
            text += (text.empty() ? "" : ", ") + text_of(call);
        }
        return text;
    }
    std::string told() {
        std::string text;
        for (const Event& event : std::exchange(events, {})) {
            text += (text.empty() ? "" : ", ") + text_of(event, engine.plan());
        }
        return text;
    }
    void forget() {
        actions.clear();
        events.clear();
        calls.clear();
    }
    std::string state(FamilyId family) const {
        return std::string{state_name(engine.family(family))};
    }
    bool latched(FamilyId family) const { return engine.family(family).latched; }

    Time now = time_from_ns(1'000'000'000'000);
    std::vector<Action> actions;
    std::vector<Event> events;
    std::vector<Call> calls;
    Engine engine;
    Step step;

  private:
    template <class Input>
    void run(Input&& input) {
        step.clear();
        input();
        actions.insert(actions.end(), step.actions.begin(), step.actions.end());
        events.insert(events.end(), step.events.begin(), step.events.end());
        calls.insert(calls.end(), step.calls.begin(), step.calls.end());
    }

    std::vector<std::uint64_t> sequences_;
};

}  // namespace scram::test
