#include "daemon/records/journal_writer.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "config/plain_file.h"
#include "daemon/common/poll_wait.h"
#include "daemon/common/write_full.h"
#include "net/clock.h"
#include "net/quiet_thread.h"

namespace scram {
namespace {

constexpr std::size_t batch_records = 256;
// Whatever the umask: members of scramd's group read the journal, as scram-notify does.
constexpr mode_t journal_mode = 0640;

void sync_directory(const std::string& directory) {
    if (const UniqueFd opened = open_to_read(directory.c_str(), O_DIRECTORY))
        (void)fsync(opened.get());
}

}  // namespace

// ---- The thread ---------------------------------------------------------------------------------

void JournalWriter::run() {
    for (std::uint32_t seen = 0;;) {
        seen = await_change(turns_, seen);
        const bool ending = ending_.load(std::memory_order_acquire);
        store();
        if (ending) return;
    }
}

void JournalWriter::store() {
    const std::uint64_t until = published_.load(std::memory_order_acquire);
    if (!check_file()) return;
    while (ledger_.last_sequence() < until) {
        if (!store_some(until)) return;
    }
    recovered();
}

bool JournalWriter::store_some(std::uint64_t until) {
    if (size_ >= options_.file_size && !begin_file()) return false;
    const std::size_t left = options_.file_size - std::min(size_, options_.file_size);
    const std::size_t most =
        std::clamp<std::size_t>(left / sizeof(JournalRecord), 1, batch_records);
    batch_.clear();
    for (std::uint64_t s = ledger_.last_sequence(); s < until && batch_.size() < most;) {
        batch_.push_back(board_.record(++s));
    }
    const auto bytes = std::as_bytes(std::span(batch_));
    if (!write_full(file_.get(), bytes, size_)) return fail("write", errno);
    if (fdatasync(file_.get()) != 0) {
        // What the kernel could not write it may have dropped: another file tells it again.
        const int error = errno;
        (void)!ftruncate(file_.get(), static_cast<off_t>(size_));
        close_file();
        return fail("sync", error);
    }
    size_ += bytes.size();
    for (const JournalRecord& record : batch_) ledger_.add(record);
    stored_.store(ledger_.last_sequence(), std::memory_order_release);
    return true;
}

// ---- Files --------------------------------------------------------------------------------------

// A file that somebody removed or cut is no place for records.
bool JournalWriter::check_file() {
    struct stat info {};
    if (file_ && fstat(file_.get(), &info) != 0) return fail("look at", errno);
    const bool gone = file_ && info.st_nlink == 0;
    const bool cut = file_ && static_cast<std::size_t>(info.st_size) < size_;
    if (gone || cut) {
        tell(2, LogEvent::journal_error,
             fmt::format("{} was {} by somebody: a new file begins", path_,
                         gone ? "removed" : "cut"));
        close_file();
    }
    return file_ || begin_file();
}

bool JournalWriter::begin_file() {
    close_file();
    mkdir(options_.directory.c_str(), 0750);  // if somebody removed it as well
    const auto listed = list_journal(options_.directory);
    if (const auto* error = std::get_if<std::string>(&listed)) return fail(*error);
    const auto& files = std::get<std::vector<JournalFile>>(listed);
    const std::uint32_t number = files.empty() ? 1 : files.back().number + 1;
    path_ = options_.directory + "/" + journal_file_name(number);
    file_.reset(::open(path_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, journal_mode));
    if (!file_ || fchmod(file_.get(), journal_mode) != 0) return fail("create", errno);
    const auto head = ledger_.head(wall_now());
    if (!write_full(file_.get(), std::as_bytes(std::span(head))) || fdatasync(file_.get()) != 0) {
        const int error = errno;
        close_file();
        unlink(path_.c_str());  // or each try would leave one
        return fail("write", error);
    }
    size_ = head.size();
    sync_directory(options_.directory);
    remove_old();
    return true;
}

// What follows the last whole record is torn.
void JournalWriter::resume() {
    if (options_.resume.empty() || options_.resume_at == 0) return;
    path_ = options_.resume;
    file_.reset(::open(path_.c_str(), O_WRONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY));
    if (!file_) return;
    struct stat info {};
    const bool ours =
        fstat(file_.get(), &info) == 0 && S_ISREG(info.st_mode) && info.st_uid == geteuid();
    if (!ours) return close_file();  // swapped since it was read: a new file begins
    if (ftruncate(file_.get(), static_cast<off_t>(options_.resume_at)) != 0) return close_file();
    (void)fchmod(file_.get(), journal_mode);  // of an earlier version
    size_ = options_.resume_at;
}

void JournalWriter::remove_old() {
    const auto listed = list_journal(options_.directory);
    const auto* files = std::get_if<std::vector<JournalFile>>(&listed);
    if (files == nullptr || files->size() <= options_.keep) return;
    for (std::size_t i = 0; i < files->size() - options_.keep; ++i) {
        if (unlink((*files)[i].path.c_str()) != 0)
            tell(4, LogEvent::journal_error,
                 fmt::format("cannot remove {}: {}", (*files)[i].path, std::strerror(errno)));
    }
}

void JournalWriter::close_file() {
    file_.reset();
    size_ = 0;
}

// ---- Troubles -----------------------------------------------------------------------------------

bool JournalWriter::fail(std::string_view what, int error) {
    return fail(fmt::format("cannot {} {}: {}", what, path_, std::strerror(error)));
}

bool JournalWriter::fail(std::string text) {
    {
        const std::lock_guard lock(mutex_);
        if (text == trouble_) return false;
        trouble_ = text;
    }
    tell(2, LogEvent::journal_error, text + "; the records stay in memory, and scramd goes on");
    return false;
}

void JournalWriter::recovered() {
    {
        const std::lock_guard lock(mutex_);
        if (trouble_.empty()) return;
        trouble_.clear();
    }
    tell(5, LogEvent::journal_recovered, path_ + " holds all records again");
}

void JournalWriter::tell(int priority, LogEvent event, std::string_view detail) {
    const std::lock_guard lock(mutex_);
    if (news_.size() < 64) news_.push_back({priority, LogLine(event).add("detail", detail).text()});
}

std::string JournalWriter::trouble() const {
    const std::lock_guard lock(mutex_);
    return trouble_;
}

std::vector<LogNotice> JournalWriter::take_news() {
    const std::lock_guard lock(mutex_);
    return std::exchange(news_, {});
}

// ---- The loop's side ----------------------------------------------------------------------------

JournalWriter::JournalWriter(Options options, const Board& board, Ledger ledger)
    : options_(std::move(options)),
      board_(board),
      ledger_(std::move(ledger)),
      published_(board.last()),
      stored_(ledger_.last_sequence()) {
    batch_.reserve(batch_records);
    resume();
    thread_ = quiet_thread("journal", [this] { run(); });
    nudge();
}

JournalWriter::~JournalWriter() {
    ending_.store(true, std::memory_order_release);
    nudge();
    thread_.join();
    close_file();
}

void JournalWriter::publish(std::uint64_t sequence) {
    published_.store(sequence, std::memory_order_release);
    nudge();
}

void JournalWriter::nudge() {
    turns_.fetch_add(1, std::memory_order_release);
}

}  // namespace scram
