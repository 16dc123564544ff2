// --what-if: which limits of which rules are swept, and what cannot be.
#include "daemon/scramctl/what_if.h"

#include "tests/unit/core/engine/rig.h"

namespace scram::test {
namespace {

WhatIf wish_of(std::string_view text) {
    auto parsed = parse_what_if(text);
    REQUIRE(std::holds_alternative<WhatIf>(parsed));
    return std::get<WhatIf>(parsed);
}

Plan rules() {
    Plan plan = plan_of({.families = 2});
    add_limit(plan, 25);
    add_drawdown(plan, 100);
    add_change(plan, 5, 1s);
    add_stale(plan, 2s);
    return plan;
}

TEST_CASE("what-if: a limit and its steps, both ends among them") {
    const WhatIf wish = wish_of("delta.beyond=20..40/5");
    CHECK(wish.name == "delta");
    CHECK(wish.key == "beyond");
    CHECK(wish.steps == 5);
    CHECK(wish.at(0) == 20);
    CHECK(wish.at(1) == 25);
    CHECK(wish.at(4) == 40);
    CHECK(wish_of("a.b.below=-1.5..1e3").name == "a.b");
    CHECK(wish_of("a.below=-1.5..1e3").low == -1.5);
    CHECK(wish_of("a.below=-1.5..1e3").steps == 11);
}

TEST_CASE("what-if: anything else is refused") {
    for (const char* text :
         {"", "delta", "delta.beyond", "delta.beyond=", "delta.beyond=1", "delta.beyond=1..",
          "=1..2", ".beyond=1..2", "delta.=1..2", "beyond=1..2", "delta.beyond=2..1",
          "delta.beyond=1..1", "delta.beyond=nan..2", "delta.beyond=1..inf", "delta.beyond=1..2/1",
          "delta.beyond=1..2/201", "delta.beyond=1..2/x", "delta.beyond=1..2/"})
        CHECK(std::holds_alternative<std::string>(parse_what_if(text)));
}

TEST_CASE("what-if: a rule by its name gets copies that only tell") {
    Plan plan = rules();
    const auto sweeps = add_sweeps(wish_of("limit.beyond=20..40/3"), plan);
    const auto& added = std::get<std::vector<Sweep>>(sweeps);
    REQUIRE(added.size() == 1);
    CHECK(added[0].configured == 25);
    REQUIRE(plan.rules.size() == 7);
    CHECK(plan.rules[4].shadow);
    CHECK(plan.rules[5].limit == 30);
    CHECK(plan.rules[5].name == added[0].copies[1]);
    CHECK_FALSE(plan.rules[0].shadow);
}

TEST_CASE("what-if: a metric means all rules on it that have the key") {
    Plan plan = rules();
    CHECK(std::get<0>(add_sweeps(wish_of("delta.by=1..2/2"), plan))[0].rule == "change");
    CHECK(std::get<0>(add_sweeps(wish_of("pnl.by=1..2/2"), plan))[0].rule == "drawdown");
}

TEST_CASE("what-if: a silence is swept in milliseconds") {
    Plan plan = rules();
    const auto sweeps = add_sweeps(wish_of("stale.after_ms=500..1500/2"), plan);
    CHECK(std::get<0>(sweeps)[0].configured == 2000);
    CHECK(plan.rules.back().after == 1500ms);
}

TEST_CASE("what-if: a limit that there is not is told with those that there are") {
    Plan plan = rules();
    const auto no_key = add_sweeps(wish_of("delta.above=1..2"), plan);
    CHECK(std::get<std::string>(no_key).find("limit.beyond, change.by") != std::string::npos);
    const auto no_rule = add_sweeps(wish_of("gamma.above=1..2"), plan);
    CHECK(std::get<std::string>(no_rule).find("\"gamma\"") != std::string::npos);
    const auto negative = add_sweeps(wish_of("delta.beyond=-1..2"), plan);
    CHECK(std::get<std::string>(negative).find("limits above 0") != std::string::npos);
    CHECK(plan.rules.size() == 4);
}

}  // namespace
}  // namespace scram::test
