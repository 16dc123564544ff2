// [[account]], [[family]], [[source]].
#include "tests/unit/config/fixture.h"

using namespace scram;
using namespace std::string_literals;
using namespace scram::test;

namespace {

const std::string family = "[[family]]\nname = \"mm-1/BTC-USD\"\n";

std::string budget(const std::string& keys) {
    return account + "budget = { " + keys + " }\n" + family;
}

}  // namespace

TEST_CASE("account: every key arrives") {
    const auto config = config_of(account + R"(links = 3
budget = { share = 4, reserve = 1, window_ms = 2100, guard_ms = 500 }
)" + family);
    const auto& spec = config.plan.accounts.at(0);
    CHECK(spec.name == "mm-1");
    CHECK(spec.links == 3);
    CHECK(spec.budget.slots == 4);
    CHECK(spec.budget.reserve == 1);
    CHECK(spec.budget.window == 2100ms);
    CHECK(spec.budget.guard == 500ms);
    CHECK(config.credentials.at(0) == "/etc/scramd/mm-1.credentials");
}

TEST_CASE("account: name and credentials are needed") {
    CHECK(messages("[[account]]\n[[family]]\nname = \"mm-1/B-USD\"\n") ==
          "[[account]]: expected the key \"name\" (a name of your choice, as in "
          "\"mm-1\")\n[[account]]: expected the key \"credentials\" (the file with its key, secret "
          "and passphrase)\n[[account]]: expected at least one [[family]] of this account, got "
          "none: there is nothing that it could cancel\naccount: expected a declared name (the "
          "file declares none), got \"mm-1\"\n");
}

TEST_CASE("account: without a family it is refused") {
    CHECK(messages(account) ==
          "[[account]] mm-1: expected at least one [[family]] of this account, got none: there is "
          "nothing that it could cancel\n");
}

TEST_CASE("account: two of them have two names and two credentials") {
    const auto text = messages(account + account + family);
    CHECK(has(text, "account: expected each name once, got \"mm-1\" again"));
    CHECK(has(text, "credentials: expected a file of its own for each account"));
}

TEST_CASE("account: credentials come from the service manager's folder when it names one") {
    const CredentialsFolder folder{"/run/credentials/scramd.service"};
    CHECK(config_of(small).credentials.at(0) == "/run/credentials/scramd.service/mm-1.credentials");
    const std::string absolute =
        "[[account]]\nname = \"mm-1\"\ncredentials = \"/etc/scramd/c\"\n" + family;
    CHECK(config_of(absolute).credentials.at(0) == "/etc/scramd/c");
}

TEST_CASE("account: 1 to 8 links") {
    CHECK(messages(account + "links = 8\n" + family).empty());
    CHECK(messages(account + "links = 9\n" + family) ==
          "links: expected an integer from 1 to 8, got 9\n");
    CHECK(has(messages(account + "links = 0\n" + family),
              "links: expected an integer from 1 to 8, got 0"));
}

TEST_CASE("account: 16 are the most") {
    std::string text;
    for (int i = 0; i < 17; ++i) {
        const auto name = "a" + std::to_string(i);
        text += "[[account]]\nname = \"" + name + "\"\ncredentials = \"" + name +
                "\"\n[[family]]\nname = \"" + name + "/B-USD\"\n";
        if (i == 15) CHECK(messages(text).empty());
    }
    CHECK(has(messages(text), "[[account]]: expected at most 16, got 17"));
}

TEST_CASE("budget: the share is 1 to 5, as OKX allows five") {
    CHECK(messages(budget("share = 5")).empty());
    CHECK(
        messages(budget("share = 6")) ==
        "share: expected an integer from 1 to 5 (OKX: 5 requests in 2 s for one User ID), got 6\n");
    CHECK(has(
        messages(budget("share = 0")),
        "share: expected an integer from 1 to 5 (OKX: 5 requests in 2 s for one User ID), got 0"));
}

