// A recording: all that the rules were told, and what came of it, in files from which a replay
// finds the same trips again (core/replay). How the bytes stand in a file, and nothing of where
// they come from.
//
// A file is complete by itself. It begins with a head: the names behind the ids of its records, the
// effective config, how the clocks stood, and what the engine knew at that moment (the bytes of its
// StateMemory). Behind it stand blocks of records, each under a checksum of its own, so that a torn
// end is known and what stands before it is used. Records have one size. Numbers are in the byte
// order of the host, which the head tells.
//
// Behind the head, up to a record `begun`, stands what else was so when the file began: which
// families were latched, and which sources attached.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "core/base/ids.h"
#include "core/base/names.h"
#include "core/base/time.h"
#include "core/model/events.h"
#include "core/model/plan.h"
#include "core/rules/memory.h"
#include "core/signal.h"

namespace scram {

enum class RecordedKind : std::uint8_t {
    signal,        // from, and all that the source wrote: hostile
    batch_ended,   // from
    signals_lost,  // from
    joined,        // from; number: of the next signal that is due
    left,          // from
    vanished,      // from
    restored,      // family, number: its trip, detail: its Cancel
    begun,         // what was so at the file's begin ends here
    tripped,       // number: the trip, rule or none: an operator's, detail: 1 then; as the event
    would_trip,    // of a shadow rule, as the event
    latched,       // family, number: the trip
    fired,         // family: a cancel that is not accepted yet left
    accepted,      // family
    armed,         // family: its gate opened
    gap,           // number: so many records before it found no room
};
inline constexpr std::array<std::string_view, 15> recorded_kind_names = {
    "signal",  "batch_ended", "signals_lost", "joined", "left",     "vanished", "restored", "begun",
    "tripped", "would_trip",  "latched",      "fired",  "accepted", "armed",    "gap"};
static_assert(names_all<RecordedKind>(recorded_kind_names));

struct Recorded {
    Time at{};                 // when it was read, or became so
    std::uint64_t number = 0;  // signal: its sequence
    std::int64_t published_ns = 0;
    double value = 0;
    double limit = 0;
    SourceId from = none<SourceId>();  // whose connection it came by
    std::uint16_t source = no_id;
    std::uint16_t family = no_id;
    std::uint16_t metric = no_id;
    std::uint16_t rule = no_id;
    std::uint8_t version = 0;
    std::uint8_t signal_kind = 0;
    RecordedKind kind = RecordedKind::signal;
    std::uint8_t detail = 0;  // tripped, would_trip: its BadReason as well, where no operator's
    std::array<std::uint8_t, 10> unused{};
};
static_assert(sizeof(Recorded) == 64);
static_assert(std::is_trivially_copyable_v<Recorded>);

// What came of an event that a recording keeps; kind `begun`: nothing.
Recorded recorded(const Event& event);
inline Recorded recorded(SourceId from, const scram_signal& signal, Time read) {
    Recorded out;
    out.at = read;
    out.number = signal.sequence;
    out.published_ns = signal.published_ns;
    out.value = signal.value;
    out.from = from;
    out.source = signal.source;
    out.family = signal.family;
    out.metric = signal.metric;
    out.version = signal.version;
    out.signal_kind = signal.kind;
    return out;
}

// Why a file begins.
enum class RecordingBegin : std::uint8_t {
    start,   // of scramd
    reload,  // of its config
    next,    // the one before was full
};
inline constexpr std::array<std::string_view, 3> recording_begin_names = {"start", "reload",
                                                                          "next"};
static_assert(names_all<RecordingBegin>(recording_begin_names));

struct RecordingHead {
    std::uint64_t run = 0;     // one life of scramd
    std::uint32_t number = 0;  // of the file, within the run, from 1
    RecordingBegin begin = RecordingBegin::start;
    BootNumber boot{};
    WallMillis wall;  // at `at`
    Time at{};
    std::vector<std::string> families, sources, metrics, rules;  // by id
    std::string config;                                          // effective, as TOML
    std::uint64_t config_hash = 0;                               // of that text
    std::vector<std::byte> state;  // of the engine; empty: it was too large
};

std::uint64_t config_hash(std::string_view config);
void take_names(const Plan& plan, RecordingHead& head);

// No clock that counts from a boot says more, nor less than 0.
inline constexpr Time recorded_time_max = time_from_ns(std::int64_t{1} << 60);
inline constexpr std::size_t recorded_per_block_max = 1024;
inline constexpr std::size_t recording_state_max = std::size_t{1} << 20;

// The bytes that a file begins with.
std::vector<std::byte> recording_head(const RecordingHead& head);
// One block: 1 to recorded_per_block_max records, of which the run's `first`th is the first, from
// 0. Takes the place of what `out` holds.
void recording_block(std::span<const Recorded> records, std::uint64_t first,
                     std::vector<std::byte>& out);

// Reads a file's bytes, which are any, stand aligned to 8 and outlive it.
class RecordingReader {
  public:
    // The error says what is wrong, and at which byte.
    static std::variant<RecordingReader, std::string> open(std::span<const std::byte> bytes);

    const RecordingHead& head() const { return head_; }
    struct Block {
        std::uint64_t first = 0;            // the run's number of its first record
        std::span<const Recorded> records;  // empty: there is no whole one any more
    };
    Block next();
    // Behind the last block: why bytes follow that are none. Empty: all was read.
    const std::string& fault() const { return fault_; }

  private:
    std::span<const std::byte> bytes_;
    std::size_t at_ = 0;
    RecordingHead head_;
    std::string fault_;
};

}  // namespace scram
