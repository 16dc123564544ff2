// Latency as JSON: what the control protocol's op `latency` answers.
#pragma once

#include <string>

#include "core/latency/latency.h"
#include "core/latency/loop_time.h"
#include "daemon/common/json.h"

namespace scram {

// {"v":1,"ok":true,"since_ms":...,"error_max":0.03125,"bucket_bounds_ns":[100,...],
//  "attempts":{"requests":3,"unanswered":0,"stages":{"published_to_read":{"count":3,"sum_ns":...,
//  "p50_ns":...,"p90_ns":...,"p99_ns":...,"p999_ns":...,"max_ns":...,"buckets":[0,...]},...}},
//  "rehearsals":{...}}. A stage that nothing passed has its count alone.
std::string latency_json(const Latency& latency);
// The same without `v` and `ok`.
void add_latency(const Latency& latency, JsonObject& out);

// {"wall_us":412,"cpu_us":398,"work":"breach, answer","at":...} with `at` in wall milliseconds,
// which are `wall` at `now`; in what is left between the two something else had the core. null: no
// iteration was measured.
std::string loop_max_json(const LoopIteration& turn, Time now, WallMillis wall);

}  // namespace scram
