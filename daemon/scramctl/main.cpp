// scramctl: control a running scramd.
//
// Exit codes: 0 done; 1 refused, not ready, or not confirmed in time; 2 wrong usage; 3 the config
// is wrong (check); 4 scramd cannot be reached.
#include <fmt/format.h>
#include <simdjson.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <memory>
#include <system_error>
#include <thread>

#include "config/config.h"
#include "config/toml/document.h"
#include "daemon/common/json.h"
#include "daemon/common/standard_descriptors.h"
#include "daemon/common/version.h"
#include "daemon/common/whole_number.h"
#include "daemon/control/protocol.h"
#include "daemon/records/journal_files.h"
#include "daemon/scramctl/check.h"
#include "daemon/scramctl/connection.h"
#include "daemon/scramctl/journal.h"
#include "daemon/scramctl/latency_text.h"
#include "daemon/scramctl/publish.h"
#include "daemon/scramctl/receipt.h"
#include "daemon/scramctl/status_text.h"
#include "daemon/scramctl/trip.h"

namespace scram {
namespace {

enum Exit { done = 0, refused = 1, usage = 2, wrong_config = 3, unreachable = 4 };

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

JsonObject request(std::string_view op) {
    JsonObject out;
    out.add("v", control_version).add("op", op);
    return out;
}

// One field of an answer as text; empty if it is not there.
std::string field(const std::string& json, std::string_view key) {
    simdjson::dom::parser parser;
    simdjson::dom::element value;
    std::string_view text;
    if (parser.parse(json)[key].get(value) != simdjson::SUCCESS) return {};
    return value.get(text) == simdjson::SUCCESS ? std::string(text) : simdjson::minify(value);
}

bool is_ok(const std::string& answer) {
    return field(answer, "ok") == "true";
}

int report_refusal(const Options& options, const std::string& answer) {
    if (options.json) {
        fmt::print("{}\n", answer);
    } else {
        fmt::print(stderr, "scramctl: {}\n", field(answer, "error"));
    }
    return refused;
}

int show(const Options& options, std::string_view op, std::string (*text)(std::string_view)) {
    const std::string answer = ControlClient(options.socket).ask(request(op).text());
    if (!is_ok(answer)) return report_refusal(options, answer);
    fmt::print("{}", options.json ? answer + "\n" : text(answer));
    return done;
}

int status(const Options& options) {
    return show(options, "status", options.details ? status_text : overview_text);
}

int latency(const Options& options) {
    return show(options, "latency", latency_text);
}

int ready(const Options& options) {
    const std::string answer = ControlClient(options.socket).ask(request("status").text());
    if (!is_ok(answer)) return report_refusal(options, answer);
    const bool is_ready = field(answer, "ready") == "true";
    const std::string why = field(answer, "unready_reason");
    if (options.json) {
        fmt::print("{}\n", JsonObject()
                               .add("ready", is_ready)
                               .add("reason", why)
                               .add_raw("not_ready_reasons", field(answer, "not_ready_reasons"))
                               .text());
    } else {
        fmt::print("{}\n", is_ready ? "ready" : "not ready: " + why);
    }
    return is_ready ? done : refused;
}

std::unique_ptr<ControlClient> connect_again(const std::string& socket) {
    for (;;) {
        std::this_thread::sleep_for(std::chrono::milliseconds(200));
        try {
            return std::make_unique<ControlClient>(socket);
        } catch (const std::runtime_error&) {  // not yet
        }
    }
}

// How things stand, then what happens; until scramd ends.
int follow(const Options& options, ControlClient& client) {
    if (!options.json) fmt::print("{}", state_text(client.ask(request("status").text())));
    const std::string answer = client.ask(request("watch").text());
    if (!is_ok(answer)) return report_refusal(options, answer);
    std::string line;
    do {
        if (!line.empty()) fmt::print("{}\n", options.json ? line : event_text(line));
        if (std::fflush(stdout) != 0) throw std::system_error(errno, std::generic_category());
    } while (client.next_line(line));
    return unreachable;
}

// A restart is no end: whoever watches a kill switch wants to see it come back.
int watch(const Options& options) {
    auto client = std::make_unique<ControlClient>(options.socket);
    for (bool again = false;; again = true) {
        try {
            if (const int code = follow(options, *client); code != unreachable) return code;
        } catch (const std::system_error&) {
            throw;  // of the output
        } catch (const std::runtime_error&) {
            if (!again) throw;  // else it was about to end
        }
        fmt::print(stderr, "scramctl: scramd has closed the connection; connecting again\n");
        client = connect_again(options.socket);
    }
}

bool is_meant(std::string_view family, const std::string& target) {
    return target == "all" || family == target || family.substr(0, family.find('/')) == target;
}

// How many of the target's families a test holds for.
template <class Test>
std::size_t count_families(const std::string& status, const std::string& target, Test test) {
    simdjson::dom::parser parser;
    simdjson::dom::array families;
    if (parser.parse(status)["families"].get(families) != simdjson::SUCCESS) return 0;
    std::size_t count = 0;
    for (const simdjson::dom::element family : families) {
        std::string_view name;
        if (family["name"].get(name) != simdjson::SUCCESS || !is_meant(name, target)) continue;
        if (test(family)) ++count;
    }
    return count;
}

std::size_t count_in_state(const std::string& status, const std::string& target,
                           std::string_view state) {
    return count_families(status, target, [state](simdjson::dom::element family) {
        std::string_view its;
        return family["state"].get(its) == simdjson::SUCCESS && its == state;
    });
}

int trip(const Options& options) {
    return trip_and_wait(
        {options.socket, options.target, options.reason, options.wait_s, options.json});
}

std::string trips_json(const std::vector<std::uint64_t>& trips) {
    JsonArray out;
    for (const std::uint64_t trip : trips) out.add_raw(std::to_string(trip));
    return out.text();
}

// The gates that wait for the exchange to take orders again: at most as long as OKX's longest lock.
bool await_open_gates(ControlClient& client, const Options& options) {
    using clock = std::chrono::steady_clock;
    const auto until = clock::now() + std::chrono::seconds(15);
    while (clock::now() < until) {
        const std::string status = client.ask(request("status").text());
        if (!is_ok(status) || count_in_state(status, options.target, "releasing") == 0)
            return is_ok(status);
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
    return false;
}

int rearm(const Options& options) {
    ControlClient client(options.socket);
    JsonObject wish = request("rearm");
    wish.add("target", options.target).add("reason", options.reason).add("force", options.force);
    if (!options.trips.empty()) wish.add_raw("trips", trips_json(options.trips));
    const std::string answer = client.ask(wish.text());
    if (options.json) {
        fmt::print("{}\n", answer);
        return is_ok(answer) ? done : refused;
    }
    const std::string review = field(answer, "latched");
    if (!review.empty()) {
        fmt::print("{}", review_text(answer));
        return review == "[]" ? done : refused;
    }
    if (field(answer, "rearmed").empty()) return report_refusal(options, answer);
    fmt::print("{}", rearmed_text(answer));
    if (field(answer, "releasing") != "[]") {
        fmt::print("{}\n", await_open_gates(client, options)
                               ? "the exchange takes their orders again: gates open"
                               : "not seen yet that their gates are open: scramctl status");
    }
    return is_ok(answer) ? done : report_refusal(options, answer);
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
        ->check(whole_number)
        ->check(CLI::Range(0.0, 86400.0))
        ->capture_default_str();
    sub = aimed(add("rearm", "show what is latched; with --trip and --reason, arm it", rearm));
    reason(sub);
    sub->add_option("--trip", options.trips, "the trips that you have looked at, as in 3,4")
        ->check(whole_number)
        ->delimiter(',');
    sub->add_flag("--force", options.force, "even if a rule that kills it is still in breach");
    sub = kept(add("receipt", "show what a trip did: verdict, families, attempts", receipt));
    sub->add_option("trip", options.receipt_of, "its id; without one the latest trip's")
        ->check(whole_number);
    sub->add_flag("--signals", options.signals_too, "with the signals of the seconds before it");
    kept(add("receipts", "list the last trips and their verdicts", receipts));
    controlled(add("reload", "reload the config file",
                   [](const Options& of) { return show(of, "reload", reloaded_text); }));
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
    } catch (const std::exception& error) {
        fmt::print(stderr, "scramctl: {}\n", error.what());
        return unreachable;
    }
}

}  // namespace
}  // namespace scram

int main(int argc, char** argv) {
    scram::open_standard_descriptors();
    return scram::run(argc, argv);
}
