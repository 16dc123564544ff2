#include <sstream>

#include "tests/unit/config/fixture.h"

using namespace scram;
using namespace scram::test;

namespace {

const std::filesystem::path folder = std::filesystem::path{SCRAM_SOURCE_DIR} / "config";

std::string read(const std::filesystem::path& file) {
    std::ostringstream text;
    text << std::ifstream{file}.rdbuf();
    return text.str();
}

std::string texts(const LoadResult& result) {
    std::string all;
    if (const auto* errors = std::get_if<std::vector<ConfigError>>(&result)) {
        for (const auto& error : *errors) all += error.text() + "\n";
    }
    return all;
}

// Takes the "#" off each line that shows a key.
std::string with_shown_keys(const std::string& text) {
    std::istringstream lines{text};
    std::string result;
    for (std::string line; std::getline(lines, line);) {
        const bool shows_key =
            line.size() > 1 && line[0] == '#' && line[1] >= 'a' && line[1] <= 'z';
        result += line.substr(shows_key ? 1 : 0) + "\n";
    }
    return result;
}

}  // namespace

TEST_CASE("load: the sample files load") {
    for (const auto* name : {"scramd.toml", "samples/two-accounts.toml", "samples/demo.toml"}) {
        CAPTURE(name);
        const auto result = load(folder / name);
        INFO(texts(result));
        CHECK(std::holds_alternative<Config>(result));
    }
}

TEST_CASE("load: the defaults that scramd.toml shows are the defaults") {
    const auto text = read(folder / "scramd.toml");
    auto shown = config_of(with_shown_keys(text));
    CHECK(shown.exchange.ca_file == "/etc/scramd/extra-ca.pem");
    shown.exchange.ca_file.clear();
    CHECK(shown.journal.directory == "/var/lib/scramd");
    CHECK(shown.recording.directory == "/var/lib/scramd/recording");
    shown.recording.directory.clear();
    shown.journal.directory.clear();
    CHECK(shown.source_users.at(0).uids == std::vector<std::uint32_t>{1000});
    shown.source_users.at(0) = {};
    CHECK(shown.wire.warm_peer == "192.0.2.1:9");
    shown.wire.warm_peer.clear();
    CHECK(shown.wire.device == "eth0");
    shown.wire.device.clear();
    REQUIRE(shown.plan.accounts.at(0).dead_man);
    shown.plan.accounts.at(0).dead_man.reset();
    CHECK(describe(shown) == describe(config_of(text)));
    CHECK(with_shown_keys(text) != text);
}

TEST_CASE("load: it spins where it has a core of its own, unless the file says otherwise") {
    CHECK(config_of("cpu = 0\n" + small).wait == Wait::spin);
    CHECK(config_of("cpu = 0\nwait = \"sleep\"\n" + small).wait == Wait::sleep);
    CHECK(config_of("wait = \"spin\"\n" + small).wait == Wait::spin);
}

TEST_CASE("load: what the file leaves out has the defaults of the structs") {
    const auto config = config_of(small);
    const Config defaults;
    CHECK(config.exchange.hosts == defaults.exchange.hosts);
    CHECK(config.paths.signals == defaults.paths.signals);
    CHECK(config.wait == Wait::sleep);
    CHECK(config.cpu == -1);
    CHECK(config.plan.timings.retry_max == defaults.plan.timings.retry_max);
    CHECK(config.file == "/etc/scramd/scramd.toml");
}

TEST_CASE("load: a file that is not there, a folder and a giant are each one clear error") {
    const TempFolder temp;
    CHECK(has(texts(load(temp.path() / "none.toml")), "none.toml: cannot be read: No such file"));
    CHECK(has(texts(load(temp.path())), ": is not a regular file"));
    const auto giant = temp.write("giant.toml", std::string((4u << 20) + 1, '#'));
    CHECK(has(texts(load(giant)), "giant.toml: is larger than 4194304 bytes"));
}

TEST_CASE("load: an empty file says that it has no account") {
    CHECK(texts(parse("", "empty.toml")) ==
          "empty.toml: expected at least one [[account]], got none\n");
}

TEST_CASE("load: a syntax error has its place, and says that reading stopped there") {
    const auto result = parse("wait = \"spin\"\n[exchange\nport = 1\n", "x.toml");
    CHECK(has(texts(result), "x.toml:2:10: this is not TOML, and reading stopped here: "));
    CHECK(has(texts(result), "\n    [exchange\n             ^\n"));
}

TEST_CASE("load: an error shows file, line, column, the line and a caret") {
    const auto text = "wait = \"sleep\"\n" + small + "[timings]\n\tretry_max_ms = 0\n";
    CHECK(texts(parse(text, "scramd.toml")) ==
          "scramd.toml:13:17: retry_max_ms: expected a number of milliseconds from 1 to 60000, got "
          "0\n    \tretry_max_ms = 0\n    \t               ^\n");
}

