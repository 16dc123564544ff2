// The writer of receipts: a thread that writes each trip's receipt as a file, receipts/trip-ID.json
// in the journal's folder, and keeps the newest. It is another thread than the logger's, so that a
// disk that hangs does not hold up the log. A file is whole or absent: it is written aside and
// renamed. What cannot be written is counted, and stops nothing.
#pragma once

#include <array>
#include <atomic>
#include <deque>
#include <filesystem>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "daemon/records/receipt_json.h"

namespace scram {

inline constexpr std::size_t receipts_waiting_max = 16;  // for the writer
// What the files may take. Of them, operators' trips of one start may be half: they push out their
// own, and not what rules did.
struct ReceiptLimits {
    std::size_t files = 1000;
    std::size_t signals = 1000;  // in each
};
inline constexpr std::string_view receipts_folder = "receipts";  // in the journal's folder

// A finished copy of a receipt.
struct FiledReceipt {
    Receipt receipt;
    std::shared_ptr<const Flight> flight;  // nullptr: none was recorded
};

class ReceiptWriter {
  public:
    // `directory` is the journal's; without one (empty) nothing is written.
    explicit ReceiptWriter(const std::filesystem::path& directory, ReceiptLimits limits = {});
    // Writes what is left, then ends the thread.
    ~ReceiptWriter();
    ReceiptWriter(const ReceiptWriter&) = delete;
    ReceiptWriter& operator=(const ReceiptWriter&) = delete;

    bool writes() const { return !folder_.empty(); }
    const std::filesystem::path& folder() const { return folder_; }

    // From the loop's thread only. False: as many wait as may; what was not taken is unchanged.
    bool has_room() const;
    void file(std::unique_ptr<const FiledReceipt> receipt);

    std::uint64_t written() const { return written_.load(std::memory_order_relaxed); }
    std::uint64_t failed() const { return failed_.load(std::memory_order_relaxed); }
    // Why the last could not be written; empty if it was.
    std::string trouble() const;

  private:
    void run();
    void write(const FiledReceipt& filed);
    std::string try_write(const FiledReceipt& filed);
    bool is_new(const Receipt& receipt);
    void set_aside(const std::filesystem::path& path, const Receipt& newcomer) const;
    void make_room(const std::filesystem::path& path, const Receipt& newcomer);

    const std::filesystem::path folder_;
    const ReceiptLimits limits_;
    TripId newest_{};                                 // of this start's trips that were written
    std::deque<std::filesystem::path> by_operators_;  // of this start, the oldest first
    // Single producer, single consumer: the loop moves head_, the writer tail_.
    std::array<std::unique_ptr<const FiledReceipt>, receipts_waiting_max> waiting_;
    alignas(64) std::atomic<std::uint32_t> head_{0};
    alignas(64) std::atomic<std::uint32_t> tail_{0};
    std::atomic<std::uint64_t> written_{0}, failed_{0};
    mutable std::mutex mutex_;  // of trouble_; nobody holds it while it waits
    std::string trouble_;
    std::thread thread_;
};

// Files beside it, "trip-3.before-....json" and "trip-3.since-....json", are of the same id: what
// an earlier start that had lost its journal called so, and what a later start knows of it.
std::string receipt_file_name(TripId trip);

// The cause, in words, of a trip whose file is in `folder`; empty if there is none to read.
std::string written_cause(const std::filesystem::path& folder, TripId trip);

}  // namespace scram
