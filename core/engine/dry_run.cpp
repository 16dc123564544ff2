#include "core/engine/dry_run.h"

namespace scram {
namespace {

constexpr FamilyId family{};
constexpr SourceId source{};
constexpr LinkId link{};

Plan plan() {
    Plan plan;
    plan.accounts.push_back({"drill", {}, 1});
    plan.families.push_back({"drill/FAMILY", AccountId{}, "FAMILY", {}});
    plan.sources.push_back({"drill", {family}});
    plan.metrics = {"delta"};
    RuleSpec rule;
    rule.name = "delta";
    rule.metric = MetricId{};
    rule.families = {family};
    rule.limit = 1;
    plan.rules.push_back(rule);
    // Never twice within a window: the budget is never in the way.
    plan.accounts[0].budget.window = 1ns;
    return plan;
}

}  // namespace

DryRun::DryRun() : engine_(plan()), step_(engine_.plan()) {
    engine_.on_source_joined(source, Time{}, step_);
    engine_.on_link_up(link, Time{}, step_);
    engine_.on_rehearsed(link, true, {}, Time{}, step_);
    signal_.version = SCRAM_VERSION;
    signal_.kind = SCRAM_VALUE;
}

void DryRun::run(Time now) {
    publish(2, now);
    if (engine_.phase(link) == LinkPhase::firing) {
        ++fired_;
        engine_.on_answer(link, {AnswerClass::accepted, 200, 0}, now, step_);
    }
    if (engine_.phase(link) == LinkPhase::rehearsing)
        engine_.on_rehearsed(link, true, {}, now, step_);
    publish(0, now);
    const TripId trip = engine_.family(family).wanted_by;
    engine_.on_rearm({&family, 1}, {&trip, 1}, {"drill", "again"}, false, now, step_);
    step_.clear();
}

void DryRun::publish(double value, Time now) {
    ++signal_.sequence;
    signal_.value = value;
    if (engine_.decide(source, signal_, now, step_)) engine_.conclude(now, step_);
}

}  // namespace scram
