// [[rule]]: kinds with a window, divergence, and the keys that say when a breach counts.
#include "tests/unit/config/fixture.h"

using namespace scram;
using namespace scram::test;

// ---- kinds with a window

TEST_CASE("rules: a drawdown is since arming, or of a window") {
    CHECK(first_rule("kind = \"drawdown\"\nmetric = \"pnl\"\nby = 1").within == Duration{});
    CHECK(first_rule("kind = \"drawdown\"\nmetric = \"pnl\"\nby = 1\nwithin_ms = 60_000").within ==
          60s);
}

TEST_CASE("rules: a change is by a number above 0, within a window") {
    const auto spec = first_rule("kind = \"change\"\nmetric = \"delta\"\nby = 2.5\nwithin_ms = 10");
    CHECK(spec.kind == RuleKind::change);
    CHECK(spec.limit == 2.5);
    CHECK(spec.within == 10ms);
    CHECK(has(refused("kind = \"change\"\nmetric = \"delta\"\nby = 1"),
              "expected the key \"within_ms\" (the window in which it moves"));
    CHECK(has(refused("kind = \"change\"\nmetric = \"delta\"\nwithin_ms = 10"),
              "expected the key \"by\" (how far the value may move"));
    CHECK(refused("kind = \"change\"\nmetric = \"delta\"\nby = -1\nwithin_ms = 10") ==
          "by: expected a number above 0, got -1\n");
    CHECK(has(refused("kind = \"change\"\nmetric = \"delta\"\nby = 1\nwithin_ms = 9.9"),
              "within_ms: expected a number of milliseconds from 10 to 86400000, got 9.9"));
}

TEST_CASE("rules: a count is of more than a number above 0, within a window") {
    const auto spec =
        first_rule("kind = \"count\"\nmetric = \"delta\"\nmore_than = 200\nwithin_ms = 5000");
    CHECK(spec.kind == RuleKind::count);
    CHECK(spec.limit == 200);
    CHECK(spec.within == 5s);
    CHECK(has(refused("kind = \"count\"\nmetric = \"delta\"\nmore_than = 0\nwithin_ms = 10"),
              "more_than: expected a number above 0, got 0"));
    CHECK(has(refused("kind = \"count\"\nmetric = \"delta\"\nmore_than = 1"),
              "expected the key \"within_ms\" ("));
    CHECK(has(refused("kind = \"count\"\nmetric = \"delta\"\nby = 1\nwithin_ms = 10"),
              "unknown key \"by\""));
}

// ---- divergence

TEST_CASE("rules: a divergence is from another metric") {
    const auto spec =
        first_rule("kind = \"divergence\"\nmetric = \"delta\"\nfrom = \"pnl\"\nby = 5");
    CHECK(spec.kind == RuleKind::divergence);
    CHECK(index(spec.metric) == 0);
    CHECK(index(spec.other_metric) == 1);
    CHECK(spec.limit == 5);
    CHECK(spec.sources.empty());
    CHECK(refused("kind = \"divergence\"\nmetric = \"delta\"\nfrom = \"delta\"\nby = 5") ==
          "from: expected another metric than the rule's own, got \"delta\"\n");
    CHECK(has(refused("kind = \"divergence\"\nmetric = \"delta\"\nfrom = \"pln\"\nby = 5"),
              "got \"pln\" (did you mean \"pnl\"?)"));
    CHECK(has(
        refused(
            "kind = \"divergence\"\nmetric = \"delta\"\nfrom = \"pnl\"\nby = 5\nover = \"each\""),
        "unknown key \"over\""));
}

TEST_CASE("rules: or it is between exactly two sources") {
    const std::string two = small + "[[source]]\nname = \"maker-2\"\n";
    const auto with = [&](const std::string& keys) {
        return two + "[[rule]]\nname = \"r\"\nkind = \"divergence\"\nmetric = \"delta\"\nby = 5\n" +
               keys;
    };
    const auto spec = config_of(with("sources = [\"maker-2\", \"maker-1\"]\n")).plan.rules[0];
    CHECK(spec.other_metric == none<MetricId>());
    CHECK(spec.sources == std::vector{id_at<SourceId>(0), id_at<SourceId>(1)});
    CHECK(config_of(with("sources = [\"*\"]\n")).plan.rules[0].sources.size() == 2);
    CHECK(messages(with("")) ==
          "[[rule]] r (kind divergence): expected exactly one of from (another metric) and sources "
          "(two of them, compared by metric), got none\n");
    CHECK(has(messages(with("from = \"pnl\"\nsources = [\"*\"]\n")),
              "compared by metric), got both"));
    CHECK(messages(with("sources = [\"maker-1\"]\n")) ==
          "sources: expected exactly two, whose values are compared, got 1\n");
}

TEST_CASE("rules: a divergence of two sources that share no family is refused") {
    const auto text = messages(small + R"([[source]]
name = "maker-2"
families = ["mm-1/BTC-USD"]
[[rule]]
name = "r"
kind = "divergence"
metric = "delta"
families = ["mm-1/ETH-USD"]
sources = ["maker-1", "maker-2"]
by = 5
)");
    CHECK(text ==
          "[[rule]] r (kind divergence) can never trip: expected two sources that may publish for "
          "a watched family in common, got \"maker-1\" and \"maker-2\"\n");
}

