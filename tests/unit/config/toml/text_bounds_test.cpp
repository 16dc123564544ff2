// What a hostile or broken file may cost who reads it.
#include "config/toml/text_bounds.h"

#include <sys/stat.h>

#include "tests/unit/config/fixture.h"

using namespace scram;
using namespace scram::test;

namespace {

std::string times(std::size_t count, const std::string& text) {
    std::string all;
    for (std::size_t i = 0; i < count; ++i) all += text;
    return all;
}

}  // namespace

TEST_CASE("text bounds: a key of forty thousand parts is refused, wherever it stands") {
    const std::string parts = times(40'000, "a.") + "a";
    for (const std::string& text :
         {parts + " = 1\n", "[" + parts + "]\n", "[[" + parts + "]]\n", "x = {" + parts + " = 1}\n",
          "x = [{" + parts + " = 1}]\n", times(40'000, "\"a\" . ") + "a = 1\n"}) {
        CAPTURE(text.substr(0, 20));
        const auto errors = errors_of("wait = \"spin\"\n" + text);
        REQUIRE(errors.size() == 1);
        CHECK(errors[0].message == "expected a key of at most 16 parts between dots");
        CHECK(errors[0].line == 2);
        CHECK(errors[0].text().size() < 600);
    }
}

TEST_CASE("text bounds: lists and tables nest to sixteen levels") {
    const auto nested = [](std::size_t levels) {
        return "x = " + std::string(levels, '[') + std::string(levels, ']') + "\n";
    };
    CHECK_FALSE(config::beyond_bounds(nested(16)));
    const auto fault = config::beyond_bounds("\n" + nested(17));
    REQUIRE(fault);
    CHECK(fault->place.line == 2);
    CHECK(fault->place.column == 21);
    CHECK(has(fault->message, "expected brackets nested at most 16 levels deep"));
    CHECK(config::beyond_bounds("x = " + times(17, "{a=") + "1" + std::string(17, '}')));
}

TEST_CASE("text bounds: what stands in texts and comments is not counted") {
    const std::string many = std::string(40, '[') + times(40, "a.");
    for (const std::string& text :
         {"x = \"" + many + "\"\n", "x = '" + many + "'\n", "# " + many + "\n",
          "x = \"\"\"\n" + many + "\n\"\"\"\n", "x = '''\n" + many + "\n'''\n",
          "x = \"\\\"" + many + "\"\n", "# one's\nx = [1.5, 2.5] # " + many}) {
        CAPTURE(text);
        CHECK_FALSE(config::beyond_bounds(text));
        CHECK(config::beyond_bounds(text + "\ny = " + many));
    }
}

TEST_CASE("text bounds: a text without its closing quote ends with its line") {
    CHECK(config::beyond_bounds("x = \"open\ny = " + std::string(17, '[')));
    CHECK_FALSE(config::beyond_bounds("x = \"open"));
    CHECK_FALSE(config::beyond_bounds("x = '''open"));
    CHECK_FALSE(config::beyond_bounds("x = \"open\\"));
}

TEST_CASE("text bounds: of forty thousand errors the first fifty are told, and the rest counted") {
    std::string text = small + "[exchange]\n";
    for (int i = 0; i < 40'000; ++i) text += "k" + std::to_string(i) + " = 1\n";
    const auto errors = errors_of(text);
    REQUIRE(errors.size() == 51);
    for (std::uint32_t i = 0; i < 50; ++i) CHECK(errors[i].line == errors[0].line + i);
    CHECK(has(errors[0].message, "unknown key \"k0\" in [exchange]"));
    CHECK(errors[50].text() == "/etc/scramd/scramd.toml: and 39950 more errors");
}

TEST_CASE("text bounds: a giant name is cut where it is told") {
    const auto errors = errors_of(small + std::string(80'000, 'k') + " = 1\n");
    REQUIRE(errors.size() == 1);
    CHECK(errors[0].text().size() < 1000);
}

TEST_CASE("text bounds: a pipe and a device are refused at once") {
    const TempFolder temp;
    const auto pipe = temp.path() / "pipe";
    REQUIRE(mkfifo(pipe.c_str(), 0600) == 0);
    for (const std::filesystem::path& file : {pipe, std::filesystem::path{"/dev/zero"}}) {
        const auto result = load(file);
        REQUIRE(std::holds_alternative<std::vector<ConfigError>>(result));
        CHECK(std::get<std::vector<ConfigError>>(result)[0].message == "is not a regular file");
        CHECK(std::holds_alternative<std::vector<ConfigError>>(read_config_text(file)));
    }
}