TEST_CASE("load: the caret stands below its character behind letters of several bytes") {
    const ConfigError error{"f", 1, 5, "m", "'é' = 1"};
    CHECK(error.text() == "f:1:5: m\n    'é' = 1\n        ^");
    const ConfigError behind_tab{"f", 1, 3, "m", "é\t1"};
    CHECK(behind_tab.text() == "f:1:3: m\n    é\t1\n     \t^");
}

TEST_CASE("load: all errors come in one run, in the order of their lines") {
    const auto errors = errors_of(R"(wait = "nap"
colour = 1
[exchange]
port = 70000
hots = "x"
[[account]]
name = "mm-1"
credentials = "c"
links = 9
[[family]]
name = "mm-2/BTC-USD"
[[source]]
name = "maker 1"
[[rule]]
name = "r"
kind = "limit"
metric = "delta"
)");
    std::vector<std::uint32_t> lines;
    for (const auto& error : errors) lines.push_back(error.line);
    CHECK(lines == std::vector<std::uint32_t>{1, 2, 4, 5, 6, 9, 11, 13, 14, 17});
}

TEST_CASE("load: an unknown key is refused with the nearest and all expected ones") {
    CHECK(messages(small + "[paths]\nsignal = \"/a\"\n") ==
          "unknown key \"signal\" in [paths] (did you mean \"signals\"?); expected one of signals, "
          "control, signals_mode, control_mode\n");
    CHECK(has(messages(account + "budget = { shrae = 5 }\n"),
              "unknown key \"shrae\" in [[account]] mm-1 budget (did you mean \"share\"?)"));
    CHECK(has(messages(account + "budget.window = 2005\n"), "did you mean \"window_ms\"?"));
    CHECK_FALSE(has(messages(small + "[paths]\nqqq = \"/a\"\n"), "did you mean"));
    CHECK(has(messages("rules = 1\n" + small),
              "unknown key \"rules\" at the top (did you mean \"rule\"?)"));
}

TEST_CASE("load: a wrong type says what was expected and what the file has") {
    CHECK(messages("wait = 3\n" + small) == "wait: expected one of \"sleep\", \"spin\", got 3\n");
    CHECK(messages("cpu = \"two\"\n" + small) ==
          "cpu: expected an integer from -1 to 1023 (-1: not pinned), got \"two\"\n");
    CHECK(messages("cpu = 2.5\n" + small) ==
          "cpu: expected an integer from -1 to 1023 (-1: not pinned), got 2.5\n");
    CHECK(messages("exchange = [1]\n" + small) ==
          "exchange: expected a table, as in [exchange], got a list\n");
    CHECK(messages(small + "[rule]\nname = \"r\"\n") ==
          "rule: expected sections that each start with a line [[rule]], got a table\n");
    CHECK(messages(small + "[exchange]\nsimulated_trading = 1\n") ==
          "simulated_trading: expected true or false, got 1\n");
    CHECK(messages(small + "[exchange]\npins = \"sha256/x\"\n") ==
          "pins: expected a list of strings, as in [\"...\"], got \"sha256/x\"\n");
    CHECK(has(messages(small + "[exchange]\nhost = 1979-05-27\n"),
              "host: expected a string in quotes, not empty and without control characters, got a "
              "date or time"));
}

TEST_CASE("load: a message repeats no control character of the file") {
    for (const auto& error : errors_of("wait = \"\\u001b[2J\"\n" + small)) {
        CHECK_FALSE(has(error.text(), "\x1b"));
        CHECK(has(error.message, "\\u001B[2J"));
    }
    CHECK_FALSE(has(texts(parse("\x1b[2J = 1\n", "x")), "\x1b"));
}

TEST_CASE("load: no text may hide a line end or a NUL") {
    CHECK(has(messages(small + "[paths]\nsignals = \"/run/a\\u0000b\"\n"),
              "without control characters"));
    CHECK(has(messages(small + "[rights]\nread = [\"user:root\\u0000x\"]\n"),
              "without control characters"));
}

TEST_CASE("load: whatever is cut off or damaged, the result is a config or errors") {
    const auto text = read(folder / "samples/demo.toml");
    for (std::size_t size = 0; size < text.size(); ++size) {
        const auto cut = parse(text.substr(0, size), "cut.toml");
        if (const auto* errors = std::get_if<std::vector<ConfigError>>(&cut))
            CHECK_FALSE(errors->empty());
        auto damaged = text;
        damaged[size] = static_cast<char>(size * 7);
        const auto result = parse(damaged, "damaged.toml");
        if (const auto* errors = std::get_if<std::vector<ConfigError>>(&result)) {
            REQUIRE_FALSE(errors->empty());
            CHECK_FALSE(errors->front().text().empty());
        }
    }
}
