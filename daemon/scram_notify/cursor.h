// How far all was told: what a start of scram-notify must know, in one file.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/notice/flood.h"
#include "core/notice/from_journal.h"
#include "core/notice/from_page.h"

namespace scram {

struct Cursor {
    JournalPosition journal;
    std::vector<FollowedTrip> trips;
    Guard guard = Guard::unknown;  // told last
    std::vector<Flood::Waiting> waiting;
    std::uint64_t spooled = 0;                     // the spool's last number
    std::map<std::string, std::uint64_t> dropped;  // by target: not told of so far
    bool operator==(const Cursor&) const = default;
};

std::string cursor_json(const Cursor& cursor);
// None: these bytes are no cursor.
std::optional<Cursor> cursor_from(std::string_view json);

}  // namespace scram
