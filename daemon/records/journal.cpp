#include "daemon/records/journal.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/magic.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>

#include "config/plain_file.h"
#include "daemon/common/memory_guard.h"
#include "daemon/log/line.h"
#include "net/clock.h"

namespace scram {
namespace {

constexpr Duration patience = 5s;      // with a disk that does not answer
constexpr Duration board_pause = 10s;  // between two tries to have a file for the board

}  // namespace

// ---- Reading ------------------------------------------------------------------------------------

std::variant<std::unique_ptr<Journal>, std::string> Journal::open(const Config& config) {
    std::unique_ptr<Journal> journal(new Journal(config));
    if (std::string error = journal->lock(); !error.empty()) return error;
    journal->read();
    return journal;
}

Journal::Journal(const Config& config)
    : plan_(config.plan),
      config_(config.journal),
      directory_(journal_directory(config.journal.directory)),
      board_path_(config.paths.control + ".board"),
      state_file_(config.paths.control + ".state", directory_ + "/state") {}

// Two scramd on one journal would each undo what the other knows. A folder that is not there has
// nobody in it.
std::string Journal::lock() {
    mkdir(directory_.c_str(), 0750);
    lock_ = open_to_read(directory_.c_str(), O_DIRECTORY);
    if (!lock_ || flock(lock_.get(), LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK) return {};
    return fmt::format(
        "another scramd runs on the journal in {}: end it, or give this one a folder of its own "
        "([journal] directory)",
        directory_);
}

void Journal::read() {
    const auto board = read_own_file(board_path_);
    const FileBytes* board_bytes = std::get_if<FileBytes>(&board);
    struct stat info {};
    const bool board_there = stat(board_path_.c_str(), &info) == 0;
    const auto board_span =
        board_bytes ? std::span<const std::byte>(*board_bytes) : std::span<const std::byte>{};
    std::string unread;
    std::vector<FileBytes> files;
    read_files(files, unread);
    if (board_there && board_bytes == nullptr) unread = std::get<std::string>(board);
    std::vector<std::span<const std::byte>> spans(files.begin(), files.end());
    folded_ = fold(spans, board_span, boot_id());
    if (!unread.empty()) {
        folded_.health = Folded::Health::unread;
        folded_.fault = unread;
        folded_.file_size = 0;
        folded_.unstored.clear();  // the files may have them
    }
    restored_ = restored(folded_, plan_, plan_.after_crash);
}

// The last file alone suffices; the one before tells more if the last is damaged.
void Journal::read_files(std::vector<FileBytes>& files, std::string& unread) {
    const auto listed = list_journal(directory_);
    if (const auto* error = std::get_if<std::string>(&listed)) {
        unread = *error;
        return;
    }
    const auto& all = std::get<std::vector<JournalFile>>(listed);
    for (auto file = all.rbegin(); file != all.rend() && files.size() < 2; ++file) {
        auto bytes = read_own_file(file->path);
        if (const auto* error = std::get_if<std::string>(&bytes)) {
            if (unread.empty()) unread = *error;
        } else if (!is_blank(std::get<FileBytes>(bytes))) {
            if (file == all.rbegin()) last_file_ = file->path;
            files.insert(files.begin(), std::move(std::get<FileBytes>(bytes)));
        }
    }
}

std::vector<LogNotice> Journal::report() const {
    std::vector<LogNotice> out;
    const auto unfinished = std::count_if(restored_.latched.begin(), restored_.latched.end(),
                                          [](const auto& family) { return family.unfinished; });
    const auto held =
        std::count_if(restored_.latched.begin(), restored_.latched.end(),
                      [](const auto& family) { return !family.unfinished && !family.accepted; });
    const int priority = folded_.in_doubt() ? 2 : folded_.clean ? 5 : 4;
    out.push_back({priority, LogLine(LogEvent::journal)
                                 .add("state", name(folded_.health))
                                 .add("end", folded_.clean ? "clean" : "unclean")
                                 .add("latched", restored_.latched.size())
                                 .add("unfinished", unfinished)
                                 .add("held", held)
                                 .add("after_crash", name(plan_.after_crash))
                                 .add("directory", directory_)
                                 .text()});
    if (!folded_.fault.empty())
        out.push_back(
            {priority, LogLine(LogEvent::journal_fault).add("detail", folded_.fault).text()});
    for (const std::string& family : left_out(folded_, plan_)) {
        out.push_back({3, LogLine(LogEvent::journal_family)
                              .add("family", family)
                              .add("detail",
                                   "latched before, and the config no longer has it: look after "
                                   "its orders")
                              .text()});
    }
    struct statfs filesystem {};
    if (statfs(board_path_.c_str(), &filesystem) == 0 && filesystem.f_type != TMPFS_MAGIC)
        out.push_back(
            {5, LogLine(LogEvent::journal_not_in_memory)
                    .add("detail", board_path_ + " is on a disk, which can delay a cancel; shared "
                                                 "memory (/run) cannot")
                    .text()});
    if (!board_trouble_.empty())
        out.push_back({2, LogLine(LogEvent::journal_error).add("detail", board_trouble_).text()});
    return out;
}

// ---- Running ------------------------------------------------------------------------------------

const Restored& Journal::begin() {
    memory_ = map_board(Board::size_for(plan_));
    board_.emplace(memory_, plan_, folded_, restored_, boot_id(), wall_now(), monotonic_now());
    if (board_trouble_.empty()) board_trouble_ = show_board();
    published_ = drills_seen_ = board_->last();
    JournalWriter::Options options;
    options.directory = directory_;
    options.keep = config_.keep;
    options.file_size = std::size_t{config_.file_kib} * 1024;
    options.resume = last_file_;
    options.resume_at = folded_.file_size;
    writer_.emplace(std::move(options), *board_, Ledger(folded_));
    return restored_;
}

// Shared memory that outlives the process; else memory that does not.
std::span<std::byte> Journal::map_board(std::size_t size) {
    const auto shared = map_shared(board_path_ + ".new", size, nullptr);
    if (!shared.empty()) return shared;
    void* at = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (at == MAP_FAILED) throw std::bad_alloc();
    return {static_cast<std::byte*>(at), size};
}

// What is in the new file counts from here on. Empty, or why not.
std::string Journal::show_board() {
    const std::string fresh = board_path_ + ".new";
    if (std::rename(fresh.c_str(), board_path_.c_str()) == 0) return {};
    return fmt::format("cannot rename {}: {}", fresh, std::strerror(errno));
}

// `in_place_of`: the memory whose addresses it takes; nullptr: any.
std::span<std::byte> Journal::map_shared(const std::string& path, std::size_t size,
                                         void* in_place_of) {
    const auto failed = [&](int error) {
        board_trouble_ = fmt::format("no board at {}: {}; a crash may forget its last moment", path,
                                     std::strerror(error));
        return std::span<std::byte>{};
    };
    unlink(path.c_str());  // of a start that came no further, or whatever else lies there
    const UniqueFd file(
        ::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
    if (!file) return failed(errno);
    // All of it now: a store into memory that the system cannot give would end the process.
    if (const int error = posix_fallocate(file.get(), 0, static_cast<off_t>(size)); error != 0)
        return failed(error);
    const int how = MAP_SHARED | MAP_POPULATE | (in_place_of != nullptr ? MAP_FIXED : 0);
    void* at = mmap(in_place_of, size, PROT_READ | PROT_WRITE, how, file.get(), 0);
    if (at == MAP_FAILED) return failed(errno);
    struct stat info {};
    board_file_ = fstat(file.get(), &info) == 0 ? info.st_ino : 0;
    guard_memory(Guarded::board, {static_cast<std::byte*>(at), size});
    (void)mlock(at, size);  // where the limits allow
    return {static_cast<std::byte*>(at), size};
}

// Why the board is not what a next start should read; empty if it is.
std::string Journal::board_fault() const {
    if (!board_trouble_.empty()) return board_trouble_;
    struct stat info {};
    const bool there = stat(board_path_.c_str(), &info) == 0 && info.st_ino == board_file_;
    if (!there) return board_path_ + " was removed by somebody";
    const bool whole = static_cast<std::size_t>(info.st_size) >= memory_.size();
    return whole && !memory_was_lost(Guarded::board) ? "" : board_path_ + " was cut by somebody";
}

// Another file takes the place of one that was lost, or could not be had before.
void Journal::check_board(Time now, const Engine& engine, std::vector<LogNotice>& news) {
    const std::string fault = board_fault();
    if (fault.empty() || now - board_tried_ < board_pause) return;
    board_tried_ = now;
    if (board_trouble_.empty())
        news.push_back({2, LogLine(LogEvent::journal_error)
                               .add("detail", fault + ": another takes its place")
                               .text()});
    board_trouble_ = fault;
    if (map_shared(board_path_ + ".new", memory_.size(), memory_.data()).empty()) return;
    board_->write_again(memory_, engine, boot_id());
    board_trouble_ = show_board();
    if (board_trouble_.empty())
        news.push_back(
            {5,
             LogLine(LogEvent::journal_recovered).add("detail", board_path_ + " is whole").text()});
}

void Journal::after(const Step& step, const Engine& engine) {
    if (step.actions.empty() && step.events.empty()) return;
    board_->after(step, engine, wall_now());
    publish();
}

void Journal::publish() {
    if (const std::uint64_t stored = writer_->stored(); stored > board_->stored())
        board_->stored(stored);
    if (board_->last() == published_) return;
    published_ = board_->last();
    writer_->publish(published_);
}

// Of each record once, and of those that the ring has dropped before that, never.
void Journal::look_for_drills() {
    const std::uint64_t last = board_->last();
    if (last - drills_seen_ > board_records) drills_seen_ = last - board_records;
    while (drills_seen_ < last) folded_.drills.see(board_->record(++drills_seen_));
}

std::vector<LogNotice> Journal::beat(Time now, const Engine& engine) {
    writer_->nudge();
    publish();
    look_for_drills();
    auto news = writer_->take_news();
    check_board(now, engine, news);
    const bool behind = board_->stored() != board_->last();
    behind_since_ = !behind ? never : std::min(behind_since_, now);
    const bool slow = behind && now - behind_since_ > patience && writer_->trouble().empty();
    if (slow && slow_.empty()) {
        slow_ =
            fmt::format("the disk under {} has not answered for {} s", directory_, patience / 1s);
        news.push_back({2, LogLine(LogEvent::journal_error).add("detail", slow_).text()});
    }
    if (!slow) slow_.clear();
    return news;
}

void Journal::stop() {
    if (!board_) return;
    board_->stop(wall_now(), monotonic_now());
    publish();
}

std::string Journal::trouble() const {
    if (!board_trouble_.empty()) return board_trouble_;
    const std::string by_keeper = writer_ ? writer_->trouble() : "";
    return by_keeper.empty() ? slow_ : by_keeper;
}

Journal::~Journal() {
    writer_.reset();
    board_.reset();
    guard_memory(Guarded::board, {});
    if (!memory_.empty()) munmap(memory_.data(), memory_.size());
}

}  // namespace scram
