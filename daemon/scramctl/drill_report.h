// The report of a drill: its JSON, and the same as a text and as a page for a browser. The page is
// one file without scripts and without anything from elsewhere.
#pragma once

#include <simdjson.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace scram {

// What is known of a drill, as far as it went.
struct DrillFacts {
    std::string name;  // of the files, without their endings
    std::int64_t wall_ms = 0;
    std::string target, reason, by, host, version, config, config_sha256;
    std::optional<std::uint64_t> trip;  // none: nothing was tripped; 0: its number was not told
    std::string error;                  // why it did not go on; empty: it did
    std::string orders_before = "[]";   // JSON, as scramd tells of a look at orders
    std::string receipt = "null";       // JSON, as of `scramctl receipt`
    std::string rearm = "not asked";    // what became of the re-arm
    std::string journal = "null";       // JSON: `record` and `hash` of the trip's, or `why` not
    std::int64_t next_due_ms = 0;       // 0: none
};

enum class DrillVerdict { verified, accepted, not_confirmed, failed };
// As the report says it: "VERIFIED", "ACCEPTED", "NOT CONFIRMED", "FAILED".
const char* name(DrillVerdict verdict);
// `tripped`: it was asked for, and not refused; `receipt`: none was told.
DrillVerdict drill_verdict(bool tripped, std::optional<simdjson::dom::element> receipt);

std::string drill_json(const DrillFacts& facts);
// Of what drill_json() made.
std::string drill_text(simdjson::dom::element report);
std::string drill_html(simdjson::dom::element report);

}  // namespace scram
