// scramd: the daemon. Reads its config, takes the secrets, runs until it is told to end.
//
// Exit codes: 0 ended on request (or --check found nothing), 1 could not start or run, 2 wrong
// usage, 3 the config is wrong, or credentials that it names are missing.
#include <fmt/format.h>
#include <malloc.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <csignal>
#include <cstdio>
#include <filesystem>

#include "config/config.h"
#include "config/credentials.h"
#include "core/okx/sign.h"
#include "daemon/common/openssl_life.h"
#include "daemon/common/standard_descriptors.h"
#include "daemon/common/version.h"
#include "daemon/log/line.h"
#include "daemon/sandbox/sandbox.h"
#include "daemon/scramd/app.h"
#include "daemon/scramd/cpu_affinity.h"
#include "daemon/scramd/file_access.h"
#include "daemon/scramd/sd_notify.h"
#include "daemon/scramd/state_owner.h"

namespace scram {
namespace {

enum Exit { ended = 0, failed = 1, usage = 2, wrong_config = 3 };

// Each line with its priority, since journald looks at each alone.
void complain(std::string_view text) {
    while (!text.empty()) {
        const std::size_t end = std::min(text.find('\n'), text.size());
        fmt::print(stderr, "<3>{}\n", text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
}

int check_config(const std::string& file, bool quiet) {
    const LoadResult result = load(file);
    if (const auto* errors = std::get_if<std::vector<ConfigError>>(&result)) {
        for (const ConfigError& error : *errors) fmt::print(stderr, "{}\n", error.text());
        return wrong_config;
    }
    for (const ConfigError& warning : std::get<Config>(result).warnings)
        fmt::print(stderr, "warning: {}\n", warning.text());
    if (quiet) return ended;
    fmt::print("{}\n{}", describe(std::get<Config>(result)),
               plan_of_fire(std::get<Config>(result).plan));
    return ended;
}

// No page that a kill needs waits for a disk. Where the limit forbids it, it goes without; with a
// limit that later pages could exceed, only what is there now is locked, since a mapping beyond it
// fails.
void stay_in_memory() {
    rlimit limit{};
    if (mlockall(MCL_CURRENT) != 0 || getrlimit(RLIMIT_MEMLOCK, &limit) != 0) return;
    if (limit.rlim_cur == RLIM_INFINITY) mlockall(MCL_FUTURE | MCL_ONFAULT);
}

// Secrets stay out of core dumps and of other processes' reach; descriptors suffice for every
// source.
void guard_process() {
    prctl(PR_SET_DUMPABLE, 0);
    // A log or a peer that is gone, or a file that may not grow, is an error of a write, not an
    // end.
    std::signal(SIGPIPE, SIG_IGN);
    std::signal(SIGXFSZ, SIG_IGN);
    rlimit files{};
    if (getrlimit(RLIMIT_NOFILE, &files) != 0) return;
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
}

// What was freed is used again: to have the kernel hand it out again would cost a page fault for
// each page, in the loop.
void keep_memory() {
    constexpr int much = 64 << 20;
    mallopt(M_TRIM_THRESHOLD, much);
    mallopt(M_MMAP_THRESHOLD, much);
}

// Takes what was made; tells why if it was not.
template <class Made>
bool take(std::variant<Made, std::string> result, Made& to) {
    if (const auto* error = std::get_if<std::string>(&result)) {
        complain(*error);
        return false;
    }
    to = std::move(std::get<Made>(result));
    return true;
}

bool take_warmer(const Config& config, App::Parts& parts) {
    const bool wanted = config.wait == Wait::spin && config.wire.warm_every > Duration::zero();
    return !wanted || take(Warmer::make(config.wire.warm_peer), parts.warmer);
}

// Without them a kill fires all the same, so a start does not fail for them. Why there are none
// though they are asked for; empty: there are, or they are not.
std::string take_frames(const Config& config, App::Parts& parts) {
    if (!config.wire.frames) {
        give_up_raw_sockets();
        return {};
    }
    auto socket = FrameSocket::open(config.wire.device, config.wire.stamps);
    auto routes = RouteWatch::open();
    if (std::string held = give_up_raw_sockets(); !held.empty()) return held;
    if (const auto* error = std::get_if<std::string>(&socket)) return *error;
    if (const auto* error = std::get_if<std::string>(&routes)) return *error;
    parts.frames = std::make_unique<Frames>(config.wire.device, std::move(std::get<0>(socket)));
    parts.routes = std::move(std::get<0>(routes));
    return {};
}

// No start helps before a person puts them there.
bool are_credentials_missing(const Config& config) {
    std::error_code failed;
    return std::any_of(config.credentials.begin(), config.credentials.end(), [&](const auto& file) {
        return !std::filesystem::exists(credentials_file(file), failed);
    });
}

// Before anything is opened: what is open, or in memory, would be the signer's too.
bool take_signer(const Config& config, App::Parts& parts) {
    return take(start_signer(
                    config.plan,
                    [&config](AccountId account) {
                        return load_credentials(config.credentials[index(account)]);
                    },
                    asked_watchdog() ? nullptr : parts.heartbeat.get()),
                parts.signer);
}

// Whatever can fail at start is tried, and told, before anything runs.
bool make_parts(const Config& config, App::Parts& parts) {
    const ExchangeConfig& exchange = config.exchange;
    return take(SharedHeartbeat::make(), parts.heartbeat) && take_signer(config, parts) &&
           take(TlsContext::make({exchange.ca_file, exchange.pins}), parts.tls) &&
           take(Gates::make(config.plan.families.size()), parts.gates) &&
           take(listen_at(config.paths.signals, SOCK_SEQPACKET, config.paths.signals_mode),
                parts.signals) &&
           take(listen_at(config.paths.control, SOCK_STREAM, config.paths.control_mode),
                parts.control) &&
           take(Journal::open(config), parts.journal) && take_warmer(config, parts);
}

// Of no other scramd than the one whose sockets and journal these are.
void take_status_page(const Config& config, App::Parts& parts) {
    parts.status_page = std::make_unique<StatusPageFile>(status_page_path(config.paths.control),
                                                         status_text_max(config.plan));
}

// The kernel shields the first process of a container from a SIGKILL that comes from within.
void warn_of_pid_1(std::vector<std::string>& warnings) {
    if (getpid() != 1) return;
    warnings.push_back(LogLine(LogEvent::unwatched)
                           .add("detail",
                                "scramd is process 1 of its container, so nothing in there can end "
                                "it if it hangs: start it by an init, as `docker run --init` does")
                           .text());
}

int run(const std::string& file) {
    LoadResult result = load(file);
    if (const auto* errors = std::get_if<std::vector<ConfigError>>(&result)) {
        for (const ConfigError& error : *errors) complain(error.text());
        return wrong_config;
    }
    if (!offers_signatures()) {
        complain(no_signatures);
        return failed;
    }
    guard_process();
    keep_memory();
    keep_off(std::get<Config>(result).cpu);
    stay_in_memory();
    if (const std::string why = foreign_state(std::get<Config>(result)); !why.empty()) {
        complain(why);
        return failed;
    }
    App::Parts parts;
    const bool missing = are_credentials_missing(std::get<Config>(result));
    if (!make_parts(std::get<Config>(result), parts)) return missing ? wrong_config : failed;
    const Config& config = std::get<Config>(result);
    take_status_page(config, parts);
    const std::string no_frames = take_frames(config, parts);
    make_recording_folder(config.recording);
    if (!take(restrict_access(config, parts.signer.hello), parts.warnings)) return failed;
    if (!no_frames.empty())
        parts.warnings.push_back(LogLine(LogEvent::frames_off).add("detail", no_frames).text());
    warn_of_pid_1(parts.warnings);
    return App(std::get<Config>(std::move(result)), std::move(parts)).run() ? ended : failed;
}

}  // namespace
}  // namespace scram

int main(int argc, char** argv) {
    scram::open_standard_descriptors();
    scram::keep_openssl();
    CLI::App options{"scramd: a kill switch for option market makers on OKX", "scramd"};
    std::string file = "/etc/scramd/scramd.toml";
    bool check = false, quiet = false;
    options.add_option("-c,--config", file, "the config file")->capture_default_str();
    options.add_flag("--check", check, "check the config, print it and its plan of fire, and exit");
    options.add_flag("--quiet", quiet, "with --check: print nothing but errors");
    options.set_version_flag("--version", scram::versions());
    try {
        options.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return options.exit(error) == 0 ? scram::ended : scram::usage;
    }
    try {
        return check ? scram::check_config(file, quiet) : scram::run(file);
    } catch (const std::exception& error) {
        scram::complain(fmt::format("fatal: {}", error.what()));
        return scram::failed;
    }
}
