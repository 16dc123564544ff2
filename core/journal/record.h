// One record of the journal: 256 bytes that stand for themselves. It holds names, not ids, so that
// it is read without the config of its day; it ends with a hash over the record before and itself,
// so that one check finds a changed, a missing and a moved record alike.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <type_traits>

#include "core/engine/engine.h"

namespace scram {

using Hash = std::array<std::uint8_t, 32>;

// Numbers that files hold: never changed, never used again for something else.
enum class RecordKind : std::uint16_t {
    none = 0,
    tripped = 1,
    latched = 2,
    fired = 3,
    answered = 4,
    attempt_lost = 5,
    accepted = 6,
    rearmed = 7,
    rearm_refused = 8,
    lock_released = 9,
    lock_expired = 10,
    alarm_raised = 11,
    alarm_cleared = 12,
    plan_changed = 13,
    started = 14,   // value: families; `who` is the boot's id, text what the journal said
    stopped = 15,   // in peace: nothing is missing behind it
    standing = 16,  // how a family stands, where no event told it: text says why
    lost = 17,      // value: how many records are missing here, since no disk took them in time
    dead_man_off = 18,
    dead_man_on = 19,
    rearm_wanted = 20,
    rearm_lapsed = 21,
    verified = 22,
    drilled = 23,  // in a file's opening: when this account's last drill was verified
};
std::string_view name(RecordKind kind);
// Its subject is an account, not a family.
bool is_of_account(RecordKind kind);

struct JournalRecord {
    std::uint64_t sequence = 0;  // 1, 2, 3 ... over all files; 0 in a file's opening
    std::int64_t wall_ms = 0;
    std::int64_t monotonic_ns = 0;
    std::uint64_t trip = 0;
    std::uint64_t attempt = 0;
    double value = 0;
    double limit = 0;
    std::uint32_t code = 0;  // OKX's; no_code if none
    std::uint16_t http_status = 0;
    RecordKind kind = RecordKind::none;
    std::uint16_t lock_ms = 0;
    std::uint16_t link = no_id;  // counted within its account
    std::uint8_t answer_class = 0;
    std::uint8_t flags = 0;
    std::uint8_t reason = 0;  // a BadReason, Alarm or Refusal, by kind
    std::uint8_t spare = 0;
    std::array<char, 152> texts{};  // each a length byte and its bytes, in the order of Texts
    Hash hash{};

    // Bits of `flags`. Those of the family tell how `family` stands after the input that made the
    // record.
    static constexpr std::uint8_t is_latched = 1;
    static constexpr std::uint8_t is_unfinished = 2;
    static constexpr std::uint8_t is_hedge = 4;
    static constexpr std::uint8_t is_late = 8;
    static constexpr std::uint8_t is_accepted = 16;  // of the family, with is_latched

    bool has(std::uint8_t flag) const { return (flags & flag) != 0; }
};
static_assert(sizeof(JournalRecord) == 256 && std::is_trivially_copyable_v<JournalRecord>);

// What a record names. The last is cut where the record ends; there is always room for 22 bytes of
// it, and for a hundred beside a usual name.
struct Texts {
    std::string_view subject;  // a family; of is_of_account(), an account
    std::string_view rule;
    std::string_view who;  // an operator; a source; a boot
    std::string_view metric;
    std::string_view text;
};
Texts texts_of(const JournalRecord& record);
void put_texts(const Texts& texts, JournalRecord& record);

// A record of `event`, but for its sequence and hash. None: the journal does not keep such events,
// since a source or the network can make any number of them.
std::optional<JournalRecord> record_of(const Event& event, const Engine& engine, WallMillis wall);

// How a family stands: what a restart must know of it.
struct Standing {
    bool latched = false;
    bool unfinished = false;  // its cancel goes on
    bool accepted = false;    // latched, and an answer of the exchange said that nothing is left
    TripId trip{};
    bool operator==(const Standing&) const = default;
};
inline bool is_held(const Standing& its) {
    return its.latched && !its.unfinished && !its.accepted;
}
Standing standing_of(const Switch& family);
std::uint8_t flags_of(const Standing& standing);
// None: the record says nothing of how its subject stands.
std::optional<Standing> standing_of(const JournalRecord& record);

}  // namespace scram