TEST_CASE("budget: the reserve is below the share, also by default") {
    CHECK(
        messages(budget("share = 3, reserve = 3")) ==
        "reserve: expected 0 to 2 (below share, or lock renewals would never get a slot), got 3\n");
    CHECK(messages(budget("share = 3, reserve = 2")).empty());
    CHECK(config_of(budget("share = 1")).plan.accounts.at(0).budget.reserve == 0);
    CHECK(config_of(budget("share = 5")).plan.accounts.at(0).budget.reserve == 2);
}

TEST_CASE("budget: the window is never shorter than OKX's") {
    CHECK(messages(budget("window_ms = 2000")).empty());
    CHECK(messages(budget("window_ms = 1999.9")) ==
          "window_ms: expected a number of milliseconds from 2000 to 60000 (OKX counts over 2 s), "
          "got 1999.9\n");
}

TEST_CASE("family: name, account and lock arrive, in the order of the file") {
    const auto plan = config_of(R"(
[[account]]
name = "a"
credentials = "a"
[[account]]
name = "b"
credentials = "b"
[[family]]
name = "b/ETH-USD"
lock_ms = 5000
[[family]]
name = "a/BTC-USD_UM"
)")
                          .plan;
    REQUIRE(plan.families.size() == 2);
    CHECK(plan.families[0].name == "b/ETH-USD");
    CHECK(plan.families[0].inst_family == "ETH-USD");
    CHECK(index(plan.families[0].account) == 1);
    CHECK(plan.families[0].lock == 5000ms);
    CHECK(plan.families[1].inst_family == "BTC-USD_UM");
    CHECK(index(plan.families[1].account) == 0);
    CHECK(plan.families[1].lock == 10'000ms);
}

TEST_CASE("family: its name is ACCOUNT/FAMILY, 31 bytes at most") {
    const auto named = [](const std::string& name) {
        return messages(small + "[[family]]\nname = \"" + name + "\"\n");
    };
    CHECK(named("mm-1/" + std::string(22, 'X') + "-USD").empty());
    for (const auto& name : {"BTC-USD"s, "mm-1/"s, "/BTC-USD"s, "mm-1/BTC/USD"s, "mm-1/BTC USD"s,
                             "mm-1/" + std::string(27, 'X')}) {
        CAPTURE(name);
        CHECK(has(named(name),
                  "expected ACCOUNT/FAMILY, as in \"mm-1/BTC-USD\", at most 31 letters, digits, - "
                  "_ . in all, got "));
    }
}

TEST_CASE("family: it is spelled as OKX spells one, or the spelling that was meant is named") {
    const auto named = [](const std::string& name) {
        return messages(small + "[[family]]\nname = \"mm-1/" + name + "\"\n");
    };
    for (const auto* name : {"SOL-USD", "BTC-USD_UM", "1INCH-USDC"}) CHECK(named(name).empty());
    CHECK(named("sol-usd") ==
          "expected an option family as OKX names it (capital letters and digits on both sides of "
          "one \"-\", as in \"BTC-USD\" or \"BTC-USD_UM\"), got \"sol-usd\" (did you mean "
          "\"mm-1/SOL-USD\"?)\n");
    CHECK(has(named("SOL-USD-261225"), "(did you mean \"mm-1/SOL-USD\"?)"));
    CHECK(has(named("SOL-USD-261225-200-C"), "(did you mean \"mm-1/SOL-USD\"?)"));
    CHECK(has(named("SOLUSD"), "(did you mean \"mm-1/SOL-USD\"?)"));
    CHECK(has(named("SOL-USD_um"), "(did you mean \"mm-1/SOL-USD_UM\"?)"));
    for (const auto* name : {"SOL", "-USD", "SOL-", "USD", "SOL_USD", "SOL-USD_", "SOL.USD"}) {
        CAPTURE(name);
        CHECK(has(named(name), "expected an option family as OKX names it"));
    }
}

TEST_CASE("family: for a kill without the daemon a strange spelling is a warning") {
    const auto text = small + "[[family]]\nname = \"mm-1/sol-usd\"\n";
    auto result = parse(text, "/etc/scramd/scramd.toml", ForWhat::a_kill);
    const auto* config = std::get_if<Config>(&result);
    REQUIRE(config != nullptr);
    CHECK(config->plan.families.back().inst_family == "sol-usd");
    REQUIRE(config->warnings.size() == 1);
    CHECK(has(config->warnings[0].message, "expected an option family as OKX names it"));
}

TEST_CASE("account: \"all\" would mean every family of the file") {
    CHECK(has(messages("[[account]]\nname = \"all\"\ncredentials = \"a\"\n"
                       "[[family]]\nname = \"all/BTC-USD\"\n"),
              "expected any other name for an account, got \"all\""));
}

TEST_CASE("family: its account stands in the file, and each family once") {
    CHECK(has(messages(small + "[[family]]\nname = \"mm1/SOL-USD\"\n"),
              "account: expected one of mm-1, got \"mm1\" (did you mean \"mm-1\"?)"));
    CHECK(has(messages(small + family),
              "family: expected each name once, got \"mm-1/BTC-USD\" again"));
}

TEST_CASE("family: the lock is what OKX takes, whole milliseconds from 0 to 10000") {
    CHECK(config_of(account + family + "lock_ms = 0\n").plan.families.at(0).lock == 0ms);
    CHECK(has(messages(account + family + "lock_ms = 10001\n"),
              "from 0 to 10000 (OKX's lockInterval)"));
    CHECK(has(messages(account + family + "lock_ms = 0.5\n"),
              "lock_ms: expected an integer from 0 to 10000 (OKX's lockInterval), got 0.5"));
}

TEST_CASE("family: 512 are the most") {
    CHECK(messages(account + repeated(512, "[[family]]", "mm-1/X-F")).empty());
    CHECK(has(messages(account + repeated(513, "[[family]]", "mm-1/X-F")),
              "[[family]]: expected at most 512, got 513"));
}

TEST_CASE("source: publishes for all families unless it names some") {
    const auto plan =
        config_of(small + "[[source]]\nname = \"maker-2\"\nfamilies = [\"mm-1/ETH-USD\"]\n").plan;
    CHECK(plan.sources.at(0).families == std::vector{id_at<FamilyId>(0), id_at<FamilyId>(1)});
    CHECK(plan.sources.at(1).families == std::vector{id_at<FamilyId>(1)});
}

TEST_CASE("source: patterns expand in the order of the plan, each family once") {
    const auto plan =
        config_of(small +
                  "[[source]]\nname = \"m\"\nfamilies = [\"mm-1/ETH-USD\", \"mm-1/*\", \"*\"]\n")
            .plan;
    CHECK(plan.sources.at(1).families == std::vector{id_at<FamilyId>(0), id_at<FamilyId>(1)});
}

TEST_CASE("source: a pattern without a match is refused") {
    const auto with = [](const std::string& list) {
        return messages(small + "[[source]]\nname = \"m\"\nfamilies = " + list + "\n");
    };
    CHECK(with("[\"mm-1/BTC-UDS\"]") ==
          "expected a declared family, \"*\" or \"ACCOUNT/*\", got \"mm-1/BTC-UDS\" (did you mean "
          "\"mm-1/BTC-USD\"?)\n");
    CHECK(has(with("[\"mm-2/*\"]"),
              "expected a declared family, \"*\" or \"ACCOUNT/*\", got \"mm-2/*\""));
    CHECK(has(with("[\"mm-1*\"]"),
              "expected a declared family, \"*\" or \"ACCOUNT/*\", got \"mm-1*\""));
    CHECK(has(with("[]"),
              "families: expected at least one name or pattern (or leave the key out), got an "
              "empty list"));
}

TEST_CASE("source: a name that no signal could carry is refused, and each name once") {
    CHECK(messages(small + "[[source]]\nname = \"" + std::string(31, 'x') + "\"\n").empty());
    CHECK(has(messages(small + "[[source]]\nname = \"" + std::string(32, 'x') + "\"\n"),
              "expected a name of 1 to 31 letters, digits, - _ ., got "));
    CHECK(has(messages(small + "[[source]]\nname = \"maker/1\"\n"),
              "expected a name of 1 to 31 letters"));
    CHECK(has(messages(small + "[[source]]\nname = \"maker-1\"\n"),
              "source: expected each name once, got \"maker-1\" again"));
}

TEST_CASE("source: 1024 are the most") {
    const auto base = account + family;
    CHECK(messages(base + repeated(1024, "[[source]]", "m")).empty());
    CHECK(has(messages(base + repeated(1025, "[[source]]", "m")),
              "[[source]]: expected at most 1024, got 1025"));
}

TEST_CASE("source: sources x families x metrics stay within the engine's table") {
    std::string metrics = "metrics = [";
    for (int i = 0; i < 33; ++i) metrics += "\"m" + std::to_string(i) + "\", ";
    const auto text = metrics + "]\n" + account + repeated(64, "[[family]]", "mm-1/X-F") +
                      repeated(512, "[[source]]", "m");
    CHECK(
        messages(text) ==
        "expected at most 1048576 values, got 1081344 (512 sources x 64 families x 33 metrics)\n");
}

TEST_CASE("dead man: its keys arrive, have defaults, and it is none unless asked for") {
    const auto dead_man = [](const std::string& keys) {
        return config_of(account + "dead_man = { " + keys + " }\n" + family)
            .plan.accounts.at(0)
            .dead_man;
    };
    CHECK_FALSE(config_of(account + family).plan.accounts.at(0).dead_man);
    const auto plain = dead_man("");
    REQUIRE(plain);
    CHECK(plain->timeout_s == 30);
    CHECK(plain->tag.empty());
    CHECK(dead_man(R"(timeout_s = 30, tag = "")")->tag.empty());
    CHECK(plain->on_stop == DeadMan::OnStop::leave);
    const auto full = dead_man(R"(timeout_s = 120, tag = "Maker1", on_stop = "disarm")");
    REQUIRE(full);
    CHECK(full->timeout_s == 120);
    CHECK(full->tag == "Maker1");
    CHECK(full->on_stop == DeadMan::OnStop::disarm);
}

TEST_CASE("dead man: what OKX would refuse is refused") {
    const auto told = [](const std::string& keys) {
        return messages(account + "dead_man = { " + keys + " }\n" + family);
    };
    CHECK(has(told("timeout_s = 9"), "from 10 to 120 (OKX's timeOut), got 9"));
    CHECK(has(told("timeout_s = 121"), "got 121"));
    for (const char* tag : {"with-dash", "12345678901234567", "a b", "\xc3\xa4"}) {
        CHECK(has(told("tag = \"" + std::string(tag) + "\""),
                  "tag: expected up to 16 letters and digits (OKX)"));
    }
    CHECK(has(told("on_stop = \"fire\""), "on_stop: expected"));
    CHECK(has(told("time = 1"), "unknown key"));
}

TEST_CASE("rearm: one person by default, or two within a time") {
    const auto rearm = [](const std::string& keys) {
        return config_of(account + keys + family).plan.accounts.at(0).rearm;
    };
    CHECK(rearm("").persons == 1);
    const auto two = rearm("rearm = { persons = 2 }\n");
    CHECK(two.persons == 2);
    CHECK(two.within == 300s);
    CHECK(rearm("rearm = { persons = 2, within_s = 60 }\n").within == 60s);
    const auto told = [](const std::string& keys) {
        return messages(account + "rearm = { " + keys + " }\n" + family);
    };
    CHECK(has(told("persons = 0"), "from 1 to 2, got 0"));
    CHECK(has(told("persons = 3"), "got 3"));
    CHECK(has(told("within_s = 0"), "got 0"));
    CHECK(has(told("within_s = 86401"), "got 86401"));
    CHECK(has(told("people = 2"), "unknown key"));
}
