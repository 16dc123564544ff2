// The decision's way under callgrind: a signal in, nothing to do; a signal in, fire. Only what runs
// inside of decide() is counted, the same number each time: bench/instructions.py compares it with
// what is checked in.
#include <fmt/format.h>

#include "core/engine.h"

namespace {

using namespace scram;

constexpr std::size_t signals = 100;  // of each kind; also named in instructions.py

Plan plan_of(std::size_t families, std::size_t rules) {
    Plan plan;
    plan.accounts.push_back({"mm-1", {}, 5});
    plan.metrics = {"delta"};
    SourceSpec source{"maker-1", {}};
    for (std::size_t f = 0; f < families; ++f) {
        const std::string name = fmt::format("F{}", f);
        plan.families.push_back({"mm-1/" + name, AccountId{}, name, {}});
        source.families.push_back(id_at<FamilyId>(f));
    }
    plan.sources.push_back(source);
    for (std::size_t r = 0; r < rules; ++r) {
        RuleSpec rule;
        rule.name = fmt::format("rule-{}", r);
        rule.metric = MetricId{};
        rule.families = {id_at<FamilyId>(r % families)};
        rule.limit = 1000;
        plan.rules.push_back(rule);
    }
    return plan;
}

struct Bench {
    explicit Bench(const Plan& plan) : engine(plan), step(plan) {
        engine.on_source_joined(SourceId{}, now, step);
        for (std::size_t l = 0; l < engine.link_count(); ++l) {
            const auto link = id_at<LinkId>(l);
            engine.on_link_up(link, now, step);
            if (engine.phase(link) == LinkPhase::rehearsing)
                engine.on_rehearsed(link, true, {}, now, step);
        }
        step.clear();
    }

    scram_signal signal(double value) {
        scram_signal out{};
        out.sequence = ++sequence;
        out.value = value;
        out.version = SCRAM_VERSION;
        out.kind = SCRAM_VALUE;
        now += 1us;
        return out;
    }

    // Armed again: the answer, a harmless value, a person, and time for the budget's slot.
    void recover() {
        if (is_owed) engine.conclude(now, step);
        const FamilyId family{};
        engine.on_answer(engine.family(family).link, {AnswerClass::confirmed, 200, 0}, now, step);
        engine.on_signal(SourceId{}, signal(0), now, step);
        const TripId trip = engine.family(family).wanted_by;
        engine.on_rearm({&family, 1}, {&trip, 1}, {"bench", "again"}, true, now, step);
        now += 3s;
        step.clear();
    }

    Engine engine;
    Step step;
    Time now{1h};
    std::uint64_t sequence = 0;
    bool is_owed = false;  // conclude()
};

}  // namespace

// Not inlined: callgrind knows it by its name.
[[gnu::noinline]] void decide(Bench& bench, const scram_signal& signal) {
    bench.is_owed = bench.engine.decide(SourceId{}, signal, bench.now, bench.step);
}

// instructions quiet|firing FAMILIES RULES
int main(int argc, char** argv) {
    if (argc != 4) return 2;
    const bool fires = std::string_view(argv[1]) == "firing";
    Bench bench(plan_of(std::stoul(argv[2]), std::stoul(argv[3])));
    std::size_t fired = 0;
    for (std::size_t i = 0; i < signals; ++i) {
        if (fires) {
            decide(bench, bench.signal(2000));
            for (const Action& action : bench.step.actions)
                fired += action.kind == ActionKind::fire;
            bench.recover();
        } else {
            decide(bench, bench.signal(static_cast<double>(i)));
            bench.step.clear();
        }
    }
    return fired == (fires ? signals : 0) ? 0 : 1;
}
