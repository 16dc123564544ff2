// describe(), restart_reason(), plan_of_fire().
#include "tests/unit/config/fixture.h"

using namespace scram;
using namespace scram::test;
using namespace std::string_literals;

namespace {

const std::string rich = "wait = \"spin\"\nready_when = \"first_link\"\n" + small + R"([[source]]
name = "maker-2"
families = ["mm-1/ETH-USD"]
user = ["gid:8", "uid:1000"]
[exchange]
ca_file = "with \"quotes\" and \\.pem"
connect_timeout_ms = 12.5
[rights]
publish = ["uid:1000", "gid:7"]
[[rule]]
name = "delta"
kind = "limit"
metric = "delta"
families = ["mm-1/BTC-USD"]
over = "each"
beyond = 0.1
[[rule]]
name = "give-back"
kind = "drawdown"
metric = "pnl"
per = "all"
by = 1e9
kills = ["mm-1/ETH-USD"]
[[rule]]
name = "silent"
kind = "stale"
metric = "pnl"
sources = ["maker-2"]
after_ms = 1500.25
shadow = true
lock_ms = 0
[[rule]]
name = "hedger"
kind = "gone"
sources = ["maker-2"]
[[rule]]
name = "fast-loss"
kind = "drawdown"
metric = "pnl"
by = 20_000
within_ms = 60_000
for_ms = 500.5
warn = [0.5, 0.75]
[[rule]]
name = "jump"
kind = "change"
metric = "delta"
over = "each"
by = 10
within_ms = 1000
confirm = 3
[[rule]]
name = "burst"
kind = "count"
metric = "delta"
more_than = 200
within_ms = 5000
[[rule]]
name = "unsure"
kind = "divergence"
metric = "delta"
from = "pnl"
by = 5
[[rule]]
name = "apart"
kind = "divergence"
metric = "delta"
sources = ["maker-1", "maker-2"]
families = ["mm-1/ETH-USD"]
by = 5
lock_ms = 2500
)";

std::string reason(const std::string& from, const std::string& to) {
    return restart_reason(config_of(from), config_of(to));
}

std::string replaced(std::string text, const std::string& from, const std::string& to) {
    const auto at = text.find(from);
    REQUIRE(at != text.npos);
    return text.replace(at, from.size(), to);
}

AccountSpec account_with(BudgetSpec budget, std::uint8_t links) {
    return {"mm-1", budget, links};
}

Plan plan_of(std::size_t families, AccountSpec account = account_with({}, 5)) {
    Plan plan;
    plan.accounts.push_back(std::move(account));
    for (std::size_t i = 0; i < families; ++i) {
        const auto name = std::string(1, static_cast<char>('A' + i));
        plan.families.push_back({"mm-1/" + name, id_at<AccountId>(0), name, 0ms});
    }
    return plan;
}

}  // namespace

TEST_CASE("describe: its text loads to the same config again") {
    const auto once = describe(config_of(rich));
    CHECK(describe(config_of(once)) == once);
    CHECK(has(once, "connect_timeout_ms = 12.5\n"));
    CHECK(has(once, "after_ms = 1500.25\n"));
    CHECK(has(once, "publish = [\"uid:1000\", \"gid:7\"]\n"));
    CHECK(
        has(once,
            "families = [\"mm-1/ETH-USD\"]\nexpected = true\nuser = [\"uid:1000\", \"gid:8\"]\n"));
    CHECK(has(once, "# user: everybody who may publish\n"));
}

TEST_CASE("describe: defaults are filled in, what is not said is said, implicit rules are marked") {
    const auto text = describe(config_of(rich));
    CHECK(text.starts_with(
        "# /etc/scramd/scramd.toml, with every default filled in\ncpu = -1\nwait = \"spin\"\n"));
    CHECK(has(text,
              "[[account]]\nname = \"mm-1\"\ncredentials = \"/etc/scramd/mm-1.credentials\"\n"
              "links = 5\nbudget.share = 5\nbudget.reserve = 2\nbudget.window_ms = 2005\n"));
    CHECK(has(text, "beyond = 0.1\n# kills: the family that breached\n"));
    CHECK(has(
        text,
        "# (implicit) [[rule]]\n# name = \"gone\"\n# kind = \"gone\"\n# sources = [\"maker-1\"]\n"
        "# kills: every family that the source may publish for\n"));
}

TEST_CASE("describe: of a rule, every key that its kind takes") {
    const auto text = describe(config_of(rich));
    CHECK(has(text,
              "name = \"fast-loss\"\nkind = \"drawdown\"\nmetric = \"pnl\"\nfamilies = [\"*\"]\n"
              "per = \"family\"\nover = \"sum\"\nwithin_ms = 60000\nfor_ms = 500.5\nconfirm = 1\n"
              "warn = [0.5, 0.75]\nby = 20000\n# kills: the family that breached\nshadow = false\n"
              "# lock_ms: that of the family\n"));
    CHECK(has(text, "# within_ms: since arming\n"));
    CHECK(has(text, "from = \"pnl\"\nby = 5\n"));
    CHECK(has(text, "sources = [\"*\"]\nby = 5\n"));
    CHECK(has(text, "more_than = 200\n"));
    CHECK(has(text, "shadow = false\nlock_ms = 2500\n"));
    CHECK(has(text, "shadow = true\nlock_ms = 0\n"));
}

