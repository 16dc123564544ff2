// The writer: a thread that takes records from the board to the files and syncs them. It alone
// waits for the disk. It is another thread than the logger's, since a disk that hangs must not hold
// up the log line that tells of it, nor a log that blocks the journal.
#pragma once

#include <atomic>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "config/unique_fd.h"
#include "core/journal/journal.h"
#include "daemon/log/line.h"
#include "daemon/records/journal_files.h"

namespace scram {

// A line for the log.
struct LogNotice {
    int priority = 5;
    std::string line;
};

class JournalWriter {
  public:
    struct Options {
        std::string directory;
        std::size_t keep = 16;      // files
        std::size_t file_size = 0;  // a new file is begun beyond this
        // The last file, to go on in after so many of its bytes; empty: a new one begins.
        std::string resume;
        std::size_t resume_at = 0;
    };
    // `board` outlives this.
    JournalWriter(Options options, const Board& board, Ledger ledger);
    // Stores what is left, if the disk takes it, then ends the thread.
    ~JournalWriter();
    JournalWriter(const JournalWriter&) = delete;
    JournalWriter& operator=(const JournalWriter&) = delete;

    // From the loop's thread: records up to `sequence` are on the board.
    void publish(std::uint64_t sequence);
    // Looks after the file, and tries again what failed.
    void nudge();
    // Up to here the files hold all, synced.
    std::uint64_t stored() const { return stored_.load(std::memory_order_acquire); }

    // What hinders it; empty if nothing.
    std::string trouble() const;
    std::vector<LogNotice> take_news();

  private:
    void run();
    void store();
    bool store_some(std::uint64_t until);
    bool check_file();
    bool begin_file();
    std::string next_path(std::string& error) const;
    void remove_old();
    void close_file();
    void resume();
    bool fail(std::string_view what, int error);
    bool fail(std::string text);
    void recovered();
    void tell(int priority, LogEvent event, std::string_view detail);

    // The thread's own.
    Options options_;
    const Board& board_;
    Ledger ledger_;
    std::string path_;
    UniqueFd file_;
    std::size_t size_ = 0;
    std::vector<JournalRecord> batch_;

    // The border. Records up to published_ are the thread's to read until stored_ has passed them.
    std::atomic<std::uint64_t> published_;
    std::atomic<std::uint64_t> stored_;
    std::atomic<std::uint32_t> turns_{0};
    std::atomic<bool> ending_{false};
    mutable std::mutex mutex_;  // of the texts below: no one holds it while it waits
    std::string trouble_;
    std::vector<LogNotice> news_;
    std::thread thread_;
};

}  // namespace scram
