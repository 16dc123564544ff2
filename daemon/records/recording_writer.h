// The writer of recordings: a thread that takes what the loop recorded to files, recording-000001
// and on, and keeps the newest. It alone waits for the disk. What it cannot write it tries again;
// meanwhile the ring fills, and what finds no room there the loop counts.
#pragma once

#include <atomic>
#include <filesystem>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "config/config.h"
#include "config/unique_fd.h"
#include "core/recording/recording.h"
#include "daemon/records/recording_ring.h"

namespace scram {

// Before files are put out of reach. What goes wrong shows when the first file begins.
void make_recording_folder(const RecordingConfig& config);

// Where a new file begins. What is the same for many is shared, since the loop makes this.
struct NextRecording {
    std::shared_ptr<const RecordingHead> base;
    std::uint32_t number = 0;
    RecordingBegin begin{};
    WallMillis wall;
    Time at{};
    std::vector<std::byte> state;
};

class RecordingWriter {
  public:
    explicit RecordingWriter(RecordingConfig config);
    // Writes what is left, if the disk takes it, then ends the thread.
    ~RecordingWriter();
    RecordingWriter(const RecordingWriter&) = delete;
    RecordingWriter& operator=(const RecordingWriter&) = delete;

    // From the loop's thread: records, and where a new file begins. Precondition: there is room.
    std::size_t room() const { return ring_.room(); }
    bool has_room_for_file() const;
    void push(const Recorded& record) { ring_.push(record); }
    void begin_file(std::unique_ptr<NextRecording> next);
    // The file has the size that it may have.
    bool is_full() const { return full_.load(std::memory_order_relaxed); }

    std::uint64_t written() const { return written_.load(std::memory_order_relaxed); }
    // Why the disk takes none; empty if it does.
    std::string trouble() const;
    std::string file() const;

  private:
    void run();
    void drain();
    bool take_some();
    bool create(const NextRecording& next);
    bool write(std::span<const Recorded> records);
    void remove_old() const;
    void close();
    bool fail(std::string_view what, const std::string& path, int error);
    bool succeed();

    static constexpr std::size_t files_waiting_max = 4;

    const RecordingConfig config_;
    RecordingRing ring_;
    std::array<std::unique_ptr<NextRecording>, files_waiting_max> files_;
    std::atomic<std::uint32_t> files_head_{0}, files_tail_{0};
    std::atomic<bool> full_{false}, ending_{false};
    std::atomic<std::uint64_t> written_{0};
    mutable std::mutex mutex_;  // of the two below; nobody holds it while it waits
    std::string trouble_, path_;

    // The thread's own.
    UniqueFd file_;
    std::size_t size_ = 0;
    std::uint64_t run_ = 0;
    std::uint64_t next_ = 0;  // of the run
    std::vector<std::byte> block_;
    std::thread thread_;
};

struct RecordingFile {
    std::uint32_t number = 0;
    std::filesystem::path path;
};
// In the order of their numbers; none where the folder cannot be read.
std::vector<RecordingFile> list_recordings(const std::filesystem::path& directory);

}  // namespace scram