TEST_CASE("describe: on one line, every key = value") {
    CHECK_FALSE(has(describe(config_of(rich)), "{"));
}

TEST_CASE("reload: rules, timings and rights change without a restart") {
    CHECK(reason(rich, replaced(rich, "beyond = 0.1", "above = 7")).empty());
    CHECK(reason(rich, replaced(rich, "uid:1000", "uid:1001")).empty());
    CHECK(reason(rich, replaced(rich, "gid:8", "gid:9")).empty());
    CHECK(reason(rich, rich + "[timings]\nretry_max_ms = 9000\n").empty());
    CHECK(reason(small, rule("kind = \"stale\"\nafter_ms = 9")).empty());
}

TEST_CASE("reload: what needs a restart is named with both values") {
    CHECK(reason(small, small + "[exchange]\nport = 8443\n") ==
          "[exchange]: `port = 443` is running, the file says `port = 8443`");
    CHECK(reason(small, small + "[exchange]\nca_file = \"/a.pem\"\n") ==
          "[exchange]: `ca_file = \"/a.pem\"` is new in the file");
    CHECK(reason(small + "[exchange]\nca_file = \"/a.pem\"\n", small) ==
          "[exchange]: `ca_file = \"/a.pem\"` is running, the file does not have it");
    CHECK(reason(small, replaced(small, account, account + "links = 2\n")) ==
          "[[account]] mm-1: `links = 5` is running, the file says `links = 2`");
    CHECK(reason(small, small + "[paths]\ncontrol = \"/c\"\n") ==
          "[paths]: `control = \"/run/scramd/control.sock\"` is running, the file says `control = "
          "\"/c\"`");
    CHECK(has(reason(small, replaced(small, "\"pnl\"", "\"vega\"")),
              "`metrics = [\"delta\", \"pnl\"]` is running"));
    CHECK(has(reason(small, "cpu = 1\n" + small), "`cpu = -1` is running"));
}

TEST_CASE("reload: a dead man's switch changes and ends, and a new one needs a restart") {
    const auto with = [](const std::string& keys) {
        return replaced(small, account, account + "dead_man = { " + keys + " }\n");
    };
    CHECK(reason(with(""), with(R"(timeout_s = 60, on_stop = "disarm")")).empty());
    CHECK(reason(with(""), small).empty());
    CHECK(reason(small, with("")) == "[[account]] mm-1: `dead_man` is new in the file");
    CHECK(reason(with(R"(tag = "a")"), with(R"(tag = "b")")) ==
          "[[account]] mm-1: `dead_man.tag = \"a\"` is running, the file says `dead_man.tag = "
          "\"b\"`");
    const auto told = changes(config_of(with("")), config_of(with("timeout_s = 60")));
    REQUIRE(told.lines.size() == 1);
    CHECK(told.lines[0] ==
          "[[account]] mm-1: dead_man.timeout_s = 30 becomes dead_man.timeout_s = 60");
    CHECK(has(changes(config_of(with("")), config_of(small)).lines.at(0),
              "becomes # dead_man: none"));
}

TEST_CASE("dead man: check says what it sweeps") {
    const std::string plain = replaced(small, account, account + "dead_man = { }\n");
    const std::string tagged = replaced(small, account, account + "dead_man = { tag = \"m1\" }\n");
    CHECK(has(plan_of_fire(config_of(plain).plan),
              "mm-1: OKX cancels everything of the account, also hedges and futures, once it is "
              "not fed for 30 s (dead_man)\n"));
    CHECK(has(plan_of_fire(config_of(tagged).plan), "that carries the tag m1, also hedges"));
    const std::string text = describe(config_of(tagged));
    CHECK(describe(config_of(text)) == text);
    CHECK(has(text, "links = 5\n"));
    CHECK(has(text,
              "dead_man.timeout_s = 30\ndead_man.tag = \"m1\"\ndead_man.on_stop = \"leave\"\n"));
    CHECK(has(describe(config_of(small)), "# dead_man: none\n"));
}

TEST_CASE("reload: a family more, less or at another place needs a restart") {
    const std::string eth = "[[family]]\nname = \"mm-1/ETH-USD\"\n";
    const std::string btc = "[[family]]\nname = \"mm-1/BTC-USD\"\n";
    CHECK(reason(small, replaced(small, eth, "")) ==
          "[[family]] mm-1/ETH-USD is running, the file does not have it");
    CHECK(reason(small, replaced(small, eth, eth + "[[family]]\nname = \"mm-1/SOL-USD\"\n")) ==
          "[[family]] mm-1/SOL-USD is new in the file");
    CHECK(reason(small, replaced(small, btc + eth, eth + btc)) ==
          "[[family]] mm-1/ETH-USD stands at another place of the file, so the order differs");
    CHECK(has(reason(small, small + "[[source]]\nname = \"m2\"\n"), "[[source]] m2 is new"));
}

