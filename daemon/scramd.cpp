// scramd: the daemon. Reads its config, takes the secrets, runs until it is told to end.
//
// Exit codes: 0 ended on request (or --check found nothing), 1 could not start or run, 2 wrong
// usage, 3 the config is wrong.
#include <fmt/format.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include <CLI/CLI.hpp>
#include <csignal>
#include <cstdio>

#include "config/config.h"
#include "config/credentials.h"
#include "daemon/app.h"

namespace scram {
namespace {

enum Exit { ended = 0, failed = 1, usage = 2, wrong_config = 3 };

void complain(std::string_view line) {
    fmt::print(stderr, "<3>{}\n", line);
}

int check_config(const std::string& file) {
    const LoadResult result = load(file);
    if (const auto* errors = std::get_if<std::vector<ConfigError>>(&result)) {
        for (const ConfigError& error : *errors) fmt::print(stderr, "{}\n", error.text());
        return wrong_config;
    }
    fmt::print("{}\n{}", describe(std::get<Config>(result)),
               plan_of_fire(std::get<Config>(result).plan));
    return ended;
}

std::optional<std::vector<Credentials>> all_credentials(const Config& config) {
    std::vector<Credentials> out;
    bool complete = true;
    for (const auto& file : config.credentials) {
        auto result = load_credentials(file);
        if (const auto* error = std::get_if<std::string>(&result)) {
            complain(*error);
            complete = false;
        } else {
            out.push_back(std::move(std::get<Credentials>(result)));
        }
    }
    if (!complete) return std::nullopt;
    return out;
}

// Secrets stay out of core dumps and of other processes' reach; descriptors suffice for every
// source.
void guard_process() {
    prctl(PR_SET_DUMPABLE, 0);
    std::signal(SIGPIPE,
                SIG_IGN);  // a log or a peer that is gone is an error of a write, not an end
    rlimit files{};
    if (getrlimit(RLIMIT_NOFILE, &files) != 0) return;
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
}

int run(const std::string& file) {
    LoadResult result = load(file);
    if (const auto* errors = std::get_if<std::vector<ConfigError>>(&result)) {
        for (const ConfigError& error : *errors) complain(error.text());
        return wrong_config;
    }
    Config& config = std::get<Config>(result);
    guard_process();
    auto credentials = all_credentials(config);
    if (!credentials) return failed;
    auto tls =
        TlsContext::make({config.exchange.host, config.exchange.ca_file, config.exchange.pins});
    if (const auto* error = std::get_if<std::string>(&tls)) {
        complain(*error);
        return failed;
    }
    App app(std::move(config), std::move(*credentials), std::move(std::get<0>(tls)));
    app.run();
    return ended;
}

}  // namespace
}  // namespace scram

int main(int argc, char** argv) {
    CLI::App options{"scramd: a kill switch for option market makers on OKX", "scramd"};
    std::string file = "/etc/scramd/scramd.toml";
    bool check = false;
    options.add_option("-c,--config", file, "the config file")->capture_default_str();
    options.add_flag("--check", check, "check the config, print it and its plan of fire, and exit");
    options.set_version_flag("--version", SCRAM_PROJECT_VERSION);
    try {
        options.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return options.exit(error) == 0 ? scram::ended : scram::usage;
    }
    try {
        return check ? scram::check_config(file) : scram::run(file);
    } catch (const std::exception& error) {
        scram::complain(fmt::format("cannot go on: {}", error.what()));
        return scram::failed;
    }
}
