// A journal's records in words: the same fields as the log's and the watchers' lines
// (daemon/log/event_text.h), but read from the record alone.
#pragma once

#include <string>

#include "core/journal/record.h"

namespace scram {

// "2026-01-05T09:30:00.123Z #57 fired trip=3 family=mm-1/BTC-USD link=mm-1#2 attempt=9"
std::string record_line(const JournalRecord& record);
// {"sequence":57,"event":"fired","wall_ms":...,"trip":3,...}
std::string record_json(const JournalRecord& record);

}  // namespace scram
