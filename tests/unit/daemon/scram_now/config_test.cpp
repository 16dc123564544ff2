#include "daemon/scram_now/config.h"

#include <doctest/doctest.h>
#include <sys/stat.h>

#include <filesystem>

#include "tests/unit/config/fixture.h"

using namespace scram;
using namespace scram::test;

namespace {

Config two_accounts() {
    std::string text = small;
    const std::size_t at = text.find("[[family]]");
    text.insert(at, "[[account]]\nname = \"mm-2\"\ncredentials = \"mm-2.credentials\"\n");
    return config_of(text + "[[family]]\nname = \"mm-2/BTC-USD\"\n");
}

std::vector<std::string> names(const std::vector<std::string>& targets) {
    const Config config = two_accounts();
    const auto found = families_of(config.plan, targets);
    std::vector<std::string> out;
    for (const FamilyId id : std::get<std::vector<FamilyId>>(found))
        out.push_back(config.plan.families[index(id)].name);
    return out;
}

using Names = std::vector<std::string>;

}  // namespace

TEST_CASE("now config: targets name families in the order of fire, each once") {
    CHECK(names({"all"}) == Names{"mm-1/BTC-USD", "mm-1/ETH-USD", "mm-2/BTC-USD"});
    CHECK(names({"mm-2"}) == Names{"mm-2/BTC-USD"});
    CHECK(names({"mm-2", "mm-1/ETH-USD", "mm-1"}) ==
          Names{"mm-1/BTC-USD", "mm-1/ETH-USD", "mm-2/BTC-USD"});
}

TEST_CASE("now config: an unknown target is named, and those that are known") {
    const Config config = two_accounts();
    const auto found = families_of(config.plan, {"mm-1", "BTC-USD"});
    CHECK(std::get<std::string>(found) ==
          "unknown target 'BTC-USD'; known: all, mm-1, mm-2, mm-1/BTC-USD, mm-1/ETH-USD, "
          "mm-2/BTC-USD");
}

TEST_CASE("now config: the engine is told of the targets, their accounts and no rules") {
    Plan whole = two_accounts().plan;
    whole.rules.emplace_back();
    whole.sources.emplace_back();
    whole.timings.retry_refused = 1234ms;
    const NowPlan aimed = plan_for(whole, {FamilyId{2}}, 0ms);
    CHECK(aimed.accounts == std::vector{AccountId{1}});
    REQUIRE(aimed.plan.accounts.size() == 1);
    CHECK(aimed.plan.accounts[0].name == "mm-2");
    REQUIRE(aimed.plan.families.size() == 1);
    CHECK(aimed.plan.families[0].name == "mm-2/BTC-USD");
    CHECK(aimed.plan.families[0].account == AccountId{0});
    CHECK(aimed.plan.families[0].lock == 0ms);
    CHECK(aimed.plan.rules.empty());
    CHECK(aimed.plan.sources.empty());
    CHECK(aimed.plan.timings.retry_refused == 1234ms);
    CHECK(plan_for(whole, {FamilyId{0}}, {}).plan.families[0].lock == whole.families[0].lock);
}

TEST_CASE(
    "now config: a link for each family and one more, as many as there are slots, two at least") {
    Plan whole = two_accounts().plan;
    const std::vector<FamilyId> one{FamilyId{0}}, two{FamilyId{0}, FamilyId{1}};
    CHECK(plan_for(whole, one, {}).plan.accounts[0].links == 2);
    CHECK(plan_for(whole, two, {}).plan.accounts[0].links == 3);
    whole.accounts[0].budget.slots = 1;
    CHECK(plan_for(whole, two, {}).plan.accounts[0].links == 2);
    whole.accounts[0].budget.slots = 5;
    whole.families.resize(9, whole.families[0]);
    std::vector<FamilyId> all;
    for (std::size_t f = 3; f < 9; ++f) all.push_back(id_at<FamilyId>(f));
    CHECK(plan_for(whole, all, {}).plan.accounts[0].links == 5);
}

namespace {

std::variant<NowConfig, std::vector<ConfigError>> load_text(const std::string& text) {
    const TempFolder folder;
    return load_for_now(folder.write("scramd.toml", text));
}

}  // namespace

TEST_CASE("now config: a good file is taken as it is") {
    const auto loaded = load_text(small + "[timings]\nretry_refused_ms = 1234\n");
    REQUIRE(std::holds_alternative<NowConfig>(loaded));
    CHECK(std::get<NowConfig>(loaded).ignored.empty());
    CHECK(std::get<NowConfig>(loaded).config.plan.timings.retry_refused == 1234ms);
}

TEST_CASE("now config: errors in what a cancel does not need are told and passed over") {
    for (const std::string bad :
         {"[[rule]]\nname = \"x\"\nkind = \"no such\"\n", "[rights]\ntrip = [\"nobody-here\"]\n",
          "[journal]\nkeep = -1\n", "[wire]\nrecords = \"wet\"\n", "[paths]\nsignals = 1\n",
          "[[source]]\nname = \"maker-1\"\n", "[timings]\nanswer_timeout_ms = 0\n"}) {
        const auto loaded = load_text(small + bad);
        REQUIRE_MESSAGE(std::holds_alternative<NowConfig>(loaded), bad);
        const auto& config = std::get<NowConfig>(loaded);
        CHECK_FALSE(config.ignored.empty());
        CHECK(config.config.plan.families.size() == 2);
        CHECK(config.config.credentials.size() == 1);
    }
}

TEST_CASE("now config: timings that are right survive errors elsewhere") {
    const auto loaded = load_text(small + "[timings]\nretry_refused_ms = 1234\n[wire]\nx = 1\n");
    CHECK(std::get<NowConfig>(loaded).config.plan.timings.retry_refused == 1234ms);
}

TEST_CASE(
    "now config: what may hide a family, an account or the exchange is no error to pass over") {
    for (const std::string bad :
         {"[[familly]]\nname = \"mm-1/SOL-USD\"\n", "[exchnge]\nhost = \"eea.okx.com\"\n",
          "[exchange]\nport = 0\n", "[[family]]\nname = \"mm-9/SOL-USD\"\n", "[[family\n"}) {
        const auto loaded = load_text(small + bad);
        REQUIRE_MESSAGE(std::holds_alternative<std::vector<ConfigError>>(loaded), bad);
        CHECK_FALSE(std::get<std::vector<ConfigError>>(loaded).empty());
    }
}

TEST_CASE("now config: what is no regular file, or too large, is refused and not waited for") {
    const auto refusal = [](const std::filesystem::path& file) {
        const auto loaded = load_for_now(file);
        const auto* errors = std::get_if<std::vector<ConfigError>>(&loaded);
        REQUIRE(errors != nullptr);
        return errors->at(0).message;
    };
    const TempFolder folder;
    const auto large = folder.write("large.toml", "");
    const auto fifo = large.parent_path() / "fifo";
    REQUIRE(mkfifo(fifo.c_str(), 0600) == 0);
    CHECK(refusal(fifo) == "is not a regular file");
    CHECK(refusal("/dev/zero") == "is not a regular file");
    CHECK(refusal(large.parent_path()) == "is not a regular file");
    std::filesystem::resize_file(large, std::uintmax_t{1} << 30);
    CHECK(refusal(large) == "is larger than 4194304 bytes");
}
