// What the journal's records are told as. One trip is one notice, however many families it
// latches, and one more once each of them is verified or armed again.
//
//     for each record:  notices.take(record, now, out)
//     after each look:  notices.settle(now, out)
//     to be kept:       notices.state(), which is that after the record notices.safe()
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "core/base/time.h"
#include "core/journal/record.h"
#include "core/notice/notice.h"

namespace scram {

inline constexpr std::size_t trips_followed_max = 64;  // of more, the oldest are not resolved
inline constexpr std::size_t families_told_max = 12;   // by name; the others as a number
inline constexpr Duration notice_gathers_for = 300ms;  // records that belong together

// A trip whose end is not told yet.
struct FollowedTrip {
    std::uint64_t trip = 0;
    Severity severity = Severity::critical;
    std::uint64_t families = 0;  // that it latched
    std::uint64_t armed = 0;     // of them, before they were verified
    std::set<std::string, std::less<>> open{};
    bool operator==(const FollowedTrip&) const = default;
};

// How far the journal was told.
struct JournalPosition {
    std::uint64_t sequence = 0;
    Hash hash{};
    std::int64_t wall_ms = 0;  // of that record
    bool operator==(const JournalPosition&) const = default;
};

class JournalNotices {
  public:
    JournalNotices() = default;
    JournalNotices(JournalPosition position, std::vector<FollowedTrip> trips)
        : safe_(position), read_(position), trips_(std::move(trips)) {}

    // Records in their order; `now` is CLOCK_MONOTONIC.
    void take(const JournalRecord& record, Time now, Notices& out);
    // Nothing more is there: what has been gathered for long enough is told.
    void settle(Time now, Notices& out);
    // The journal goes on behind `position`; what is gathered is told first.
    void move_to(JournalPosition position, Notices& out);

    // Up to here all is told, and trips() are those after it; a restart goes on behind it.
    const JournalPosition& safe() const { return safe_; }
    // Up to here all is taken.
    const JournalPosition& read() const { return read_; }
    const std::vector<FollowedTrip>& trips() const { return trips_; }

  private:
    // Records of one step that make one notice.
    struct Gathered {
        JournalRecord first;
        std::vector<std::string> families;
        std::string rules;  // of a trip: those beyond the first
        Time since{};
    };

    bool join(const JournalRecord& record);
    void begin(const JournalRecord& record, Time now);
    void end(Notices& out);
    void tell_trip(Notices& out);
    void tell_armed(Notices& out);
    void tell_other(const JournalRecord& record, Notices& out) const;
    void tell_alarm(const JournalRecord& record, Notices& out) const;
    void follow(FollowedTrip trip);
    void latched_later(const JournalRecord& record);
    void done(const JournalRecord& record, Notices& out);

    JournalPosition safe_, read_;
    std::optional<Gathered> gathered_;
    std::vector<FollowedTrip> trips_;
    std::string last_refusal_;  // of a cancel, as the exchange answered it
};

// The notice that the journal is followed from here on, as a first start tells it.
Notice following_from(const JournalPosition& position, std::int64_t wall_ms);

}  // namespace scram
