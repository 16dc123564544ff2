// A plan with a rule of every kind, for what is fed to an engine. A kind that the config learns and
// that is not here fails every run.
#pragma once

#include <algorithm>
#include <cstring>
#include <string_view>

#include "config/config.h"
#include "config/toml/words.h"
#include "core/base/check.h"

namespace scram::fuzz {

// Family 3 is nobody's: no record may touch it.
inline constexpr std::string_view every_rule_text = R"(
metrics = ["delta", "pnl"]
account = [{ name = "mm-1", credentials = "1", links = 2 },
           { name = "mm-2", credentials = "2", links = 1 }]
family = [{ name = "mm-1/A-USD" }, { name = "mm-1/B-USD" }, { name = "mm-1/C-USD" }, { name = "mm-2/D-USD" }]
source = [{ name = "maker-1", families = ["mm-1/A-USD", "mm-1/B-USD"] },
          { name = "maker-2", families = ["mm-1/B-USD", "mm-1/C-USD"] }]

[timings]
rehearse_every_ms = 1000
sum_wait_ms = 0
[[rule]]
name = "delta"
kind = "limit"
metric = "delta"
families = ["mm-1/*"]
beyond = 25
[[rule]]
name = "each"
kind = "limit"
metric = "delta"
families = ["mm-1/*"]
over = "each"
above = 20
[[rule]]
name = "loss"
kind = "limit"
metric = "pnl"
families = ["mm-1/*"]
per = "all"
below = -1000
kills = ["mm-1/A-USD"]
[[rule]]
name = "give-back"
kind = "drawdown"
metric = "pnl"
families = ["mm-1/*"]
by = 100
[[rule]]
name = "give-back-each"
kind = "drawdown"
metric = "delta"
families = ["mm-1/A-USD", "mm-1/B-USD"]
over = "each"
per = "all"
by = 10
[[rule]]
name = "silent"
kind = "stale"
after_ms = 3000
[[rule]]
name = "pnl-stands-still"
kind = "stale"
metric = "pnl"
families = ["mm-1/*"]
after_ms = 5000
[[rule]]
name = "maker-2-gone"
kind = "gone"
sources = ["maker-2"]
kills = ["mm-1/*"]
)";
inline constexpr RuleId delta_rule{0};
inline constexpr double delta_limit = 25;
inline constexpr FamilyId nobodys{3};
inline constexpr MetricId delta{0};

// Those whose keys are many, and which are read alike.
inline void add_moving_rules(Plan& plan) {
    RuleSpec rule;
    rule.metric = delta;
    rule.families = plan.rules.front().families;
    rule.within = 2s;
    const auto add = [&](std::string name, RuleKind kind, double limit) {
        rule.name = std::move(name);
        rule.kind = kind;
        rule.limit = limit;
        plan.rules.push_back(rule);
    };
    add("moved", RuleKind::change, 15);
    add("fills", RuleKind::count, 30);
    rule.shadow = true;
    add("moved-in-the-shadow", RuleKind::change, 5);
    rule.shadow = false;
    rule.warn = {0.5, 0.8};
    rule.hold_for = 500ms;
    rule.lock = 2000ms;
    add("metrics-apart", RuleKind::divergence, 900);
    plan.rules.back().other_metric = MetricId{1};
    rule.confirm = 3;
    add("sources-apart", RuleKind::divergence, 30);
    plan.rules.back().sources = {SourceId{0}, SourceId{1}};
    add("give-back-rolling", RuleKind::drawdown, 12);
}

inline const Plan& plan() {
    static const Plan made = [] {
        const LoadResult result = parse(every_rule_text, "/fuzz.toml");
        check(std::holds_alternative<Config>(result), "the plan loads");
        Plan loaded = std::get<Config>(result).plan;
        // As in the corpora, from before names had a form.
        for (FamilySpec& family : loaded.families)
            family.name.resize(family.name.size() - std::strlen("-USD"));
        add_moving_rules(loaded);
        for (std::size_t kind = 0; kind < std::size(config::kind_words); ++kind) {
            check(std::any_of(loaded.rules.begin(), loaded.rules.end(),
                              [&](const RuleSpec& rule) { return rule.kind == RuleKind(kind); }),
                  "the plan has a rule of every kind");
        }
        return loaded;
    }();
    return made;
}

}  // namespace scram::fuzz
