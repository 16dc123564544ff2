// The journal: what a restart must know, and what an audit wants to read.
//
// It has two parts. The *board* is a small block of shared memory (tmpfs) that the loop writes with
// plain stores: per family one word, armed or latched, and per account its budget, both written
// before the gate closes and before the bytes leave; and the last records, in a ring, written after
// them. The *files* are on disk: another thread copies the records there and syncs them. So no disk
// stands between a breach and the wire, nor between two cancels, whatever it does; and a process
// that ends at any instruction has told everything.
//
//     loop:    board.before(step, engine);  carry out the actions;  board.after(step, engine, wall)
//     logger:  for each record up to board.last(): append its 256 bytes to the file, ledger.add();
//              sync; tell the loop, which says board.stored(sequence)
//     start:   folded = fold(files, board memory); then a new Board, whose memory replaces the old
//
// Everything here is a function of bytes; daemon/records/journal.h has the files and the threads.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "core/base/names.h"
#include "core/journal/drills.h"
#include "core/journal/record.h"

namespace scram {

// SHA-256 over the hash before and the record (its first 224 bytes). Allocates when made only.
class Hasher {
  public:
    Hasher();
    ~Hasher();
    Hasher(const Hasher&) = delete;
    Hasher& operator=(const Hasher&) = delete;

    Hash operator()(const Hash& before, std::span<const std::byte> bytes) const;
    Hash operator()(const Hash& before, const JournalRecord& record) const;

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

// Which boot of the machine a monotonic time belongs to; all zero: not known.
using BootId = std::array<std::uint8_t, 16>;

// What a journal's bytes say, as far as they can be believed.
struct Folded {
    enum class Health : std::uint8_t {
        fresh,      // there is none
        whole,      // every record is there and right
        torn,       // the last record is not complete: usual after a crash of the machine
        truncated,  // records at the end are missing that had been written
        damaged,    // bytes were changed
        foreign,    // no journal of this format, version or byte order
        unread,     // it could not be read (the caller's word)
    };
    // A family's word on the board; any other value counts as latched.
    enum class Word : std::uint64_t {
        armed = 0x6e65706f'64656d72,     // nothing is latched, nothing to cancel
        latched = 0x65736f6c'63746c61,   // its cancel may be unfinished
        accepted = 0x65736f6c'63666e6f,  // latched, and its cancel accepted
        held = 0x65736f6c'68656c64,      // latched by a start, and not cancelled
    };

    Health health = Health::fresh;
    std::string fault;  // what is wrong, where; empty if nothing
    bool clean = true;  // the last that was written is a peaceful end

    std::map<std::string, Standing, std::less<>> families;      // by the records
    std::map<std::string, Word, std::less<>> words;             // by the board
    std::map<std::string, Budget::Image, std::less<>> budgets;  // by account, by the board
    Drills drills;                                              // by the records
    bool budgets_known = true;  // false: what was spent before is not told, but may be too much

    TripId last_trip{};
    AttemptId last_attempt{};
    std::uint64_t last_sequence = 0;
    Hash last_hash{};
    std::uint64_t stored_sequence = 0;  // of the last record that the files hold
    Hash stored_hash{};
    std::vector<JournalRecord> unstored;  // those after it, if the board has them all
    // For who writes on in the last file: up to here it is whole. 0: better a new one.
    std::size_t file_size = 0;

    // A family that the records call armed may have been latched since.
    bool in_doubt() const { return health > Health::torn; }
};
inline constexpr std::array<std::string_view, 7> health_names = {
    "fresh", "whole", "torn", "truncated", "damaged", "foreign", "unread"};
static_assert(names_all<Folded::Health>(health_names));
inline std::string_view name(Folded::Health health) {
    return name_in(health_names, health);
}
inline constexpr std::array<std::string_view, 3> after_crash_names = {"latched", "fire", "armed"};
static_assert(names_all<AfterCrash>(after_crash_names));
inline std::string_view name(AfterCrash after_crash) {
    return name_in(after_crash_names, after_crash);
}

// `files`: the journal's last files, oldest first (the last alone suffices, two tell more after
// damage); empty ones count for nothing. `board`: its memory, or nothing. Any bytes will do.
Folded fold(std::span<const std::span<const std::byte>> files, std::span<const std::byte> board,
            const BootId& boot);

// What the engine is told of the time before. Its texts live as long as the program.
Restored restored(const Folded& folded, const Plan& plan, AfterCrash after_crash);

// Families that are latched or unfinished, and that `plan` does not have.
std::vector<std::string> left_out(const Folded& folded, const Plan& plan);

// ---- The board ----------------------------------------------------------------------------------

inline constexpr std::size_t board_records = 4096;  // more than one step can add

struct BoardHead;

class Board {
  public:
    static std::size_t size_for(const Plan& plan, std::size_t records = board_records);

