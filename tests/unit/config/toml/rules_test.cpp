#include "tests/unit/config/fixture.h"

using namespace scram;
using namespace scram::test;

namespace {

const std::vector<FamilyId> both{id_at<FamilyId>(0), id_at<FamilyId>(1)};
const std::vector<FamilyId> only_eth{id_at<FamilyId>(1)};

}  // namespace

TEST_CASE("rules: a limit with its defaults") {
    const auto spec = first_rule("kind = \"limit\"\nmetric = \"pnl\"\nbelow = -100.5");
    CHECK(spec.name == "r");
    CHECK(spec.kind == RuleKind::limit);
    CHECK(index(spec.metric) == 1);
    CHECK(spec.families == both);
    CHECK(spec.per == Per::family);
    CHECK(spec.over == Over::sum);
    CHECK(spec.bound == Bound::below);
    CHECK(spec.limit == -100.5);
    CHECK(spec.kills.empty());
}

TEST_CASE("rules: a limit with every key") {
    const auto spec = first_rule(R"(kind = "limit"
metric = "delta"
families = ["mm-1/ETH-USD"]
per = "all"
over = "each"
beyond = 25
kills = ["*"])");
    CHECK(spec.families == only_eth);
    CHECK(spec.per == Per::all);
    CHECK(spec.over == Over::each);
    CHECK(spec.bound == Bound::beyond);
    CHECK(spec.limit == 25.0);
    CHECK(spec.kills == both);
}

TEST_CASE("rules: a limit has exactly one of above, below, beyond") {
    CHECK(refused("kind = \"limit\"\nmetric = \"delta\"") ==
          "[[rule]] r (kind limit): expected exactly one of above, below, beyond, got none\n");
    CHECK(has(refused("kind = \"limit\"\nmetric = \"delta\"\nabove = 1\nbelow = -1"),
              "exactly one of above, below, beyond, got 2"));
    CHECK(refused("kind = \"limit\"\nmetric = \"delta\"\nabove = 0").empty());
}

TEST_CASE("rules: beyond is above 0") {
    CHECK(has(refused("kind = \"limit\"\nmetric = \"delta\"\nbeyond = 0"),
              "beyond: expected a number above 0 (the rule trips when the value's magnitude is "
              "larger), got 0"));
    CHECK(has(refused("kind = \"limit\"\nmetric = \"delta\"\nbeyond = -5"),
              "beyond: expected a number above 0 (the rule trips when the value's magnitude is "
              "larger), got -5"));
}

TEST_CASE("rules: a bound is finite, for a NaN would never trip") {
    CHECK(refused("kind = \"limit\"\nmetric = \"delta\"\nabove = nan") ==
          "above: expected a finite number, got nan\n");
    CHECK(has(refused("kind = \"limit\"\nmetric = \"delta\"\nbelow = -inf"),
              "below: expected a finite number, got -inf"));
    CHECK(has(refused("kind = \"limit\"\nmetric = \"delta\"\nabove = \"9\""),
              "above: expected a finite number, got \"9\""));
}

