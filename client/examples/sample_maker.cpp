// A sample market maker of options for the demo and for trying scramd out: it quotes on okxsim, the
// exchange simulator, publishes its risk to scramd, and can be told to lose control of it.
#include <CLI/CLI.hpp>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <exception>
#include <thread>

#include "client/examples/maker.h"

namespace scram::sample {
namespace {

volatile std::sig_atomic_t stopped = 0;

void declare(CLI::App& app, Settings& settings) {
    app.add_option("--socket", settings.socket, "scramd's signal socket (else $SCRAM_SOCKET)");
    app.add_option("--source", settings.source, "name of this source in scramd's config")
        ->capture_default_str();
    app.add_option("--account", settings.account, "account to trade as")->capture_default_str();
    app.add_option("--families", settings.families, "families to quote, separated by commas")
        ->delimiter(',')
        ->capture_default_str();
    app.add_option("--sim", settings.sim, "HOST:PORT of okxsim's admin port")->required();
    app.add_option("--seed", settings.seed, "of the random walk")->capture_default_str();
    app.add_option("--runaway-after", settings.runaway_after,
                   "seconds until the first family's delta runs away");
    app.add_flag("--hold-after-halt", settings.hold_after_halt,
                 "hedge 1.5 s after a gate closed, and quote again once it opens");
    app.add_option("--duration", settings.duration, "seconds to run (else until SIGTERM)");
}

// 0: ended on purpose. 1: scramd is gone.
int run(const Settings& settings) {
    using Clock = std::chrono::steady_clock;
    constexpr std::chrono::milliseconds pause{20};
    Maker maker(settings, std::chrono::floor<std::chrono::days>(std::chrono::system_clock::now()));
    const auto start = Clock::now();
    bool attached = true;
    while (!stopped && attached) {
        const auto now = Clock::now();
        const Seconds elapsed = now - start;
        if (settings.duration && elapsed.count() >= *settings.duration) break;
        attached = maker.step(elapsed);
        std::this_thread::sleep_until(now + pause);
    }
    maker.pull();
    maker.end();
    std::puts(attached ? "maker: ended" : "maker: no connection to scramd, all quotes cancelled");
    return attached ? 0 : 1;
}

}  // namespace
}  // namespace scram::sample

int main(int argc, char** argv) try {
    scram::sample::Settings settings;
    CLI::App app{"A sample option market maker that publishes its risk to scramd."};
    scram::sample::declare(app, settings);
    CLI11_PARSE(app, argc, argv);
    for (const int signal : {SIGTERM, SIGINT}) {
        std::signal(signal, [](int) { scram::sample::stopped = 1; });
    }
    return scram::sample::run(settings);
} catch (const std::exception& error) {
    std::fprintf(stderr, "maker: %s\n", error.what());
    return 1;
}
