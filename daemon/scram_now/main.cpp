// scram-now: cancels at once, by itself, for when scramd is wedged or dead. It has the daemon's
// config and credentials, and nothing else of it: no state, loop, lock, socket or file that it
// writes.
//
// Exit codes: 0 all confirmed (or --check found the exchange); 1 some are not; 2 wrong usage or an
// unknown target; 3 the config or all credentials are wrong.
#include <fmt/format.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <atomic>
#include <csignal>
#include <map>
#include <thread>

#include "core/base/check.h"
#include "core/okx/sign.h"
#include "daemon/common/openssl_life.h"
#include "daemon/common/standard_descriptors.h"
#include "daemon/common/version.h"
#include "daemon/scram_now/check.h"
#include "daemon/scram_now/config.h"
#include "net/clock.h"

namespace scram {
namespace {

enum Exit { all_confirmed = 0, not_confirmed = 1, usage = 2, wrong_config = 3 };

const char* const about =
    "scram-now: mass-cancels at once, without scramd, when that is wedged or dead.\n\n"
    "It cancels the MMP orders of the targets in the config's order, within the config's share of\n"
    "the exchange's five requests per 2 s, and tries again until each is confirmed.\n\n"
    "It does NOT halt the makers and latches nothing: gates and latch are scramd's. Quotes can "
    "come\n"
    "back as soon as the exchange's lock is over (lock_ms, 10 s at most): stop the makers. While\n"
    "scramd fires too, both spend the same five requests: then some are refused and tried again.";
const char* const not_halted =
    "scram-now: makers are not halted and nothing is latched: quotes can come back unless the "
    "makers "
    "stop";
const char* const afterwards =
    "scram-now: next: stop the makers before the exchange's lock is over; bring scramd back; then "
    "`scramctl trip all --reason ...` to latch, or `scramctl status` to see what it has latched";

struct Options {
    std::string config = "/etc/scramd/scramd.toml";
    std::vector<std::string> targets;
    double for_s = 60;
    int lock_ms = -1;
    bool json = false;
    bool check = false;
};

void declare(CLI::App& app, Options& options) {
    app.add_option("targets", options.targets, "families (mm-1/BTC-USD), accounts (mm-1), or all")
        ->required();
    app.add_option("-c,--config", options.config, "scramd's config file")->capture_default_str();
    app.add_option("--for", options.for_s, "seconds to go on trying")
        ->check(CLI::Range(0.001, 86400.0))
        ->capture_default_str();
    app.add_option("--lock-ms", options.lock_ms,
                   "how long the exchange refuses new orders afterwards (default: each family's)")
        ->check(CLI::Range(0, 10000));
    app.add_flag("--json", options.json, "one JSON object a line on stdout, for programs");
    app.add_flag("--check", options.check,
                 "rehearse: connect, verify, ask for the time, say what would be cancelled");
    app.set_version_flag("--version", versions());
    app.footer(
        "Exit codes: 0 all confirmed; 1 some not confirmed (named on stderr), or --check found no\n"
        "exchange; 2 wrong usage or an unknown target; 3 wrong config or credentials.");
}

void complain(std::string_view text) {
    fmt::print(stderr, "scram-now: {}\n", text);
}

// A terminal that hangs up ends no kill, and a pipe that nobody reads neither.
void guard_process() {
    prctl(PR_SET_DUMPABLE, 0);
    const rlimit none{0, 0};
    setrlimit(RLIMIT_CORE, &none);
    // The secret is not swapped, where the limit allows for all that may come: below it a mapping
    // would fail.
    rlimit locked{RLIM_INFINITY, RLIM_INFINITY};
    setrlimit(RLIMIT_MEMLOCK, &locked);
    if (getrlimit(RLIMIT_MEMLOCK, &locked) == 0 && locked.rlim_cur == RLIM_INFINITY)
        mlockall(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT);
    std::signal(SIGPIPE, SIG_IGN);
    std::signal(SIGHUP, SIG_IGN);
}

// Before any thread begins, so that none of them is interrupted.
int take_signals() {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &set, nullptr);
    const int fd = signalfd(-1, &set, SFD_CLOEXEC);
    check(fd >= 0, "a descriptor for signals");
    return fd;
}

// An authority that cannot be read is one fewer to trust: the exchange's own is the system's.
std::variant<std::unique_ptr<TlsContext>, std::string> make_tls(const ExchangeConfig& exchange) {
    TlsOptions options{exchange.host, exchange.ca_file, exchange.pins, false};
    auto made = TlsContext::make(options);
    const auto* error = std::get_if<std::string>(&made);
    if (error == nullptr || options.ca_file.empty()) return made;
    complain(*error + "; going on with the system's authorities alone");
    options.ca_file.clear();
    return TlsContext::make(options);
}

using Accounts = std::vector<std::unique_ptr<NowAccount>>;

// Whom nobody can cancel for, and why.
struct Lost {
    std::vector<NowResult> results;
    std::size_t accounts = 0;
};

std::map<AccountId, std::vector<FamilySpec>> by_account(const std::vector<FamilySpec>& families) {
    std::map<AccountId, std::vector<FamilySpec>> out;
    for (const FamilySpec& family : families) out[family.account].push_back(family);
    return out;
}

// One account's missing credentials stop no other.
Lost make_accounts(NowContext& context, const std::vector<FamilySpec>& families,
                   Accounts& accounts) {
    Lost lost;
    for (auto& [account, its] : by_account(families)) {
        auto loaded = load_credentials(context.config.credentials[index(account)]);
        if (const auto* credentials = std::get_if<Credentials>(&loaded)) {
            accounts.push_back(std::make_unique<NowAccount>(context, account, its, *credentials));
            continue;
        }
        const std::string& why = std::get<std::string>(loaded);
        complain(why);
        ++lost.accounts;
        for (const FamilySpec& family : its) lost.results.push_back({family.name, {}, {}, why});
    }
    return lost;
}

// Prints what there is to say until all lanes have ended.
void watch(NowContext& context, Accounts& accounts, const std::atomic<std::size_t>& running,
           int signal_fd) {
    std::array<pollfd, 2> both{pollfd{context.output.fd(), POLLIN, 0},
                               pollfd{signal_fd, POLLIN, 0}};
    while (running > 0) {
        poll(both.data(), both.size(), -1);
        context.output.print();
        if (both[1].revents == 0) continue;
        both[1].fd = -1;  // once is enough
        both[1].revents = 0;
        for (auto& account : accounts) account->stop();
    }
    context.output.print();
}

void run_lanes(NowContext& context, Accounts& accounts, int signal_fd) {
    std::atomic<std::size_t> running = 0;
    std::vector<std::jthread> lanes;
    for (auto& account : accounts) {
        for (std::size_t i = 0; i < account->lanes(); ++i) {
            ++running;
            lanes.emplace_back([&, number = lanes.size()] {
                NowLane(*account, number).run();
                --running;
                context.output.wake();
            });
        }
    }
    watch(context, accounts, running, signal_fd);
}

// Those that are confirmed have been told already.
int report(NowContext& context, const std::vector<NowResult>& results) {
    std::string missing;
    std::size_t count = 0;
    for (const NowResult& result : results) {
        if (result.outcome.state == NowRound::Family::State::confirmed) continue;
        context.output.say(context.json ? result_json(result) : result_text(result));
        missing += (count++ == 0 ? "" : ", ") + result.family;
    }
    if (count > 0)
        context.output.warn(
            fmt::format("scram-now: {} of {} NOT CONFIRMED: {}: their quotes may still rest, "
                        "cancel them by hand",
                        count, results.size(), missing));
    context.output.warn(afterwards);
    context.output.print();
    return count == 0 ? all_confirmed : not_confirmed;
}

int cancel(NowContext& context, const std::vector<FamilySpec>& families, int signal_fd) {
    complain(std::string_view(not_halted).substr(sizeof "scram-now: " - 1));
    Accounts accounts;
    Lost lost = make_accounts(context, families, accounts);
    run_lanes(context, accounts, signal_fd);
    std::vector<NowResult> results = std::move(lost.results);
    for (auto& account : accounts) {
        for (NowResult& result : account->results()) results.push_back(std::move(result));
    }
    const int code = report(context, results);
    return accounts.empty() ? wrong_config : code;
}

int rehearse(NowContext& context, const std::vector<FamilySpec>& families) {
    Accounts accounts;
    const Lost lost = make_accounts(context, families, accounts);
    const bool found = rehearse_now(context, families);
    if (lost.accounts > 0) return wrong_config;
    return found ? all_confirmed : not_confirmed;
}

std::vector<FamilySpec> aimed_at(const Config& config, const std::vector<FamilyId>& ids,
                                 const Options& options) {
    std::vector<FamilySpec> families;
    for (const FamilyId id : ids) {
        FamilySpec& family = families.emplace_back(config.plan.families[index(id)]);
        if (options.lock_ms >= 0) family.lock = milliseconds{options.lock_ms};
    }
    return families;
}

int run_with(const Config& config, const Options& options, Time began) {
    auto ids = families_of(config.plan, options.targets);
    if (const auto* error = std::get_if<std::string>(&ids)) {
        complain(*error);
        return usage;
    }
    const auto families = aimed_at(config, std::get<std::vector<FamilyId>>(ids), options);
    const auto made = make_tls(config.exchange);
    if (const auto* error = std::get_if<std::string>(&made)) {
        complain(*error);
        return wrong_config;
    }
    TlsContext& tls = *std::get<std::unique_ptr<TlsContext>>(made);
    // A rehearsal is ended by signals as any program is.
    const int signal_fd = options.check ? -1 : take_signals();
    NowAddresses addresses(config.exchange.host, config.exchange.port);
    addresses.refresh();
    NowClock clock(began, wall_now());
    NowOutput output;
    const auto patience =
        std::chrono::duration_cast<Duration>(std::chrono::duration<double>(options.for_s));
    NowContext context{config, tls,   addresses,        clock,
                       output, began, began + patience, options.json};
    return options.check ? rehearse(context, families) : cancel(context, families, signal_fd);
}

int run(const Options& options) {
    const Time began = monotonic_now();
    if (!offers_signatures()) {
        complain(no_signatures);
        return wrong_config;
    }
    guard_process();
    auto loaded = load_for_now(options.config);
    if (const auto* errors = std::get_if<std::vector<ConfigError>>(&loaded)) {
        for (const ConfigError& error : *errors) complain(error.text());
        return wrong_config;
    }
    const NowConfig& config = std::get<NowConfig>(loaded);
    for (const ConfigError& error : config.ignored)
        complain("a cancel does not need what is wrong here: " + error.text());
    return run_with(config.config, options, began);
}

}  // namespace
}  // namespace scram

int main(int argc, char** argv) {
    scram::open_standard_descriptors();
    scram::keep_openssl();
    CLI::App app{scram::about, "scram-now"};
    scram::Options options;
    scram::declare(app, options);
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return app.exit(error) == 0 ? scram::all_confirmed : scram::usage;
    }
    try {
        return scram::run(options);
    } catch (const std::exception& error) {
        scram::complain(fmt::format("fatal: {}", error.what()));
        return scram::not_confirmed;
    }
}
