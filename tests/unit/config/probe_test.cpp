#include "config/probe.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "tests/unit/config/fixture.h"

namespace scram {
namespace {

// What scram-probe writes where OKX does what scramd relies on; `points` come on top.
std::string file_text(const std::string& points = "", const std::string& head = "") {
    const std::string start =
        head.empty() ? R"("program":"scram-probe","v":1,"host":"www.okx.com","demo":false,)"
                       R"("uid":"446","family":"BTC-USD")"
                     : head;
    return "{" + start + R"(,"points":{)" + points + "}}";
}

std::string point(const std::string& name, const std::string& value,
                  const std::string& detail = "seen") {
    return fmt::format(R"("{}":{{"value":{},"detail":"{}"}})", name, value, detail);
}

ProbeResult probe_of(const std::string& json) {
    auto result = parse_probe(json, "seen.json");
    if (auto* probe = std::get_if<ProbeResult>(&result)) return std::move(*probe);
    FAIL_CHECK(std::get<std::string>(result));
    return {};
}

std::string error_of(const std::string& json) {
    const auto result = parse_probe(json, "seen.json");
    const auto* error = std::get_if<std::string>(&result);
    return error ? *error : "";
}

std::string config_with(const std::string& what, const std::string& by) {
    std::string text = test::small;
    return text.replace(text.find(what), what.size(), by);
}

// One line each: "error: ", "warning: ", "open: ".
std::string differences(const std::string& points, const Config& config,
                        const std::string& head = "") {
    const ConfigFindings found = compare(config, probe_of(file_text(points, head)));
    std::string out;
    for (const auto& text : found.errors) out += "error: " + text + "\n";
    for (const auto& text : found.warnings) out += "warning: " + text + "\n";
    for (const auto& text : found.not_checked) out += "open: " + text + "\n";
    return out;
}

std::string differences(const std::string& points, const std::string& config = test::small,
                        const std::string& head = "") {
    return differences(points, test::config_of(config), head);
}

bool contains(const std::string& text, std::string_view part) {
    return text.find(part) != text.npos;
}

TEST_CASE("probe: values are texts, numbers or open") {
    const ProbeResult probe =
        probe_of(file_text(point("window", R"("sliding")") + "," + point("window_slots", "5") +
                           "," + point("lock", "null", "needs --with-orders")));
    CHECK(probe.host == "www.okx.com");
    CHECK(probe.family == "BTC-USD");
    CHECK(probe.value("window") == "sliding");
    CHECK(probe.value("window_slots") == "5");
    CHECK(probe.value("lock").empty());
    CHECK(probe.points.at("lock").open);
    CHECK(probe.points.at("lock").detail == "needs --with-orders");
    CHECK(probe.value("no_such_point").empty());
}

TEST_CASE("probe: what is no such file is refused with what is wrong, and how to make one") {
    const std::pair<std::string, std::string> broken[] = {
        {"", "is no JSON object"},
        {"[]", "is no JSON object"},
        {"{", "is no JSON object"},
        {"{}", "was not written by scram-probe"},
        {R"({"program":"other","v":1})", "was not written by scram-probe"},
        {R"({"program":"scram-probe"})", "v: expected a number"},
        {R"({"program":"scram-probe","v":2})",
         "is of version 2, and this scramctl reads version 1"},
        {file_text("", R"("program":"scram-probe","v":1)"), "host: expected a text"},
        {file_text("", R"("program":"scram-probe","v":1,"host":"h","demo":1)"),
         "demo: expected true or false"},
        {file_text(R"("lock":1)"), "points.lock.detail: expected a text"},
        {file_text(R"("lock":{"detail":""})"), "points.lock.value: expected"},
        {file_text(point("lock", "[]")), "points.lock.value: expected"},
        {file_text(point("lock", "0.5")), "points.lock.value: expected"},
        {R"({"program":"scram-probe","v":1,"host":"h","demo":true,"uid":"1","family":"F"})",
         "points: expected an object"}};
    for (const auto& [json, why] : broken) {
        CAPTURE(json);
        const std::string error = error_of(json);
        CAPTURE(error);
        CHECK(error.starts_with("seen.json: "));
        CHECK(contains(error, why));
        CHECK(contains(error, "scram-probe --json seen.json"));
    }
    const auto missing = load_probe("/nonexistent/seen.json");
    REQUIRE(std::holds_alternative<std::string>(missing));
    CHECK(contains(std::get<std::string>(missing), "/nonexistent/seen.json: cannot be opened"));
}

TEST_CASE("probe: deep nesting and bytes of any kind are refused, not followed") {
    CHECK(contains(error_of(std::string(100'000, '[')), "is no JSON object"));
    CHECK(contains(error_of(std::string("\x00\xff\x1b[2J", 6)), "is no JSON object"));
}

TEST_CASE("probe: texts reach a terminal as printable ASCII") {
    const ProbeResult probe = probe_of(file_text(point("lock", "null", "\\u001b[2Jred \\u009b")));
    CHECK(probe.points.at("lock").detail == "?[2Jred ??");
}

TEST_CASE("probe: where OKX does what scramd relies on there is no difference") {
    CHECK(differences(
              point("permission", R"("trade")") + "," + point("account_mode", R"("4")") + "," +
              point("key_bound", R"("yes")") + "," + point("mass_cancel", R"("works")") + "," +
              point("empty_family", R"("true")") + "," + point("window", R"("sliding")") + "," +
              point("window_slots", "5") + "," + point("limit_code", R"("50011")") + "," +
              point("plain_left", R"("yes")") + "," + point("lock", R"("works")") + "," +
              point("lock_scope", R"("all")") + "," + point("lock_amend", R"("blocked")") + "," +
              point("lock_release", R"("yes")")) == "");
    CHECK(differences("") == "");
    CHECK(differences(point("empty_family", R"("51405")")) == "");
    CHECK(differences(point("refusal_code", "null", "this account may mass-cancel")) == "");
}

TEST_CASE("probe: each difference is said in a sentence") {
    struct Case {
        std::string point, said;
    };
    const Case cases[] = {
        {point("permission", R"("missing")"), "error: the key of account 446 may not trade"},
        {point("account_mode", R"("3")"), "error: account 446 is in mode 3"},
        {point("key_bound", R"("no")"), "warning: the key of account 446 is bound to no address"},
        {point("mass_cancel", R"("refused")") + "," + point("refusal_code", R"("51411")"),
         "error: OKX refused to mass-cancel for account 446 (code 51411: the account lacks"},
        {point("mass_cancel", R"("missing")") + "," + point("refusal_code", R"("50038")"),
         "error: OKX has no mass-cancel in live trading (code 50038"},
        {point("empty_family", R"("false")"), "answered with result false"},
        {point("empty_family", R"("51410")"), "answered with code 51410"},
        {point("plain_left", R"("no")"), "warning: a mass-cancel also cancels orders"},
        {point("window_slots", "3"),
         "warning: budget of mm-1: share = 5, and OKX took 3 mass-cancels in 2 s"},
        {point("limit_code", R"("51000")"), "answered with code 51000"},
        {point("lock", R"("absent")"),
         "warning: lock_ms is above 0 for mm-1/BTC-USD, mm-1/ETH-USD, and OKX takes new orders"},
        {point("lock", R"("refused")"),
         "error: lock_ms is above 0 for mm-1/BTC-USD, mm-1/ETH-USD, and OKX refuses a cancel"},
        {point("lock_scope", R"("mmp")"), "warning: a lock refuses new MMP orders alone"},
        {point("lock_amend", R"("free")"), "warning: orders can be amended under a lock"},
        {point("lock_release", R"("no")"), "warning: lockInterval 0 does not end a lock"},
        {point("lock", "null", "too slow") + "," + point("gone_ms", "null", "too slow"),
         "open: open points of scram-probe: gone_ms, lock: too slow\n"}};
    for (const Case& wanted : cases) {
        CAPTURE(wanted.point);
        const std::string said = differences(wanted.point);
        CAPTURE(said);
        CHECK(contains(said, wanted.said));
        CHECK(std::count(said.begin(), said.end(), '\n') == 1);
    }
}

TEST_CASE("probe: a config that asks for less has fewer differences") {
    const std::string unlocked =
        config_with("name = \"mm-1/BTC-USD\"\n", "name = \"mm-1/BTC-USD\"\nlock_ms = 0\n");
    CHECK(contains(differences(point("lock", R"("absent")"), unlocked),
                   "above 0 for mm-1/ETH-USD, and"));
    const std::string none =
        config_with("[[family]]\nname = \"mm-1/ETH-USD\"\n", "") +
        "[[rule]]\nname = \"r\"\nkind = \"limit\"\nmetric = \"delta\"\nbeyond = 1\nlock_ms = 5\n";
    std::string rule_alone = none;
    rule_alone.replace(rule_alone.find("mm-1/BTC-USD\"\n"), 14, "mm-1/BTC-USD\"\nlock_ms = 0\n");
    CHECK(contains(differences(point("lock", R"("refused")"), rule_alone),
                   "above 0 for rule r, and"));
    std::string no_lock = rule_alone;
    no_lock.replace(no_lock.find("lock_ms = 5"), 11, "lock_ms = 0");
    for (const char* value : {R"("refused")", R"("absent")"})
        CHECK(differences(point("lock", value), no_lock) == "");
    const std::string three = config_with("credentials = \"mm-1.credentials\"\n",
                                          "credentials = \"mm-1.credentials\"\n"
                                          "budget = { share = 3 }\n");
    CHECK(differences(point("window_slots", "3"), three) == "");
}

TEST_CASE("probe: what only some configs ask for is said to those") {
    const auto with = [](auto change) {
        Config config = test::config_of(test::small);
        change(config.plan);
        return config;
    };
    const std::string ignored = point("lock_renewal", R"("ignored")");
    CHECK(differences(ignored) == "");
    CHECK(contains(differences(ignored, with([](Plan& plan) { plan.families[1].hold = true; })),
                   "warning: hold is set for mm-1/ETH-USD, and a lock while one holds changes"));

    const std::string missing = point("cancel_all_after", R"("missing")");
    CHECK(differences(missing) == "");
    CHECK(contains(
        differences(missing, with([](Plan& plan) { plan.accounts[0].dead_man.emplace(); })),
        "error: dead_man is set for mm-1, and OKX has no cancel-all-after in live trading"));

    const auto patient = with([](Plan& plan) { plan.timings.unverified_after = 2s; });
    CHECK(differences(point("gone_ms", "2000"), patient) == "");
    CHECK(contains(differences(point("gone_ms", "2001"), patient),
                   "warning: OKX lists a cancelled order for 2001 ms, and unverified_after is "
                   "2000 ms"));
}

TEST_CASE("probe: another market, host or family is said") {
    const auto head = [](const std::string& host, const std::string& demo,
                         const std::string& family) {
        return fmt::format(R"("program":"scram-probe","v":1,"host":"{}","demo":{},"uid":"446",)"
                           R"("family":"{}")",
                           host, demo, family);
    };
    CHECK(contains(differences("", test::small, head("www.okx.com", "true", "BTC-USD")),
                   "asked demo trading, and with simulated_trading = false this config speaks to "
                   "live trading"));
    CHECK(contains(differences("", test::small, head("eea.okx.com", "false", "BTC-USD")),
                   "asked eea.okx.com, which is none of hosts (\"openapi.okx.com\", "
                   "\"www.okx.com\"): regions may differ"));
    CHECK(contains(differences("", test::small, head("www.okx.com", "false", "SOL-USD")),
                   "SOL-USD, which is no family of this config"));
    CHECK(!contains(differences(point("key_bound", R"("no")"), test::small,
                                head("www.okx.com", "true", "BTC-USD")),
                    "bound to no address"));
}

}  // namespace
}  // namespace scram
