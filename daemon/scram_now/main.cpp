// scram-now: cancels at once, by itself, for when scramd is wedged or dead. It has the daemon's
// config and credentials, and nothing else of it: no state, loop, lock, socket or file that it
// writes.
//
// Exit codes: 0 all verified (with --until accepted: accepted; or --check found the exchange); 1
// some are not accepted; 2 wrong usage or an unknown target; 3 the config or all credentials are
// wrong; 5 all are accepted and some not verified.
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

enum Exit { reached = 0, not_accepted = 1, usage = 2, wrong_config = 3, not_verified = 5 };

const char* const about =
    "scram-now: mass-cancels at once, without scramd, when that is wedged or dead.\n\n"
    "It cancels the MMP orders of the targets in the config's order, within the config's share of\n"
    "the exchange's five requests per 2 s, and tries again until each is accepted and the\n"
    "exchange's book shows none of them.\n\n"
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
    std::string until = "verified";
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
    app.add_option("--until", options.until,
                   "verified: two reads of the exchange's book showed no MMP order; accepted: the "
                   "exchange took the cancels")
        ->check(CLI::IsMember({"accepted", "verified"}))
        ->capture_default_str();
    app.add_option("--lock-ms", options.lock_ms,
                   "how long the exchange refuses new orders afterwards (default: each family's)")
        ->check(CLI::Range(0, 10000));
    app.add_flag("--json", options.json, "one JSON object a line on stdout, for programs");
    app.add_flag("--check", options.check,
                 "rehearse: connect, verify, ask for the time, say what would be cancelled");
    app.set_version_flag("--version", versions());
    app.footer(
        "Exit codes: 0 all verified (or accepted, where that is asked for); 1 some not accepted\n"
        "(named on stderr), or --check found no exchange; 2 wrong usage or an unknown target;\n"
        "3 wrong config or credentials; 5 all accepted, some not verified (named on stderr).");
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
    TlsOptions options{exchange.ca_file, exchange.pins};
    auto made = TlsContext::make(options);
    const auto* error = std::get_if<std::string>(&made);
    if (error == nullptr || options.ca_file.empty()) return made;
    output.complain(*error + "; going on with the system's authorities alone");
    options.ca_file.clear();
    return TlsContext::make(options);
}

// Or why there are none: one account's stop no other.
using Keys = std::map<AccountId, std::variant<Credentials, std::string>>;

AccountId account_of(const Config& config, FamilyId family) {
    return config.plan.families[index(family)].account;
}

Keys load_keys(const Config& config, const std::vector<FamilyId>& families, NowOutput& output) {
    Keys keys;
    for (const FamilyId family : families) {
        const AccountId account = account_of(config, family);
        if (keys.contains(account)) continue;
        auto loaded = load_credentials(config.credentials[index(account)]);
        if (const auto* why = std::get_if<std::string>(&loaded)) output.complain(*why);
        keys.emplace(account, std::move(loaded));
    }
    return keys;
}

// Those that are accepted have been told already.
int report(const std::vector<NowResult>& results, bool verify, NowOutput& output) {
    std::vector<std::string> open, unproven;
    for (const NowResult& result : results) {
        if (!result.outcome.accepted) {
            output.result(result);
            open.push_back(result.family);
        } else if (verify && !result.outcome.verified) {
            unproven.push_back(result.family);
        }
    }
    if (!open.empty())
        output.complain(
            fmt::format("{} of {} NOT ACCEPTED: {}: their quotes may still rest, "
                        "cancel them by hand",
                        open.size(), results.size(), fmt::join(open, ", ")));
    if (!unproven.empty())
        output.complain(
            fmt::format("{} of {} accepted and NOT VERIFIED: {}: look at their orders at the "
                        "exchange, cancel by hand what rests",
                        unproven.size(), results.size(), fmt::join(unproven, ", ")));
    output.complain(afterwards);
    return !open.empty() ? not_accepted : unproven.empty() ? reached : not_verified;
}

int cancel(const Config& config, TlsContext& tls, const std::vector<FamilyId>& families, Keys keys,
           const Options& options, Time began, NowOutput& output) {
    const auto keyless = [&](FamilyId family) {
        return std::get_if<std::string>(&keys.at(account_of(config, family)));
    };
    std::vector<FamilyId> usable;
    std::copy_if(families.begin(), families.end(), std::back_inserter(usable),
                 [&](FamilyId family) { return keyless(family) == nullptr; });
    NowPlan aimed = plan_for(config.plan, usable, options.lock());
    aimed.plan.reads = options.until == "verified";
    std::vector<Credentials> credentials;
    for (const AccountId account : aimed.accounts)
        credentials.push_back(std::get<Credentials>(std::move(keys.at(account))));
    const auto patience =
        std::chrono::duration_cast<Duration>(std::chrono::duration<double>(options.for_s));

    boost::asio::io_context io;
    boost::asio::signal_set signals(io, SIGINT, SIGTERM);
    signals.async_wait([&io](auto error, int) {
        if (!error) io.stop();
    });
    NowDriver driver(io, tls, config.exchange, aimed.plan, std::move(credentials),
                     {began, began + patience}, output);
    driver.start();
    if (!usable.empty()) io.run();

    std::vector<NowResult> results;
    std::size_t tried = 0;
    for (const FamilyId family : families) {
        const std::string* const why = keyless(family);
        results.push_back(why == nullptr
                              ? driver.result(id_at<FamilyId>(tried++))
                              : NowResult{config.plan.families[index(family)].name, {}, {}, *why});
    }
    const int code = report(results, aimed.plan.reads, output);
    return usable.empty() ? wrong_config : code;
}

int rehearse(const Config& config, TlsContext& tls, const std::vector<FamilyId>& families,
             const Keys& keys, const Options& options, NowOutput& output) {
    const NowPlan aimed = plan_for(config.plan, families, options.lock());
    const bool found = rehearse_now(tls, config.exchange, aimed.plan, output);
    for (const auto& [account, its] : keys)
        if (std::holds_alternative<std::string>(its)) return wrong_config;
    return found ? reached : not_accepted;
}

int run_with(const Config& config, const Options& options, Time began, NowOutput& output) {
    const auto found = families_of(config.plan, options.targets);
    if (const auto* error = std::get_if<std::string>(&found)) {
        output.complain(*error);
        return usage;
    }
    const auto made = make_tls(config.exchange, output);
    if (const auto* error = std::get_if<std::string>(&made)) {
        output.complain(*error);
        return wrong_config;
    }
    const auto& families = std::get<std::vector<FamilyId>>(found);
    TlsContext& tls = *std::get<std::unique_ptr<TlsContext>>(made);
    if (!options.check) output.complain(not_halted);
    Keys keys = load_keys(config, families, output);
    if (options.check) return rehearse(config, tls, families, keys, options, output);
    return cancel(config, tls, families, std::move(keys), options, began, output);
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
        return app.exit(error) == 0 ? scram::reached : scram::usage;
    }
    try {
        return scram::run(options);
    } catch (const std::exception& error) {
        fmt::print(stderr, "scram-now: fatal: {}\n", error.what());
        return scram::not_accepted;
    }
}
