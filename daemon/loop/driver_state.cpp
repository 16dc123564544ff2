// What the engine knew before this start, what it still does not know, and what it leaves.
#include <fmt/format.h>

#include "daemon/loop/driver.h"
#include "net/clock.h"

namespace scram {
namespace {

constexpr std::size_t unknowns_max = 64;  // to be listed; one is enough not to be ready

}  // namespace

// The file in shared memory knows more than the copy, and the copy is all there is after a reboot.
void Driver::recall() {
    for (const auto& left : journal_.state_file().left()) {
        recalled_ = engine_.recall(left, boot_id(), wall_now(), monotonic_now());
        if (!recalled_.fault.empty()) recall_fault_ = recalled_.fault;
        if (recalled_.damaged > 0)
            recall_fault_ =
                fmt::format("{} of its items are damaged, and unknown", recalled_.damaged);
        if (!left.empty() && recalled_.fault.empty()) return;
    }
}

std::vector<LogNotice> Driver::state_news() const {
    std::vector<LogNotice> out;
    if (recalled_.values + recalled_.sources > 0)
        out.push_back({5, LogLine(LogEvent::state_restored)
                              .add("values", recalled_.values)
                              .add("age_ms", recalled_.age / 1ms)
                              .add("sources_attached", recalled_.sources)
                              .add("values_dropped", recalled_.values_lost)
                              .text()});
    if (!recall_fault_.empty())
        out.push_back({4, LogLine(LogEvent::state_fault)
                              .add("detail", "the state file of the time before: " + recall_fault_)
                              .text()});
    if (const std::string& trouble = journal_.state_file().trouble(); !trouble.empty())
        out.push_back({2, LogLine(LogEvent::state_fault).add("detail", trouble).text()});
    return out;
}

void Driver::check_state(Time now) {
    engine_.state().compare_clocks(wall_now(), now);
}

void Driver::leave_state() {
    StateMemory& state = engine_.state();
    state.seal(wall_now(), monotonic_now());
    journal_.state_file().leave_copy(state.bytes());
}

// Looked for again only when a value has come that was not known.
const std::vector<Unknown>& Driver::unknowns() const {
    const MetricTable& metrics = engine_.metrics();
    if (unknowns_as_of_ == metrics.known_values()) return unknowns_;
    unknowns_as_of_ = metrics.known_values();
    unknowns_ = engine_.rules().unknowns(metrics, unknowns_max);
    return unknowns_;
}

}  // namespace scram