TEST_CASE("plan of fire: seven families, five at once and two after the window") {
    CHECK(plan_of_fire(plan_of(7)) ==
          "mm-1: 7 families: 5 at 0 s (A, B, C, D, E), 2 at +2.0 s (F, G)\n");
}

TEST_CASE("plan of fire: one family, and a share of two over three bursts") {
    CHECK(plan_of_fire(plan_of(1)) == "mm-1: 1 family: 1 at 0 s (A)\n");
    BudgetSpec two;
    two.slots = 2;
    two.window = 2500ms;
    CHECK(plan_of_fire(plan_of(5, account_with(two, 5))) ==
          "mm-1: 5 families: 2 at 0 s (A, B), 2 at +2.5 s (C, D), 1 at +5.0 s (E)\n");
}

TEST_CASE("plan of fire: fewer links than the share cost round trips") {
    CHECK(plan_of_fire(plan_of(7, account_with({}, 2))) ==
          "mm-1: 7 families: 5 at 0 s (A, B, C, D, E), 2 at +2.0 s (F, G); 2 links: 2 leave at "
          "once, the last "
          "of a burst 2 round trips later\n");
    CHECK(has(plan_of_fire(plan_of(2, account_with({}, 1))),
              "; 1 link: 1 leaves at once, the last of a burst 1 round trip later\n"));
    CHECK_FALSE(has(plan_of_fire(plan_of(2, account_with({}, 2))), "link"));
}

TEST_CASE("plan of fire: each account has its own budget") {
    auto plan = plan_of(1);
    plan.accounts.push_back({"mm-2", {}, 5});
    plan.families.push_back({"mm-2/Z", id_at<AccountId>(1), "Z", 0ms});
    CHECK(plan_of_fire(plan) == "mm-1: 1 family: 1 at 0 s (A)\nmm-2: 1 family: 1 at 0 s (Z)\n");
}

TEST_CASE("changes: rules added, changed and removed are named, with what was and what will be") {
    const auto limit = [](const std::string& name, const std::string& keys) {
        return "[[rule]]\nname = \"" + name + "\"\nkind = \"limit\"\nmetric = \"delta\"\n" + keys +
               "\n";
    };
    const auto before = small + limit("delta", "beyond = 25") + limit("old", "above = 1") +
                        limit("same", "above = 2");
    const auto after =
        small +
        "user = [\"uid:8\"]\n[timings]\nretry_first_ms = 50\n[rights]\nread = [\"uid:7\"]\n" +
        limit("same", "above = 2") + limit("delta", "beyond = 30\nconfirm = 2") +
        limit("new", "above = 3");
    const auto found = changes(config_of(before), config_of(after));
    CHECK(found.rules_added == std::vector{"new"s});
    CHECK(found.rules_changed == std::vector{"delta"s});
    CHECK(found.rules_removed == std::vector{"old"s});
    CHECK(found.sections == std::vector{"[timings]"s, "[rights]"s, "[[source]] maker-1"s});
    REQUIRE(found.lines.size() == 6);
    CHECK(found.lines[5] ==
          "[[source]] maker-1: # user: everybody who may publish becomes user = [\"uid:8\"]");
    CHECK(found.lines[0] ==
          "rule delta: confirm = 1, beyond = 25 becomes confirm = 2, beyond = 30");
    CHECK(found.lines[1] == "rule new: added");
    CHECK(found.lines[2] == "rule old: removed");
    CHECK(found.lines[3] == "[timings]: retry_first_ms = 100 becomes retry_first_ms = 50");
    CHECK(found.lines[4] == "[rights]: read = [] becomes read = [\"uid:7\"]");
    CHECK(changes(config_of(before), config_of(before)).lines.empty());
}

TEST_CASE("coverage: a family without a rule on a value that kills it is named") {
    const std::string accounts = account + "[[account]]\nname = \"mm-2\"\ncredentials = \"b\"\n";
    const std::string base =
        replaced(small, account, accounts) + "[[family]]\nname = \"mm-2/BTC-USD\"\n";
    const auto text = [&](const std::string& keys) {
        return unwatched_text(
            config_of(base +
                      "[[rule]]\nname = \"r\"\nkind = \"limit\"\nmetric = \"delta\"\n"
                      "above = 1\n" +
                      keys)
                .plan);
    };
    CHECK(text("").empty());
    CHECK(text("families = [\"mm-1/*\"]\n") == "account mm-2");
    CHECK(text("families = [\"mm-1/BTC-USD\", \"mm-2/*\"]\n") == "mm-1/ETH-USD");
    CHECK(text("kills = [\"mm-2/BTC-USD\"]\n") == "account mm-1");
    CHECK(text("shadow = true\n") == "account mm-1, account mm-2");
    CHECK(unwatched_text(config_of(base).plan) == "account mm-1, account mm-2");
}
