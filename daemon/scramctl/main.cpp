// scramctl: control a running scramd.
//
// Exit codes: 0 done; 1 refused, not ready, or not accepted in time; 2 wrong usage; 3 the config
// is wrong (check); 4 scramd cannot be reached, hangs or is gone; 5 accepted, not verified in time;
// 6 a re-arm waits for a second person.
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
#include "daemon/scramctl/drill.h"
#include "daemon/scramctl/exit.h"
#include "daemon/scramctl/journal.h"
#include "daemon/scramctl/latency_text.h"
#include "daemon/scramctl/numbers.h"
#include "daemon/scramctl/page.h"
#include "daemon/scramctl/publish.h"
#include "daemon/scramctl/receipt.h"
#include "daemon/scramctl/replay.h"
#include "daemon/scramctl/status_text.h"
#include "daemon/scramctl/top.h"
#include "daemon/scramctl/trip.h"
#include "daemon/scramctl/watch.h"

namespace scram {
namespace {

struct Options {
    std::string socket = Paths{}.control;
    std::string signals = Paths{}.signals;
    std::string config = "/etc/scramd/scramd.toml";
    std::string target, reason, source, family, metric, turn;
    std::vector<std::uint64_t> trips;
    double value = 0;
    bool restart = false;
    double wait_s = 10;
    std::string until = "verified";
    std::string journal = journal_directory({});
    bool verify = false;
    bool json = false;
    bool details = false;
    bool by_board = false;
    bool once = false;
    bool force = false;
    std::string directory;
    std::string board;  // the status page's file, if it is to be read
    std::string reports = ".";
    bool yes = false, keep_latched = false;
    std::string probe;
    std::uint64_t receipt_of = 0;
    bool signals_too = false;
    ReplayOptions replay;
};

template <class Text>
int show(const Options& options, std::string_view op, Text text) {
    const Reply answer = ControlClient(options.socket).ask(request(op));
    if (!answer.ok()) return report_refusal(answer, options.json);
    fmt::print("{}", options.json ? answer.text() + "\n" : text(answer.root()));
    return done;
}

// The option without a file means the page beside the control socket.
std::string page_file(const Options& options) {
    return options.board.empty() ? status_page_path(options.socket) : options.board;
}

int status(const Options& options) {
    if (options.by_board) return show_page({page_file(options), options.details, options.json});
    return show(options, "status", options.details ? status_text : overview_text);
}

int watch_page(const Options& options) {
    return top({page_file(options), options.once});
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

int dead_man(const Options& options) {
    JsonObject wish = request(options.turn.empty() ? "dead_man" : "dead_man_" + options.turn);
    if (!options.turn.empty()) wish.add("target", options.target).add("reason", options.reason);
    const Reply answer = ControlClient(options.socket).ask(wish);
    if (!answer.ok()) return report_refusal(answer, options.json);
    fmt::print("{}", options.json ? answer.text() + "\n" : dead_men_text(answer.root()));
    return done;
}

int watch(const Options& options) {
    return watch_events(options.socket, options.json);
}

int trip(const Options& options) {
    return trip_and_wait({options.socket, options.target, options.reason, options.wait_s,
                          options.until, options.json});
}

int rearm(const Options& options) {
    return rearm_and_wait({options.socket, options.target, options.reason, options.trips,
                           options.force, options.json});
}

int drill(const Options& options) {
    return drill_command({options.socket, options.target, options.reason, options.reports,
                          options.wait_s, options.yes, options.keep_latched, options.json});
}

int drills(const Options& options) {
    return drills_command(options.reports, options.json);
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
    return check_config(options.config, options.probe, options.json);
}

int journal(const Options& options) {
    return journal_command({options.journal, options.json, options.verify});
}

int replay(const Options& options) {
    ReplayOptions wish = options.replay;
    wish.json = options.json;
    return replay_command(wish);
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
    CLI::App* shown =
        controlled(add("status", "show what is wrong, then each family, on one screen", status));
    shown->add_flag("--details", options.details,
                    "everything: links, budgets, sources, rules and values too");
    const auto board = [&](CLI::App* reader) {
        return reader->add_option(
            "--board", options.board,
            "the status page (default: the control socket's path and .status)");
    };
    CLI::Option* by_board =
        board(shown)
            ->description("by the status page, without asking scramd: also if it hangs or is dead")
            ->expected(0, 1);
    shown->callback([&chosen, &options, by_board] {
        options.by_board = by_board->count() > 0;
        chosen = status;
    });
    shown = app.add_subcommand("top", "show the status page on the terminal, again each second");
    shown->callback([&chosen] { chosen = watch_page; });
    board(controlled(shown));
    shown->add_flag("--once", options.once, "print one frame, also where there is no terminal");
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
    sub->add_option("--wait", options.wait_s, "seconds to wait for what --until says, 0: none")
        ->check(wait_seconds)
        ->capture_default_str();
    sub->add_option("--until", options.until,
                    "wait until the cancels are `accepted`, or `verified` by the exchange's book")
        ->check(CLI::IsMember({"accepted", "verified"}))
        ->capture_default_str();
    sub = aimed(add("rearm", "show what is latched; with --trip and --reason, arm it", rearm));
    reason(sub);
    sub->add_option("--trip", options.trips, "the trips that you have looked at, as in 3,4")
        ->check(trip_id)
        ->delimiter(',');
    sub->add_flag("--force", options.force, "even if a rule that kills it is still in breach");
    sub = aimed(add("drill", "trip as a drill, arm again, and write a report", drill));
    reason(sub);
    sub->add_option("--wait", options.wait_s, "seconds to wait until it is verified")
        ->check(wait_seconds)
        ->capture_default_str();
    sub->add_flag("--yes", options.yes, "re-arm without a question, if it is verified");
    sub->add_flag("--keep-latched", options.keep_latched, "do not re-arm");
    sub->add_option("--directory", options.reports, "the folder for the report")
        ->capture_default_str();
    add("drills", "list the reports of drills in a folder", drills)
        ->add_option("directory", options.reports, "the folder")
        ->capture_default_str();
    sub = kept(add("receipt", "show what a trip did: verdict, families, attempts", receipt));
    sub->add_option("trip", options.receipt_of, "its id; without one the latest trip's")
        ->check(trip_id);
    sub->add_flag("--signals", options.signals_too, "with the signals of the seconds before it");
    kept(add("receipts", "list the last trips and their verdicts", receipts));
    controlled(add("reload", "reload the config file", reload));
    sub = controlled(
        add("dead-man", "show the timers of cancel-all-after; switch one off or on", dead_man));
    CLI::Option* turn = sub->add_option("turn", options.turn, "off, which ends it at OKX, or on")
                            ->check(CLI::IsMember({"off", "on"}));
    CLI::Option* whose = sub->add_option("account", options.target, "whose, as in mm-1");
    turn->needs(whose);
    reason(sub);
    sub = add("publish", "publish one signal, as a source of its own", publish);
    sub->add_option("source", options.source, "a source that the config names")->required();
    sub->add_option("family", options.family, "mm-1/BTC-USD")->required();
    sub->add_option("metric", options.metric, "delta")->required();
    sub->add_option("value", options.value, "its value now")->required()->check(whole_number);
    sub->add_flag("--restart", options.restart,
                  "the series starts over: from what it was before this is no fall and no move");
    sub->add_option("--signals", options.signals, "scramd's signal socket")->capture_default_str();
    sub = add("check", "check a config file, print it and its plan of fire", check);
    sub->add_option("-c,--config", options.config, "the config file")->capture_default_str();
    sub->add_option("--probe", options.probe, "compare it with what scram-probe wrote");
    sub = add("journal", "print what happened, oldest first, from the files themselves", journal);
    sub->add_option("--directory", options.journal, "the journal's folder")->capture_default_str();
    sub->add_flag("--verify", options.verify, "check sequence, hashes and files' borders instead");
    sub = add("replay", "replay recordings: what would have tripped, against what did", replay);
    sub->add_option("files", options.replay.files, "recordings, or folders of them")->required();
    sub->add_option("--config", options.replay.config,
                    "replay by this config file, not by the recorded one");
    sub->add_option("--what-if", options.replay.what_if,
                    "count how often a limit would have tripped, as in delta.beyond=20..40/5");
    sub->add_option("--svg", options.replay.svg,
                    "a folder for a chart of each rule and family: value, limits, trips");
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
        "Exit codes: 0 done; 1 refused, not ready, or not accepted in time; 2 wrong usage; 3 the\n"
        "config is wrong; 4 scramd cannot be reached; 5 accepted, not verified in time; 6 a "
        "re-arm\n"
        "waits for a second person.");
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
