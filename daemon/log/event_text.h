// Events in words: as a log line (key=value) and as a JSON object, with the same fields.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "core/latency/stages.h"
#include "core/model/events.h"
#include "core/model/plan.h"
#include "daemon/log/folding.h"

namespace scram {

// What is told: an event, the plan that names its ids, and what the loop knows beyond the engine.
struct LogEntry {
    Event event;
    std::shared_ptr<const Plan> plan;
    Stages stages;          // of an attempt's answer
    FixedText<200> detail;  // why a link or source was lost, where a link leads
};

// syslog priority: 2 critical, 3 error, 4 warning, 5 notice, 6 info.
int priority(const Event& event);

// How long repeats of it are counted before they are told as one line; zero: each is told. What a
// person must see of a trip, a switch or an alarm is never folded.
Duration fold_window(EventKind kind);
LogKey log_key(const Event& event);

// "tripped trip=3 rule=btc-delta metric=delta value=27.1 limit=25 source=maker-1"
std::string log_line(const LogEntry& entry);
// {"event":"tripped","wall_ms":...,"trip":3,"rule":"btc-delta",...}
std::string json_line(const LogEntry& entry, WallMillis wall);

// "mm-1#2": an account's link, counted from 0.
std::string link_name(const Plan& plan, LinkId link);

}  // namespace scram