TEST_CASE("rules: a drawdown is by a number above 0") {
    const auto spec =
        first_rule("kind = \"drawdown\"\nmetric = \"pnl\"\nby = 60_000\nper = \"all\"");
    CHECK(spec.kind == RuleKind::drawdown);
    CHECK(spec.limit == 60'000.0);
    CHECK(refused("kind = \"drawdown\"\nmetric = \"pnl\"\nby = 0") ==
          "by: expected a number above 0, got 0\n");
    CHECK(has(refused("kind = \"drawdown\"\nmetric = \"pnl\""), "expected the key \"by\" ("));
}

TEST_CASE("rules: a metric is needed and known") {
    CHECK(has(refused("kind = \"limit\"\nabove = 1"),
              "[[rule]] r (kind limit): expected the key \"metric\" ("));
    CHECK(refused("kind = \"limit\"\nmetric = \"detla\"\nabove = 1") ==
          "metric: expected one of delta, pnl, got \"detla\" (did you mean \"delta\"?)\n");
}

TEST_CASE("rules: stale watches whole sources, or one of their metrics") {
    const auto source = first_rule("kind = \"stale\"\nafter_ms = 1500");
    CHECK(source.after == 1500ms);
    CHECK(source.sources == std::vector{id_at<SourceId>(0)});
    CHECK(source.metric == none<MetricId>());
    CHECK(source.families.empty());
    const auto metric = first_rule("kind = \"stale\"\nmetric = \"pnl\"\nafter_ms = 1500");
    CHECK(index(metric.metric) == 1);
    CHECK(metric.families == both);
    CHECK(
        has(refused("kind = \"stale\""), "expected the key \"after_ms\" (the silence that trips"));
    CHECK(has(refused("kind = \"stale\"\nafter_ms = 0"),
              "after_ms: expected a number of milliseconds from 1 to 86400000, got 0"));
}

TEST_CASE("rules: stale takes families only together with a metric") {
    CHECK(refused("kind = \"stale\"\nafter_ms = 5\nfamilies = [\"*\"]") ==
          "families: expected the key metric beside it, or sources alone (a stale rule without a "
          "metric watches whole sources)\n");
}

TEST_CASE("rules: over and per belong to values, not to a source's health") {
    CHECK(has(refused("kind = \"gone\"\nover = \"each\""),
              "unknown key \"over\" in [[rule]] r (kind gone); expected one of name, kind, "
              "sources, kills"));
    CHECK(has(refused("kind = \"stale\"\nafter_ms = 5\nper = \"all\""), "unknown key \"per\""));
    CHECK(has(refused("kind = \"limit\"\nmetric = \"delta\"\nabove = 1\nby = 2"),
              "unknown key \"by\""));
}

TEST_CASE("rules: without a known kind only the kind is refused") {
    CHECK(refused("kind = \"limits\"\nabove = 1") ==
          "kind: expected one of \"limit\", \"drawdown\", \"change\", \"count\", \"divergence\", "
          "\"stale\", \"gone\", \"bad\", got \"limits\"\n");
    CHECK(has(refused("above = 1"), "[[rule]] r: expected the key \"kind\" ("));
}

TEST_CASE("rules: kills names families, and an empty list is refused") {
    CHECK(first_rule("kind = \"gone\"\nkills = [\"mm-1/ETH-USD\"]").kills == only_eth);
    CHECK(has(
        refused("kind = \"gone\"\nkills = []"),
        "kills: expected at least one name or pattern (or leave the key out), got an empty list"));
    CHECK(has(refused("kind = \"gone\"\nkills = [\"ETH-USD\"]"), "got \"ETH-USD\""));
}

TEST_CASE("rules: the sum of all may span several accounts") {
    const auto text = small + R"([[account]]
name = "mm-2"
credentials = "c2"
[[family]]
name = "mm-2/BTC-USD"
[[rule]]
name = "both"
kind = "limit"
metric = "pnl"
per = "all"
below = -1
)";
    CHECK(config_of(text).plan.rules.at(0).families.size() == 3);
}

TEST_CASE("rules: one that no source could ever trip is refused") {
    const auto text = messages(R"(metrics = ["delta"]
)" + account + R"([[family]]
name = "mm-1/BTC-USD"
[[family]]
name = "mm-1/ETH-USD"
[[source]]
name = "maker-1"
families = ["mm-1/BTC-USD"]
[[rule]]
name = "blind"
kind = "limit"
metric = "delta"
families = ["mm-1/ETH-USD"]
above = 1
)");
    CHECK(has(text, "[[rule]] blind (kind limit) can never trip"));
    CHECK(has(messages(small + R"([[source]]
name = "maker-2"
families = ["mm-1/BTC-USD"]
[[rule]]
name = "blind"
kind = "stale"
metric = "delta"
sources = ["maker-2"]
families = ["mm-1/ETH-USD"]
after_ms = 9
)"),
              "[[rule]] blind (kind stale) can never trip"));
}