    // Writes the board of this start, and its first records, into `memory`: zeroed, aligned to 256,
    // as large as size_for() says. Nothing of it counts before the caller puts it in the old one's
    // place.
    Board(std::span<std::byte> memory, const Plan& plan, const Folded& folded,
          const Restored& restored, const BootId& boot, WallMillis wall, Time now);

    // What a start must know even if this process ends while it carries out `step`'s actions.
    void before(const Step& step, const Engine& engine);
    // What became of it. Never blocks, never allocates.
    void after(const Step& step, const Engine& engine, WallMillis wall);
    void touch(FamilyId family) const;  // reads what before() would write
    // All of it once more, into memory that stands in the place of what was lost.
    void write_again(std::span<std::byte> memory, const Engine& engine, const BootId& boot);
    // A peaceful end: the last record.
    void stop(WallMillis wall, Time now);

    std::uint64_t last() const { return last_; }  // sequence of the last record
    // The record of a sequence that is neither past last() nor before the oldest in the ring.
    const JournalRecord& record(std::uint64_t sequence) const {
        return kept_[(sequence - 1) % kept_.size()];
    }
    // The files hold all records up to `sequence`: their room may be used again.
    void stored(std::uint64_t sequence);
    std::uint64_t stored() const { return stored_; }
    // Records that found no room, since no file took the others.
    std::uint64_t lost() const { return lost_; }

  private:
    void write_head(std::span<std::byte> memory, const Plan& plan, const BootId& boot);
    void open(const Plan& plan, const Folded& folded, const Restored& restored, const BootId& boot,
              WallMillis wall, Time now);
    void append_standing(std::size_t family, const Plan& plan, const Standing& standing,
                         std::string_view why, WallMillis wall, Time now);
    void tell_loss(WallMillis wall, Time now);
    bool append(JournalRecord record);
    std::size_t room() const { return ring_.size() - (last_ - stored_); }

    BoardHead* head_;
    std::span<Folded::Word> words_;
    std::span<Budget::Image> budgets_;
    std::span<JournalRecord> ring_;
    // As in the ring: the shared memory is others' to lose, and the files are written from here.
    std::vector<JournalRecord> kept_;
    TripId last_trip_;
    AttemptId last_attempt_;
    Hasher hasher_;
    Hash last_hash_;
    std::uint64_t last_;
    std::uint64_t stored_;
    std::uint64_t lost_ = 0;
    std::uint64_t untold_ = 0;         // of lost_: no record has told them yet
    std::vector<Standing> standings_;  // as the records tell them
};

// ---- The files ----------------------------------------------------------------------------------

// What a file's writer keeps: how every family stands after the records that it has written, those
// included that the config no longer has. A file is its head and the records that follow it.
class Ledger {
  public:
    explicit Ledger(const Folded& folded);  // as after the last record that the files hold
    void add(const JournalRecord& record);
    std::uint64_t last_sequence() const { return last_sequence_; }

    // A new file's first bytes: whose it is, where it goes on, and how every family stands, so that
    // this file alone suffices.
    std::vector<std::byte> head(WallMillis wall) const;

  private:
    std::map<std::string, Standing, std::less<>> families_;
    Drills drills_;
    TripId last_trip_{};
    AttemptId last_attempt_{};
    std::uint64_t last_sequence_ = 0;
    Hash last_hash_{};
};

// Nothing was ever written to it: a file that was made and not begun, or whose bytes never arrived.
bool is_blank(std::span<const std::byte> file);

// What walk() found in one file.
struct FileWalk {
    Folded::Health health = Folded::Health::whole;  // whole, torn, damaged or foreign
    std::string fault;                              // the first thing wrong, with its record
    std::uint64_t first_sequence = 0;               // where the file says that it begins
    Hash before{};                                  // the hash that it begins with
    std::uint64_t last_sequence = 0;                // of the last record that is right
    Hash last_hash{};
    TripId last_trip{};  // before the file began
    AttemptId last_attempt{};
    std::size_t size = 0;         // of head and whole records
    bool self_contained = false;  // its opening is whole: older files say nothing more of families
};
// Checks a file from its first byte to its last, and shows `see` every record that is right; those
// of its opening first. Goes on after what is wrong.
FileWalk walk(std::span<const std::byte> file, const Hasher& hasher,
              const std::function<void(const JournalRecord&)>& see);

}  // namespace scram
