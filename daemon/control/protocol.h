// The control protocol, spoken on the operators' socket: one JSON object a line, each way.
//
//   request   {"v":1,"op":"status"}
//             {"v":1,"op":"watch"}                       then one event a line
//             {"v":1,"op":"latency"}                     of each stage, as histograms
//             {"v":1,"op":"trip","target":"mm-1/BTC-USD" | "mm-1" | "all","reason":"..."}
//             {"v":1,"op":"rearm","target":...}          what is latched, and by which trips
//             {"v":1,"op":"rearm","target":...,"trips":[3],"reason":"...","force":false}
//             {"v":1,"op":"orders","target":...}         how many MMP orders rest, as OKX says
//             {"v":1,"op":"receipts"}                    the last trips, in short
//             {"v":1,"op":"dead_man"}                    each account's dead man's switch
//             {"v":1,"op":"dead_man_off","target":"mm-1","reason":"..."}     or dead_man_on
//             {"v":1,"op":"receipt"}                     of the latest trip
//             {"v":1,"op":"receipt","trip":3,"signals":true}   with the last signals before it
//             trip, orders, and rearm with trips, take "wait_ms":10000 as well: if the answer then
//             has "waiting":true, a second line follows it on this connection, once what is waited
//             for has come about or the time is over, and the next request is read after that
//   answer    {"v":1,"ok":true,...}
//             {"v":1,"ok":false,"error":"..."}           says what was expected
#pragma once

#include "core/base/time.h"

namespace scram {

inline constexpr int control_version = 1;
// As long as an operator may have an answer wait for the outcome.
inline constexpr milliseconds wait_max = 24h;

}  // namespace scram
