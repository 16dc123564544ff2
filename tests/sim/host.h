// The host that scramd runs on: the board in shared memory, the journal's files on disk, and what
// of both survives the end of a process or of the machine.
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "core/journal/journal.h"
#include "tests/sim/coverage.h"
#include "tests/sim/dice.h"

namespace scram::sim {

// scramd ends here and now.
struct Crash {
    bool of_machine = false;
};

// What happened to the bytes while nobody looked.
enum class Damage : std::uint8_t {
    none,
    file_flipped,  // bits of the file
    file_cut,      // below what was synced, with the board left to tell
    file_lost,     // the same
    board_lost,    // somebody emptied /run
    board_cut,
    board_foreign,  // of another version
};

class Host {
  public:
    Host(const Plan& plan, std::uint64_t seed, Coverage& seen);

    // ---- a life of scramd
    const Folded& read(bool may_be_damaged);  // what the last one left
    void start(const Plan& plan, const Restored& restored, WallMillis wall, Time now);
    void before(const Step& step, const Engine& engine) { board_->before(step, engine); }
    void after(const Step& step, const Engine& engine, WallMillis wall);
    // The logger's turn. True: all that was told is on disk.
    bool logger(WallMillis wall);
    void stall_scribe(int turns) { stalled_ = turns; }
    void stop(WallMillis wall, Time now);

    // ---- its end
    void end_process();
    void end_machine();
    Damage damage() const { return damage_; }
    // The logger came too late: some records never reached the board.
    bool lost_records() const { return lost_; }

  private:
    using Bytes = std::vector<std::byte>;

    void spoil();
    void open_file(WallMillis wall);
    void write_all(WallMillis wall);
    void write(const JournalRecord& record);
    void sync();

    Coverage& seen_;
    Dice dice_;
    BootId boot_{};
    // The board's memory, which asks for an alignment.
    struct Block {
        alignas(256) std::array<std::byte, 256> bytes{};
    };
    std::vector<Block> memory_;
    std::size_t memory_size_ = 0;
    std::unique_ptr<Board> board_;
    std::unique_ptr<scram::Ledger> ledger_;
    std::vector<Bytes> files_;  // the last two
    std::size_t synced_ = 0;    // of the last file
    int stalled_ = 0;
    Folded folded_;
    Damage damage_ = Damage::none;
    bool lost_ = false;  // in the life that ended
};

}  // namespace scram::sim
