// An engine to be measured: one account whose links are up, one maker, and rules on one metric.
#pragma once

#include <fmt/format.h>

#include "core/engine/engine.h"

namespace scram::bench {

// `families` families, each watched by its own limit, and rules that look at other metrics of them.
inline Plan plan_of(std::size_t families, std::size_t rules) {
    Plan plan;
    plan.accounts.push_back({"mm-1", {}, 5});
    plan.metrics = {"delta", "vega"};
    SourceSpec source{"maker-1", {}};
    for (std::size_t f = 0; f < families; ++f) {
        plan.families.push_back(
            {fmt::format("mm-1/F{}", f), AccountId{}, fmt::format("F{}", f), {}});
        source.families.push_back(id_at<FamilyId>(f));
    }
    plan.sources.push_back(source);
    for (std::size_t r = 0; r < rules; ++r) {
        RuleSpec rule;
        rule.name = fmt::format("rule-{}", r);
        rule.metric = MetricId{};
        rule.families = {id_at<FamilyId>(r % families)};
        // Of one family's rules the first is the strictest: a breach of it alone is the usual case.
        rule.limit = r < families ? 1000 : 5000;
        plan.rules.push_back(rule);
    }
    return plan;
}

struct MeasuredEngine {
    explicit MeasuredEngine(const Plan& plan) : engine(plan), step(plan) {
        engine.on_source_joined(SourceId{}, now, step);
        for (std::size_t l = 0; l < engine.link_count(); ++l) {
            engine.on_link_up(id_at<LinkId>(l), now, step);
            if (engine.phase(id_at<LinkId>(l)) != LinkPhase::rehearsing) continue;
            engine.on_rehearsed(id_at<LinkId>(l), true, {}, now, step);
        }
        step.clear();
    }

    void publish(double value) {
        scram_signal signal{};
        signal.sequence = ++sequence;
        signal.value = value;
        signal.version = SCRAM_VERSION;
        signal.kind = SCRAM_VALUE;
        undecided = engine.decide(SourceId{}, signal, now += 1us, step);
    }

    // Back to armed: the answer, a harmless value, a re-arm, and time for the budget's slot.
    void recover() {
        const FamilyId family{};
        if (undecided) engine.conclude(now, step);
        if (engine.family(family).cancel == Cancel::in_flight) {
            engine.on_answer(engine.family(family).link, {AnswerClass::accepted, 200, 0}, now,
                             step);
        }
        publish(0);
        if (undecided) engine.conclude(now, step);
        const TripId trip = engine.family(family).wanted_by;
        engine.on_rearm({&family, 1}, {&trip, 1}, {"bench", "again"}, true, now, step);
        now += 3s;
        step.clear();
    }

    Engine engine;
    Step step;
    Time now{1h};
    std::uint64_t sequence = 0;
    bool undecided = false;
};

}  // namespace scram::bench