TEST_CASE("rules: names are there, unique, and not those of the implicit ones") {
    CHECK(has(messages(small + "[[rule]]\nkind = \"gone\"\n"),
              "[[rule]]: expected the key \"name\" ("));
    CHECK(has(messages(rule("kind = \"gone\"") + "[[rule]]\nname = \"r\"\nkind = \"bad\"\n"),
              "rule: expected each name once, got \"r\" again"));
    CHECK(has(messages(small + "[[rule]]\nname = \"gone\"\nkind = \"gone\"\n"),
              "name: expected another name than that of an implicit rule, got \"gone\""));
    CHECK(has(messages(small + "[[rule]]\nname = \"bad\"\nkind = \"gone\"\n"),
              "an implicit rule, got \"bad\""));
}

TEST_CASE("rules: a source that no rule covers gets implicit gone and bad rules") {
    const auto plan = config_of(small + R"([[source]]
name = "maker-2"
[[rule]]
name = "hedger"
kind = "gone"
sources = ["maker-2"]
)")
                          .plan;
    REQUIRE(plan.rules.size() == 3);
    CHECK(plan.rules[1].name == "gone");
    CHECK(plan.rules[1].kind == RuleKind::gone);
    CHECK(plan.rules[1].sources == std::vector{id_at<SourceId>(0)});
    CHECK(plan.rules[1].kills.empty());
    CHECK(plan.rules[2].name == "bad");
    CHECK(plan.rules[2].sources == std::vector{id_at<SourceId>(0), id_at<SourceId>(1)});
}

TEST_CASE("rules: where every source is covered none is added") {
    const auto plan = config_of(rule("kind = \"gone\"") +
                                "[[rule]]\nname = \"b\"\nkind = \"bad\"\nsources = [\"*\"]\n")
                          .plan;
    CHECK(plan.rules.size() == 2);
}

TEST_CASE("rules: a switch for people alone needs neither rules nor sources") {
    CHECK(config_of(account + "[[family]]\nname = \"mm-1/B-USD\"\n").plan.rules.empty());
}

TEST_CASE("rules: one on sources is refused where there are none") {
    const auto text =
        account + "[[family]]\nname = \"mm-1/B-USD\"\n[[rule]]\nname = \"r\"\nkind = \"gone\"\n";
    CHECK(messages(text) == "expected a declared source (the file declares none), got \"*\"\n");
}

TEST_CASE("rules: 1022 are the most, so that two implicit ones have room") {
    const auto with = [](int count) {
        auto text = small;
        for (int i = 0; i < count; ++i)
            text +=
                "[[rule]]\nname = \"r" + std::to_string(i) + "\"\nkind = \"stale\"\nafter_ms = 9\n";
        return text;
    };
    CHECK(config_of(with(1022)).plan.rules.size() == rules_max);
    CHECK(has(messages(with(1023)), "[[rule]]: expected at most 1022, got 1023"));
}

TEST_CASE("rules: what they look at together stays within the engine's memory") {
    const auto with = [](int rules) {
        auto text =
            account + repeated(32, "[[family]]", "mm-1/X-F") + repeated(64, "[[source]]", "m");
        text = "metrics = [\"delta\"]\n" + text;
        for (int i = 0; i < rules; ++i) {
            text += "[[rule]]\nname = \"r" + std::to_string(i) +
                    "\"\nkind = \"limit\"\nmetric = \"delta\"\nbeyond = 1\nover = \"each\"\n";
        }
        return text;
    };
    CHECK(messages(with(127)).empty());  // 127 x 32 x 64, and 64 for each implicit rule
    CHECK(has(messages(with(128)),
              "expected rules that look at 262144 values and sources at most, got 262272"));
}
