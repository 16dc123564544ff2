// The daemon's journal: the board in shared memory beside the control socket, which the loop
// writes; the files, which the writer's thread writes; and what a start learns from both. Nothing
// that becomes of disk or memory stops scramd: it is told, and it goes on.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <variant>

#include "config/config.h"
#include "config/unique_fd.h"
#include "daemon/common/boot_id.h"
#include "daemon/common/state_file.h"
#include "daemon/records/journal_writer.h"

namespace scram {

class Journal {
  public:
    // Takes the folder, reads and folds. The error: another scramd holds it.
    static std::variant<std::unique_ptr<Journal>, std::string> open(const Config& config);
    ~Journal();
    Journal(const Journal&) = delete;
    Journal& operator=(const Journal&) = delete;

    // From here on this start counts: a process that ends without stop() has crashed. Says what the
    // engine is to be told.
    const Restored& begin();
    // For the log: what the journal said.
    std::vector<LogNotice> report() const;

    // Around the actions of a step (core/journal/journal.h).
    void before(const Step& step, const Engine& engine) { board_->before(step, engine); }
    void after(const Step& step, const Engine& engine);
    // Reads what before() would write for the family, to keep it near.
    void touch(FamilyId family) const { board_->touch(family); }
    // Every half second or so: room, retries. Returns lines for the log.
    std::vector<LogNotice> beat(Time now, const Engine& engine);
    // A peaceful end: nothing more is recorded.
    void stop();

    // Empty: all is well.
    std::string trouble() const;
    std::uint64_t lost() const { return board_ ? board_->lost() : 0; }
    std::uint64_t last() const { return board_ ? board_->last() : 0; }
    std::uint64_t stored() const { return writer_ ? writer_->stored() : 0; }
    const std::string& directory() const { return directory_; }
    const Folded& folded() const { return folded_; }
    // As of the last beat().
    const Drills& drills() const { return folded_.drills; }
    StateFile& state_file() { return state_file_; }

  private:
    explicit Journal(const Config& config);
    std::string lock();
    void read();
    void read_files(std::vector<FileBytes>& files, std::string& unread);
    void publish();
    void look_for_drills();
    std::span<std::byte> map_board(std::size_t size);
    std::span<std::byte> map_shared(const std::string& path, std::size_t size, void* in_place_of);
    std::string show_board();
    std::string board_fault() const;
    void check_board(Time now, const Engine& engine, std::vector<LogNotice>& news);

    Plan plan_;
    JournalConfig config_;
    std::string directory_, board_path_;
    StateFile state_file_;
    UniqueFd lock_;
    Folded folded_;
    Restored restored_;
    std::string last_file_;        // the one that folded_ ends with, if no other follows it
    std::span<std::byte> memory_;  // the board's
    std::string board_trouble_;
    std::uint64_t board_file_ = 0;  // its inode; 0: the memory has no file
    Time board_tried_{};            // to have a file, last
    std::optional<Board> board_;
    std::optional<JournalWriter> writer_;
    std::uint64_t published_ = 0;
    std::uint64_t drills_seen_ = 0;
    Time behind_since_ = never;  // records wait for the disk
    std::string slow_;           // the disk has let us wait too long
};

}  // namespace scram
