// scram-notify: tells people of each trip, alarm and loss of readiness, by webhooks. It reads the
// journal's files and the status page; it asks scramd nothing, and can neither slow nor stop it.
//
// Exit codes: 0 ended on request, nothing wrong, or the test was taken; 1 it could not go on, or
// the test was not taken; 2 wrong usage; 3 the config or a secret is wrong.
#include <fmt/format.h>
#include <sys/prctl.h>

#include <CLI/CLI.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/signal_set.hpp>
#include <csignal>

#include "daemon/common/openssl_life.h"
#include "daemon/common/standard_descriptors.h"
#include "daemon/common/version.h"
#include "daemon/scram_notify/notifier.h"
#include "daemon/scram_notify/templates.h"
#include "net/clock.h"

namespace scram {
namespace {

enum Exit { ended = 0, failed = 1, usage = 2, config_wrong = 3 };

const char* const about =
    "scram-notify: tells people of each trip, alarm and loss of readiness, by webhooks, also "
    "while\n"
    "scramd hangs or is dead. It reads the journal and the status page, and can change nothing.";

struct Options {
    std::string config = "/etc/scramd/scram-notify.toml";
    bool check = false;
    std::string test;
};

void declare(CLI::App& app, Options& options) {
    app.add_option("--config", options.config, "the config file")->capture_default_str();
    auto* check = app.add_flag("--check", options.check,
                               "check the config and the secrets, and show what each target would "
                               "be sent");
    app.add_option("--test", options.test, "send one test notice to this target now")
        ->excludes(check);
    app.set_version_flag("--version", versions());
    app.footer(
        "Exit codes: 0 ended on request, nothing wrong, or the test was taken; 1 it could not go "
        "on, or the test was not taken; 2 wrong usage; 3 the config or a secret is wrong.");
}

Notice example(std::string_view what) {
    Notice out;
    out.wall_ms = wall_now().value;
    out.id = fmt::format("{}-{}", what, out.wall_ms);
    out.key = what;
    out.severity = Severity::warning;
    out.text = "This is a test of scram-notify: nothing has happened.";
    out.add("what_to_do", "Nothing.");
    return out;
}

int check(const NotifyConfig& config, const std::vector<Receiver>& receivers) {
    fmt::print("journal {}\npage {}\nspool {}\nhost {}\nunready_after_s {}\n", config.journal,
               config.page, config.spool, config.host,
               std::chrono::duration<double>(config.unready_after).count());
    const auto listed = list_journal(config.journal);
    if (const auto* why = std::get_if<std::string>(&listed)) fmt::print("as this user: {}\n", *why);
    for (const Receiver& its : receivers) {
        fmt::print(
            "\ntarget {}: kind {}, min_severity {}, its secret is in {}; it would be "
            "sent:\n{}\n",
            its.config.name, name(its.config.kind), name(its.config.min_severity),
            its.config.secret_file,
            body_for(its.config.kind, example("example"), config.host, "ROUTING-KEY"));
    }
    return ended;
}

int test(const NotifyConfig& config, std::vector<Receiver>& receivers, const std::string& target) {
    const auto found = std::find_if(receivers.begin(), receivers.end(),
                                    [&](const Receiver& its) { return its.config.name == target; });
    if (found == receivers.end()) {
        say(fmt::format("the config has no target '{}'", target));
        return usage;
    }
    boost::asio::io_context io{1};
    Delivery delivery(io, std::move(*found), config.host, say);
    PostResult result;
    boost::asio::co_spawn(io, delivery.send(example("test")),
                          [&](const std::exception_ptr& fault, PostResult its) {
                              if (fault) std::rethrow_exception(fault);
                              result = std::move(its);
                          });
    io.run();
    const bool taken = result.what == PostResult::What::taken;
    fmt::print("target {}: {}: {}\n", target, result.said, taken ? "taken" : "NOT taken");
    return taken ? ended : failed;
}

int follow(const NotifyConfig& config, std::vector<Receiver> receivers) {
    boost::asio::io_context io{1};
    auto made = Notifier::make(io, config, std::move(receivers));
    if (const auto* why = std::get_if<std::string>(&made)) {
        say(*why);
        return failed;
    }
    Notifier& notifier = *std::get<std::unique_ptr<Notifier>>(made);
    boost::asio::signal_set signals(io, SIGINT, SIGTERM);
    signals.async_wait([&](auto error, int) {
        if (error) return;
        notifier.stop();
        io.stop();
    });
    say(fmt::format("follows {} and {}, for {} targets", config.journal, config.page,
                    config.targets.size()));
    notifier.start();
    io.run();
    return ended;
}

int run(const Options& options) {
    auto loaded = load_notify_config(options.config);
    if (const auto* errors = std::get_if<std::vector<ConfigError>>(&loaded)) {
        for (const ConfigError& error : *errors) fmt::print(stderr, "{}\n", error.text());
        return config_wrong;
    }
    const auto& config = std::get<NotifyConfig>(loaded);
    std::vector<Receiver> receivers;
    bool is_whole = true;
    for (const TargetConfig& target : config.targets) {
        auto receiver = receiver_of(target);
        const auto* why = std::get_if<std::string>(&receiver);
        if (why != nullptr) say(*why);
        is_whole = is_whole && why == nullptr;
        if (why == nullptr) receivers.push_back(std::move(std::get<Receiver>(receiver)));
    }
    if (!is_whole) return config_wrong;
    if (options.check) return check(config, receivers);
    if (!options.test.empty()) return test(config, receivers, options.test);
    return follow(config, std::move(receivers));
}

}  // namespace
}  // namespace scram

int main(int argc, char** argv) {
    scram::open_standard_descriptors();
    scram::keep_openssl();
    prctl(PR_SET_DUMPABLE, 0);
    std::signal(SIGPIPE, SIG_IGN);
    CLI::App app{scram::about, "scram-notify"};
    scram::Options options;
    scram::declare(app, options);
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return app.exit(error) == 0 ? scram::ended : scram::usage;
    }
    try {
        return scram::run(options);
    } catch (const std::exception& error) {
        scram::say(fmt::format("fatal: {}", error.what()));
        return scram::failed;
    }
}