// ---- when a breach counts, and what is told

TEST_CASE("rules: for, confirm, warn, shadow and lock, and what they are by default") {
    const std::string limit = "kind = \"limit\"\nmetric = \"delta\"\nbeyond = 25\n";
    const auto bare = first_rule(limit);
    CHECK(bare.hold_for == Duration{});
    CHECK(bare.confirm == 1);
    CHECK(bare.warn.empty());
    CHECK_FALSE(bare.shadow);
    CHECK_FALSE(bare.lock.has_value());
    const auto full = first_rule(
        limit + "for_ms = 1500.5\nconfirm = 3\nwarn = [0.5, 0.8]\nshadow = true\nlock_ms = 0");
    CHECK(full.hold_for == 1500500us);
    CHECK(full.confirm == 3);
    CHECK(full.warn == std::vector{0.5, 0.8});
    CHECK(full.shadow);
    CHECK(full.lock == 0ms);
    CHECK(first_rule("kind = \"gone\"\nshadow = true\nlock_ms = 10_000").lock == 10s);
    CHECK(has(refused(limit + "for_ms = -1"),
              "for_ms: expected a number of milliseconds from 0 to 86400000, got -1"));
    CHECK(has(refused(limit + "confirm = 0"),
              "confirm: expected an integer from 1 to 1000000, got 0"));
    CHECK(has(refused(limit + "shadow = 1"), "shadow: expected true or false, got 1"));
    CHECK(has(refused(limit + "lock_ms = 10_001"), "expected an integer from 0 to 10000"));
}

TEST_CASE("rules: time, confirmation and warnings belong to values, not to a source's health") {
    for (const std::string key : {"for_ms = 5", "confirm = 2", "warn = [0.5]", "within_ms = 50"}) {
        CHECK(has(refused("kind = \"gone\"\n" + key), "unknown key"));
        CHECK(has(refused("kind = \"stale\"\nafter_ms = 5\n" + key), "unknown key"));
    }
    CHECK(has(refused("kind = \"limit\"\nmetric = \"delta\"\nbeyond = 1\nwithin_ms = 50"),
              "unknown key \"within_ms\""));
}

TEST_CASE("rules: warning steps ascend between the start and the end of a limit") {
    const std::string limit = "kind = \"limit\"\nmetric = \"delta\"\nbeyond = 25\n";
    CHECK(refused(limit + "warn = [0.8, 0.5]") ==
          "warn: expected at most 4 shares of the limit, each above 0 and below 1, ascending, as "
          "in [0.5, 0.8], got [0.8, 0.5]\n");
    for (const std::string steps :
         {"[0]", "[1]", "[-0.5]", "[0.5, 0.5]", "[0.1, 0.2, 0.3, 0.4, 0.5]"})
        CHECK(has(refused(limit + "warn = " + steps), "warn: expected at most 4 shares"));
    CHECK(has(refused(limit + "warn = 0.5"),
              "warn: expected a list of numbers, as in [0.5, 0.8], got 0.5"));
    CHECK(has(refused(limit + "warn = [0.5, nan]"), "warn: expected a finite number, got nan"));
    CHECK(first_rule(limit + "warn = []").warn.empty());
}

TEST_CASE("rules: a limit without shares cannot warn") {
    const auto with = [](const std::string& bound) {
        return "kind = \"limit\"\nmetric = \"pnl\"\nwarn = [0.5]\n" + bound;
    };
    for (const std::string bound : {"above = 0", "above = -5", "below = 0", "below = 5"})
        CHECK(has(refused(with(bound)), "warn: expected a limit that has shares"));
    CHECK(refused(with("below = -5")).empty());
    CHECK(refused(with("above = 5")).empty());
}

TEST_CASE("rules: a shadow covers nothing, so that a dead maker trips all the same") {
    const auto plan = config_of(rule("kind = \"gone\"\nshadow = true")).plan;
    REQUIRE(plan.rules.size() == 3);
    CHECK(plan.rules[1].name == "gone");
    CHECK_FALSE(plan.rules[1].shadow);
}

TEST_CASE("rules: windows and warnings stay within the engine's memory") {
    const auto with = [](int rules, const std::string& keys) {
        auto text = "metrics = [\"delta\"]\n" + account + repeated(32, "[[family]]", "mm-1/X-F") +
                    repeated(16, "[[source]]", "m");
        for (int i = 0; i < rules; ++i)
            text += "[[rule]]\nname = \"r" + std::to_string(i) +
                    "\"\nmetric = \"delta\"\nover = \"each\"\n" + keys;
        return text;
    };
    const std::string change = "kind = \"change\"\nby = 1\nwithin_ms = 50\n";
    CHECK(messages(with(32, change)).empty());
    CHECK(has(messages(with(33, change)),
              "expected rules with within_ms that look at 16384 values at most, got 16896"));
    const std::string warns = "kind = \"limit\"\nbeyond = 1\nwarn = [0.5, 0.8]\n";
    CHECK(messages(with(4, warns)).empty());
    CHECK(has(messages(with(5, warns)),
              "expected at most 4096 steps of warn, one for each value that its rule looks at, got "
              "5120"));
}
