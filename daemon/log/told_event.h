// An event in names, whoever kept it: the loop, which has the plan of that moment, or a record of
// the journal, which has none. It is told in one way, in the log, to watchers and from the journal.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/model/events.h"
#include "daemon/log/fields.h"

namespace scram {

struct ToldEvent {
    // What its values are.
    enum class Values : std::uint8_t {
        none,
        metric,   // value and limit of a metric
        silence,  // how long a source was silent, and may be
        series,   // of a metric whose series starts over: its value, and the one before
    };

    std::uint64_t trip = 0;
    std::uint64_t attempt = 0;
    std::string_view rule, family, source, account, metric;
    std::string link;  // "mm-1#2"
    BadReason bad = BadReason::none;
    Alarm alarm = Alarm::none;
    Refusal refusal = Refusal::none;
    Mmp mmp = Mmp::unknown;
    std::optional<std::uint32_t> orders;  // that rest
    milliseconds lock{};
    std::optional<int> timeout_s;  // of the dead man's switch; 0: off
    WallMillis trigger{};          // when it fires
    bool hedge = false, late = false, not_taken = false;
    Values values = Values::none;
    double value = 0, limit = 0, share = 0;
    std::uint32_t suppressed = 0;
    std::optional<Answer> answer;
    bool answer_has_class = true;
    std::string_view cancel;
    std::string note;
};

// All but who and why, which whoever kept it adds last.
Fields fields_of(const ToldEvent& event);

}  // namespace scram
