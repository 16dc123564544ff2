// The operator's file: any text. It loads to a plan that runs, or every error says where and what.
#include <algorithm>
#include <string>
#include <variant>

#include "config/config.h"
#include "core/base/check.h"
#include "core/engine/engine.h"
#include "tests/fuzz/input.h"

namespace {

using namespace scram;

const char* const file_name = "/etc/scramd/scramd.toml";

void look_at(const std::vector<ConfigError>& errors, std::string_view text) {
    const auto lines = static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n')) + 1;
    check(!errors.empty(), "what does not load has an error");
    check(errors.size() <= 51, "fifty errors are told, and how many more there are");
    std::uint32_t last_line = 0;
    for (const ConfigError& error : errors) {
        check(!error.message.empty() && !error.text().empty(), "an error says what is wrong");
        check(error.line <= lines, "an error is on a line of the file");
        const bool is_count = error.line == 0 && &error == &errors.back();
        check(error.line >= last_line || is_count, "errors come in the order of their lines");
        last_line = error.line;
    }
}

// What `scramctl check` prints, and what a reload compares.
void print(const Config& config) {
    const std::string told = describe(config);
    const LoadResult again = parse(told, file_name);
    check(std::holds_alternative<Config>(again), "the effective config loads again");
    check(describe(std::get<Config>(again)) == told, "and is the same");
    check(restart_reason(config, std::get<Config>(again)).empty(), "and may replace the first");
    const std::string fire = plan_of_fire(config.plan);
    const auto lines = static_cast<std::size_t>(std::count(fire.begin(), fire.end(), '\n'));
    check(lines == config.plan.accounts.size(), "the plan of fire has a line for each account");
}

// The plan's worst moments: every maker dies, every family is pulled, every rule is replaced.
void run(const Plan& plan) {
    Engine engine(plan);
    Step step(plan);
    Time now = time_from_ns(1'000'000'000'000);
    const auto then = [&](auto&& input) {
        step.clear();
        now += 1s;
        input();
    };
    std::vector<FamilyId> all;
    for (std::size_t f = 0; f < plan.families.size(); ++f) all.push_back(id_at<FamilyId>(f));
    for (std::size_t s = 0; s < std::min<std::size_t>(plan.sources.size(), 32); ++s) {
        const auto source = id_at<SourceId>(s);
        then([&] { engine.on_source_joined(source, now, step); });
        then([&] { engine.on_signal(source, {}, now, step); });
        then([&] { engine.on_source_vanished(source, now, step); });
    }
    for (std::size_t l = 0; l < engine.link_count(); ++l) {
        then([&] { engine.on_link_up(id_at<LinkId>(l), now, step); });
    }
    then([&] { engine.on_trip(all, {"uid 0 (root)", "drill"}, now, step); });
    then([&] { engine.adopt(plan, now, step); });
    then([&] { engine.on_time(now, step); });
    check(engine.next_deadline() > now, "the loop never spins");
    for (const FamilyId family : all) check(engine.family(family).latched, "every family can trip");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text = fuzz::Input(data, size).rest();
    const LoadResult result = parse(text, file_name);
    if (const auto* errors = std::get_if<std::vector<ConfigError>>(&result)) {
        look_at(*errors, text);
    } else {
        print(std::get<Config>(result));
        run(std::get<Config>(result).plan);
    }
    return 0;
}
