// scram-now: cancels at once, by itself, for when scramd is wedged or dead. It has the daemon's
// config and credentials, and nothing else of it: no state, loop, lock, socket or file that it
// writes.
//
// Exit codes: 0 all confirmed (or --check found the exchange); 1 some are not; 2 wrong usage or an
// unknown target; 3 the config or all credentials are wrong.
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <boost/asio/signal_set.hpp>
#include <csignal>
#include <map>

#include "daemon/common/openssl_life.h"
#include "daemon/common/standard_descriptors.h"
#include "daemon/common/version.h"
#include "daemon/scram_now/check.h"
#include "daemon/scram_now/config.h"
#include "daemon/scram_now/driver.h"
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
    "makers are not halted and nothing is latched: quotes can come back unless the "
    "makers stop";
const char* const afterwards =
    "next: stop the makers before the exchange's lock is over; bring scramd back; then "
    "`scramctl trip all --reason ...` to latch, or `scramctl status` to see what it has latched";

struct Options {
    std::string config = "/etc/scramd/scramd.toml";
    std::vector<std::string> targets;
    double for_s = 60;
    int lock_ms = -1;
    bool json = false;
    bool check = false;

    std::optional<milliseconds> lock() const {
        return lock_ms < 0 ? std::nullopt : std::optional(milliseconds{lock_ms});
    }
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

// An authority that cannot be read is one fewer to trust: the exchange's own is the system's.
std::variant<std::unique_ptr<TlsContext>, std::string> make_tls(const ExchangeConfig& exchange,
                                                                NowOutput& output) {
    TlsOptions options{exchange.host, exchange.ca_file, exchange.pins};
    auto made = TlsContext::make(options);
    const auto* error = std::get_if<std::string>(&made);
    if (error == nullptr || options.ca_file.empty()) return made;
    output.complain(*error + "; going on with the system's authorities alone");
    options.ca_file.clear();
    return TlsContext::make(options);
}

// One account's missing credentials stop no other.
struct Targets {
    std::vector<FamilyId> families;            // all, in the order of fire
    std::map<AccountId, std::string> keyless;  // why nobody can cancel for them
    NowPlan plan;                              // for the others
    std::vector<Credentials> credentials;      // by the plan's accounts
};

Targets take_aim(const Config& config, std::vector<FamilyId> families, const Options& options,
                 NowOutput& output) {
    Targets out{std::move(families), {}, {}, {}};
    const auto account = [&](FamilyId id) { return config.plan.families[index(id)].account; };
    std::map<AccountId, Credentials> keys;
    for (const FamilyId id : out.families) {
        if (keys.contains(account(id)) || out.keyless.contains(account(id))) continue;
        auto loaded = load_credentials(config.credentials[index(account(id))]);
        if (auto* its = std::get_if<Credentials>(&loaded)) {
            keys.emplace(account(id), std::move(*its));
            continue;
        }
        out.keyless[account(id)] = std::get<std::string>(loaded);
        output.complain(out.keyless[account(id)]);
    }
    std::vector<FamilyId> usable;
    std::copy_if(out.families.begin(), out.families.end(), std::back_inserter(usable),
                 [&](FamilyId id) { return keys.contains(account(id)); });
    out.plan = plan_for(config.plan, usable, options.lock());
    for (const AccountId its : out.plan.accounts)
        out.credentials.push_back(std::move(keys.at(its)));
    return out;
}

// Those that are confirmed have been told already.
int report(const std::vector<NowResult>& results, NowOutput& output) {
    std::string missing;
    std::size_t count = 0;
    for (const NowResult& result : results) {
        if (result.outcome.confirmed) continue;
        output.result(result);
        missing += (count++ == 0 ? "" : ", ") + result.family;
    }
    if (count > 0)
        output.complain(
            fmt::format("{} of {} NOT CONFIRMED: {}: their quotes may still rest, "
                        "cancel them by hand",
                        count, results.size(), missing));
    output.complain(afterwards);
    return count == 0 ? all_confirmed : not_confirmed;
}

int cancel(const Config& config, TlsContext& tls, Targets targets, NowDriver::Times times,
           NowOutput& output) {
    boost::asio::io_context io;
    boost::asio::signal_set signals(io, SIGINT, SIGTERM);
    signals.async_wait([&io](auto error, int) {
        if (!error) io.stop();
    });
    const bool may_cancel = !targets.credentials.empty();
    NowDriver driver(io, tls, config.exchange, targets.plan.plan, std::move(targets.credentials),
                     times, output);
    if (may_cancel) {
        driver.start();
        io.run();
    }
    std::vector<NowResult> results;
    std::size_t tried = 0;
    for (const FamilyId id : targets.families) {
        const FamilySpec& family = config.plan.families[index(id)];
        const auto keyless = targets.keyless.find(family.account);
        results.push_back(keyless == targets.keyless.end()
                              ? driver.result(id_at<FamilyId>(tried++))
                              : NowResult{family.name, {}, {}, keyless->second});
    }
    const int code = report(results, output);
    return may_cancel ? code : wrong_config;
}

int run_with(const Config& config, const Options& options, Time began, NowOutput& output) {
    auto families = families_of(config.plan, options.targets);
    if (const auto* error = std::get_if<std::string>(&families)) {
        output.complain(*error);
        return usage;
    }
    const auto tls = make_tls(config.exchange, output);
    if (const auto* error = std::get_if<std::string>(&tls)) {
        output.complain(*error);
        return wrong_config;
    }
    TlsContext& context = *std::get<std::unique_ptr<TlsContext>>(tls);
    if (!options.check) output.complain(not_halted);
    Targets targets = take_aim(config, std::get<std::vector<FamilyId>>(families), options, output);
    if (options.check) {
        const NowPlan all = plan_for(config.plan, targets.families, options.lock());
        const bool found = rehearse_now(context, config.exchange, all.plan, output);
        return !targets.keyless.empty() ? wrong_config : found ? all_confirmed : not_confirmed;
    }
    const auto patience =
        std::chrono::duration_cast<Duration>(std::chrono::duration<double>(options.for_s));
    return cancel(config, context, std::move(targets), {began, began + patience}, output);
}

int run(const Options& options) {
    const Time began = monotonic_now();
    guard_process();
    NowOutput output(options.json);
    if (!offers_signatures()) {
        output.complain(std::string(no_signatures));
        return wrong_config;
    }
    auto loaded = load_for_now(options.config);
    if (const auto* errors = std::get_if<std::vector<ConfigError>>(&loaded)) {
        for (const ConfigError& error : *errors) output.complain(error.text());
        return wrong_config;
    }
    const NowConfig& config = std::get<NowConfig>(loaded);
    for (const ConfigError& error : config.ignored)
        output.complain("a cancel does not need what is wrong here: " + error.text());
    return run_with(config.config, options, began, output);
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
        fmt::print(stderr, "scram-now: fatal: {}\n", error.what());
        return scram::not_confirmed;
    }
}
