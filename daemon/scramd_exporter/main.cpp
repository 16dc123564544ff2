// scramd-exporter: tells monitors and browsers what scramd's status page says. It reads that file
// and nothing else, asks scramd nothing, and can change nothing.
//
// Exit codes: 0 ended on request; 1 it could not listen or go on; 2 wrong usage.
#include <fmt/format.h>
#include <sys/prctl.h>

#include <CLI/CLI.hpp>
#include <boost/asio/signal_set.hpp>
#include <csignal>

#include "config/config.h"
#include "daemon/common/standard_descriptors.h"
#include "daemon/common/status_page_file.h"
#include "daemon/common/version.h"
#include "daemon/scramd_exporter/listening.h"
#include "daemon/scramd_exporter/server.h"

namespace scram {
namespace {

enum Exit { ended = 0, failed = 1, usage = 2 };

const char* const about =
    "scramd-exporter: scramd's status for Prometheus (/metrics) and for a browser (/), also while\n"
    "scramd hangs or is dead. It reads the status page, and can change nothing.";

struct Options {
    std::string page = status_page_path(Paths{}.control);
    std::string listen = "127.0.0.1:9467";
    bool is_public = false;
};

void declare(CLI::App& app, Options& options) {
    app.add_option("--page", options.page, "the status page's file")->capture_default_str();
    app.add_option("--listen", options.listen, "ADDRESS:PORT, or unix:/PATH")
        ->capture_default_str();
    app.add_flag("--public", options.is_public,
                 "listen also where other hosts reach it: it has no password and no encryption");
    app.set_version_flag("--version", versions());
    app.footer("Exit codes: 0 ended on request; 1 it could not listen or go on; 2 wrong usage.");
}

int complain(const std::string& why, Exit code) {
    fmt::print(stderr, "scramd-exporter: {}\n", why);
    return code;
}

int run(const Options& options) {
    const auto place = listen_place(options.listen, options.is_public);
    if (const auto* why = std::get_if<std::string>(&place)) return complain(*why, usage);
    auto made = listen_to(std::get<ListenPlace>(place));
    if (const auto* why = std::get_if<std::string>(&made)) return complain(*why, failed);
    auto& listening = std::get<Listening>(made);

    boost::asio::io_context io{1};
    WebServer server(io, std::move(listening.listener), options.page, options.is_public);
    boost::asio::signal_set signals(io, SIGINT, SIGTERM);
    signals.async_wait([&server](auto error, int) {
        if (!error) server.stop();
    });
    server.start();
    fmt::print(stderr, "scramd-exporter: listens at {}, reads {}\n", listening.shown, options.page);
    io.run();
    return ended;
}

}  // namespace
}  // namespace scram

int main(int argc, char** argv) {
    scram::open_standard_descriptors();
    prctl(PR_SET_DUMPABLE, 0);
    std::signal(SIGPIPE, SIG_IGN);
    CLI::App app{scram::about, "scramd-exporter"};
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
        return scram::complain(fmt::format("fatal: {}", error.what()), scram::failed);
    }
}
