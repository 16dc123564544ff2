#include "daemon/records/receipt_writer.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <simdjson.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <system_error>
#include <utility>
#include <vector>

#include "config/unique_fd.h"
#include "daemon/common/poll_wait.h"
#include "daemon/common/write_full.h"
#include "daemon/records/journal_files.h"
#include "net/quiet_thread.h"

namespace scram {
namespace fs = std::filesystem;
namespace {

// Whole or not at all, whenever the machine stops. Empty, or why not.
std::string replace_file(const fs::path& path, std::string_view text) {
    const fs::path aside = path.parent_path() / "receipt.tmp";
    const auto fault = [&](const fs::path& of) {
        return fmt::format("{}: {}", of.native(), std::strerror(errno));
    };
    ::unlink(aside.c_str());  // of a start that came no further, or whatever else lies there
    const UniqueFd file(
        ::open(aside.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0640));
    const bool whole = file && fchmod(file.get(), 0640) == 0 &&
                       write_full(file.get(), std::as_bytes(std::span(text))) &&
                       fsync(file.get()) == 0;
    if (!whole) return fault(aside);
    return ::rename(aside.c_str(), path.c_str()) == 0 ? std::string() : fault(path);
}

// Its parent is others' to make.
std::string make_folder(const fs::path& folder) {
    std::error_code error;
    if (fs::create_directory(folder, error)) fs::permissions(folder, fs::perms{0750}, error);
    return error ? fmt::format("{}: {}", folder.native(), error.message()) : std::string();
}

// By their time and not by their ids, which start over where a journal was lost.
void remove_old(const fs::path& folder, std::size_t files_max) {
    std::error_code error;
    std::vector<std::pair<fs::file_time_type, fs::path>> files;
    for (fs::directory_iterator at(folder, error), end; !error && at != end; at.increment(error)) {
        if (at->path().extension() != ".json") continue;
        std::error_code gone;
        const auto written = at->last_write_time(gone);
        if (!gone) files.emplace_back(written, at->path());
    }
    if (files.size() <= files_max) return;
    std::sort(files.begin(), files.end());
    for (std::size_t i = 0; i < files.size() - files_max; ++i) fs::remove(files[i].second, error);
}

}  // namespace

std::string receipt_file_name(TripId trip) {
    return fmt::format("trip-{}.json", static_cast<std::uint64_t>(trip));
}

std::string written_cause(const fs::path& folder, TripId trip) try {
    simdjson::dom::parser parser;
    std::string_view cause;
    const auto bytes = read_own_file((folder / receipt_file_name(trip)).native());
    if (!std::holds_alternative<FileBytes>(bytes)) return {};
    const auto& text = std::get<FileBytes>(bytes);
    const auto error =
        parser.parse(reinterpret_cast<const char*>(text.data()), text.size())["cause"].get(cause);
    return error == simdjson::SUCCESS ? std::string(cause) : std::string();
} catch (const std::exception&) {
    return {};
}

// ---- The loop's side ----------------------------------------------------------------------------

ReceiptWriter::ReceiptWriter(const fs::path& directory, ReceiptLimits limits)
    : folder_(directory.empty() ? fs::path() : directory / receipts_folder), limits_(limits) {
    if (!writes()) return;
    thread_ = quiet_thread("receipts", [this] { run(); });
}

ReceiptWriter::~ReceiptWriter() {
    if (!writes()) return;
    while (!has_room()) std::this_thread::yield();
    file(nullptr);  // the end
    thread_.join();
}

bool ReceiptWriter::has_room() const {
    const std::uint32_t head = head_.load(std::memory_order_relaxed);
    return head - tail_.load(std::memory_order_acquire) < receipts_waiting_max;
}

void ReceiptWriter::file(std::unique_ptr<const FiledReceipt> receipt) {
    if (!writes()) return;
    waiting_[head_.load(std::memory_order_relaxed) % receipts_waiting_max] = std::move(receipt);
    head_.fetch_add(1, std::memory_order_release);
}

std::string ReceiptWriter::trouble() const {
    const std::lock_guard lock(mutex_);
    return trouble_;
}

// ---- The writer's thread ------------------------------------------------------------------------

void ReceiptWriter::run() {
    for (std::uint32_t tail = 0;; ++tail) {
        await_change(head_, tail);
        const auto filed = std::move(waiting_[tail % receipts_waiting_max]);
        tail_.store(tail + 1, std::memory_order_release);
        if (filed == nullptr) return;
        write(*filed);
    }
}

void ReceiptWriter::write(const FiledReceipt& filed) {
    std::string why = try_write(filed);
    (why.empty() ? written_ : failed_).fetch_add(1, std::memory_order_relaxed);
    const std::lock_guard lock(mutex_);
    trouble_.swap(why);
}

// Trips of this start have ids that rise. What the disk has of such an id is another trip's, and
// what it has of a trip of before this start tells more than is known now: neither is overwritten.
std::string ReceiptWriter::try_write(const FiledReceipt& filed) try {
    const Receipt& receipt = filed.receipt;
    if (std::string why = make_folder(folder_); !why.empty()) return why;
    const bool is_first = is_new(receipt);
    fs::path path = folder_ / receipt_file_name(receipt.trip);
    if (is_restored(receipt)) {
        path.replace_extension(fmt::format("since-{}.json", receipt.wall.value));
    } else if (is_first) {
        set_aside(path, receipt);
    }
    std::string why =
        replace_file(path, receipt_json(receipt, filed.flight.get(), limits_.signals) + "\n");
    if (!why.empty()) return why;
    if (is_first) newest_ = receipt.trip;
    if (is_first) make_room(path, receipt);
    return {};
} catch (const std::exception& error) {
    return error.what();
}

bool ReceiptWriter::is_new(const Receipt& receipt) {
    return !is_restored(receipt) && receipt.trip > newest_;
}

void ReceiptWriter::set_aside(const fs::path& path, const Receipt& newcomer) const {
    fs::path aside = path;
    aside.replace_extension(fmt::format("before-{}.json", newcomer.wall.value));
    std::error_code error;
    if (fs::exists(path, error)) fs::rename(path, aside, error);
}

void ReceiptWriter::make_room(const fs::path& path, const Receipt& newcomer) {
    if (newcomer.cause.rule == none<RuleId>()) by_operators_.push_back(path);
    if (by_operators_.size() > limits_.files / 2) {
        std::error_code error;
        fs::remove(by_operators_.front(), error);
        by_operators_.pop_front();
    }
    remove_old(folder_, limits_.files);
}

}  // namespace scram
