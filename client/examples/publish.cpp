// The smallest maker in C++: publishes delta and vega ten times a second in one message, and quotes
// only while its gate is open. Usage: example_cpp [source] [family], e.g. example_cpp maker-1
// mm-1/BTC-USD
#include <chrono>
#include <cmath>
#include <cstdio>
#include <thread>

#include "client/scram.hpp"  // installed: <scram.hpp>

namespace {

struct Names {
    scram::Client::Family family;
    scram::Client::Metric delta, vega;
};

// Before the first quote there is nothing to kill, so a wrong name is an end on purpose.
Names look_up(scram::Client& scramd, const char* family) try {
    return {scramd.family(family), scramd.metric("delta"), scramd.metric("vega")};
} catch (const scram::Client::Error&) {
    scramd.detach();
    throw;
}

}  // namespace

int main(int argc, char** argv) try {
    scram::Client scramd(argc > 1 ? argv[1] : "maker-1");
    const auto [family, delta, vega] = look_up(scramd, argc > 2 ? argv[2] : "mm-1/BTC-USD");

    for (int i = 0; i < 100 && scramd.attached(); ++i) {
        scramd.add(family, delta, 5 * std::sin(i / 10.0));
        scramd.add(family, vega, 100 * std::cos(i / 10.0));
        if (scramd.heartbeat() != SCRAM_DONE) std::fprintf(stderr, "%s\n", scramd.error());
        std::puts(scramd.halted(family) ? "halted: no quote" : "quote");
        std::this_thread::sleep_for(std::chrono::milliseconds(100));
    }
    return scramd.detach() == SCRAM_DONE ? 0 : 1;
} catch (const scram::Client::Error& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
}
