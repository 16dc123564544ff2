// scramctl: control a running scramd.
//
// Exit codes: 0 done; 1 refused, not ready, or not confirmed in time; 2 wrong usage; 3 the config
// is wrong (check); 4 scramd cannot be reached.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <system_error>

#include "config/config.h"
#include "config/toml/document.h"
#include "daemon/common/standard_descriptors.h"
#include "daemon/common/version.h"
#include "daemon/common/whole_number.h"
#include "daemon/records/journal_files.h"
#include "daemon/scramctl/check.h"
#include "daemon/scramctl/connection.h"
#include "daemon/scramctl/exit.h"
#include "daemon/scramctl/journal.h"
#include "daemon/scramctl/latency_text.h"
#include "daemon/scramctl/numbers.h"
#include "daemon/scramctl/publish.h"
#include "daemon/scramctl/receipt.h"
#include "daemon/scramctl/status_text.h"
#include "daemon/scramctl/trip.h"
#include "daemon/scramctl/watch.h"

namespace scram {
namespace {

struct Options {
    std::string socket = Paths{}.control;
    std::string signals = Paths{}.signals;
    std::string config = "/etc/scramd/scramd.toml";
    std::string target, reason, source, family, metric;
    std::vector<std::uint64_t> trips;
    double value = 0;
    bool restart = false;
    double wait_s = 10;
    std::string journal = journal_directory({});
    bool verify = false;
    bool json = false;
    bool details = false;
    bool force = false;
    std::string directory;
    std::uint64_t receipt_of = 0;
    bool signals_too = false;
};

template <class Text>
int show(const Options& options, std::string_view op, Text text) {
    const Reply answer = ControlClient(options.socket).ask(request(op));
    if (!answer.ok()) return report_refusal(answer, options.json);
    fmt::print("{}", options.json ? answer.text() + "\n" : text(answer.root()));
    return done;
}

int status(const Options& options) {
    return show(options, "status", options.details ? status_text : overview_text);
}

int latency(const Options& options) {
    return show(options, "latency", latency_text);
}

int reload(const Options& options) {
    return show(options, "reload", reloaded_text);
}

int ready(const Options& options) {
    const Reply answer = ControlClient(options.socket).ask(request("status"));
    if (!answer.ok()) return report_refusal(answer, options.json);
    fmt::print("{}\n", options.json ? ready_json(answer.root()) : ready_text(answer.root()));
    return printing::flag(answer.root(), "ready") ? done : refused;
}

int watch(const Options& options) {
    return watch_events(options.socket, options.json);
}

int trip(const Options& options) {
    return trip_and_wait(
        {options.socket, options.target, options.reason, options.wait_s, options.json});
}

int rearm(const Options& options) {
    return rearm_and_wait({options.socket, options.target, options.reason, options.trips,
                           options.force, options.json});
}

int publish(const Options& options) {
    return publish_once({options.signals, options.source, options.family, options.metric,
                         options.value, options.restart, options.json});
}

ReceiptQuery receipt_query(const Options& options) {
    return {options.socket, options.directory, options.receipt_of, options.signals_too,
            options.json};
}

int receipt(const Options& options) {
    return show_receipt(receipt_query(options));
}

int receipts(const Options& options) {
    return list_receipts(receipt_query(options));
}

int check(const Options& options) {
    return check_config(options.config, options.json);
}

int journal(const Options& options) {
    return journal_command({options.journal, options.json, options.verify});
}

using Command = int (*)(const Options&);

// CLI11 would say of a slip that a command is missing, and not which word it did not take.
void refuse_unknown_command(const CLI::App& app, int argc, char** argv) {
    if (argc < 2 || argv[1][0] == '-') return;
    std::vector<std::string> names;
    for (const CLI::App* sub : app.get_subcommands({})) names.push_back(sub->get_name());
    if (std::find(names.begin(), names.end(), argv[1]) != names.end()) return;
    const std::vector<std::string_view> views(names.begin(), names.end());
    throw CLI::ParseError(fmt::format("unknown command \"{}\"{}; commands: {}", argv[1],
                                      config::did_you_mean(argv[1], views), config::joined(views)),
                          usage);
}

// Says which command was asked for; its options are in `options`.
Command declare(CLI::App& app, Options& options, const int argc, char** argv) {
    Command chosen = nullptr;
    app.require_subcommand(1);
    const auto add = [&](const char* name, const char* what, Command command) {
        CLI::App* sub = app.add_subcommand(name, what);
        sub->add_flag("--json", options.json, "answer in JSON, for programs");
        sub->callback([&chosen, command] { chosen = command; });
        return sub;
    };
    const auto controlled = [&](CLI::App* sub) {
        sub->add_option("--socket", options.socket, "scramd's control socket")
            ->capture_default_str();
        return sub;
    };
    const auto aimed = [&](CLI::App* sub) {
        controlled(sub)
            ->add_option("target", options.target,
                         "a family (mm-1/BTC-USD), an account (mm-1) or all")
            ->required();
        return sub;
    };
    const auto reason = [&](CLI::App* sub) {
        return sub->add_option("--reason", options.reason, "why, for the record");
    };
    controlled(add("status", "show what is wrong, then each family, on one screen", status))
        ->add_flag("--details", options.details,
                   "everything: links, budgets, sources, rules and values too");
    controlled(add("latency", "show how long requests took from stage to stage", latency));
    controlled(add("ready", "exit 0 if a breach would fire at once, 1 if not, and say why", ready));
    const auto kept = [&](CLI::App* sub) {
        controlled(sub)->add_option("--directory", options.directory,
                                    "the journal's folder, for what scramd no longer has or if it "
                                    "is gone (default: scramd's own, or as of journal)");
        return sub;
    };
    controlled(add("watch", "follow what happens, one event a line", watch));
    CLI::App* sub = aimed(add("trip", "trip: close the gates, cancel and latch", trip));
    reason(sub);
    sub->add_option("--wait", options.wait_s,
                    "seconds to wait for the exchange's confirmation, 0: none")
        ->check(wait_seconds)
        ->capture_default_str();
    sub = aimed(add("rearm", "show what is latched; with --trip and --reason, arm it", rearm));
    reason(sub);
    sub->add_option("--trip", options.trips, "the trips that you have looked at, as in 3,4")
        ->check(trip_id)
        ->delimiter(',');
    sub->add_flag("--force", options.force, "even if a rule that kills it is still in breach");
    sub = kept(add("receipt", "show what a trip did: verdict, families, attempts", receipt));
    sub->add_option("trip", options.receipt_of, "its id; without one the latest trip's")
        ->check(trip_id);
    sub->add_flag("--signals", options.signals_too, "with the signals of the seconds before it");
    kept(add("receipts", "list the last trips and their verdicts", receipts));
    controlled(add("reload", "reload the config file", reload));
    sub = add("publish", "publish one signal, as a source of its own", publish);
    sub->add_option("source", options.source, "a source that the config names")->required();
    sub->add_option("family", options.family, "mm-1/BTC-USD")->required();
    sub->add_option("metric", options.metric, "delta")->required();
    sub->add_option("value", options.value, "its value now")->required()->check(whole_number);
    sub->add_flag("--restart", options.restart,
                  "the series starts over: from what it was before this is no fall and no move");
    sub->add_option("--signals", options.signals, "scramd's signal socket")->capture_default_str();
    add("check", "check a config file, print it and its plan of fire", check)
        ->add_option("-c,--config", options.config, "the config file")
        ->capture_default_str();
    sub = add("journal", "print what happened, oldest first, from the files themselves", journal);
    sub->add_option("--directory", options.journal, "the journal's folder")->capture_default_str();
    sub->add_flag("--verify", options.verify, "check sequence, hashes and files' borders instead");
    refuse_unknown_command(app, argc, argv);
    app.parse(argc, argv);
    return chosen;
}

// What a full disk did not take was not said: that is no success.
int printed(int code) {
    if (std::fflush(stdout) == 0 && std::ferror(stdout) == 0) return code;
    fmt::print(stderr, "scramctl: the output could not be written: {}\n", std::strerror(errno));
    return code == done ? refused : code;
}

int run(int argc, char** argv) {
    CLI::App app{"scramctl: control a running scramd", "scramctl"};
    app.set_version_flag("--version", versions());
    app.footer(
        "Exit codes: 0 done; 1 refused, not ready, or not confirmed in time; 2 wrong usage; 3 the\n"
        "config is wrong; 4 scramd cannot be reached.");
    Options options;
    try {
        const Command command = declare(app, options, argc, argv);
        return printed(command(options));
    } catch (const CLI::ParseError& error) {
        return app.exit(error) == 0 ? done : usage;
    } catch (const std::system_error& error) {  // of fmt, where stdout takes nothing
        fmt::print(stderr, "scramctl: the output could not be written: {}\n", error.what());
        return refused;
    } catch (const Unreachable& error) {
        fmt::print(stderr, "scramctl: {}\n", error.what());
        return unreachable;
    } catch (const std::exception& error) {
        fmt::print(stderr, "scramctl: {}\n", error.what());
        return refused;
    }
}

}  // namespace
}  // namespace scram

int main(int argc, char** argv) {
    scram::open_standard_descriptors();
    return scram::run(argc, argv);
}
