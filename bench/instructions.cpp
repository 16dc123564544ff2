// The decision's way under callgrind: a signal in, nothing to do; a signal in, fire. Only what runs
// inside of decide() is counted, the same number each time: bench/instructions.py compares it with
// what is checked in.
#include <string>
#include <string_view>

#include "bench/measured_engine.h"

namespace {

using namespace scram;

constexpr std::size_t signals = 100;  // of each kind; also named in instructions.py

}  // namespace

// Not inlined: callgrind knows it by its name.
[[gnu::noinline]] void decide(bench::MeasuredEngine& measured, double value) {
    measured.publish(value);
}

// instructions quiet|firing FAMILIES RULES
int main(int argc, char** argv) {
    if (argc != 4) return 2;
    const bool fires = std::string_view(argv[1]) == "firing";
    bench::MeasuredEngine measured(bench::plan_of(std::stoul(argv[2]), std::stoul(argv[3])));
    std::size_t fired = 0;
    for (std::size_t i = 0; i < signals; ++i) {
        if (fires) {
            decide(measured, 2000);
            for (const Action& action : measured.step.actions)
                fired += action.kind == ActionKind::fire;
            measured.recover();
        } else {
            decide(measured, static_cast<double>(i));
            measured.step.clear();
        }
    }
    return fired == (fires ? signals : 0) ? 0 : 1;
}
