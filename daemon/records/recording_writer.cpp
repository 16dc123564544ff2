#include "daemon/records/recording_writer.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>

#include "daemon/common/poll_wait.h"
#include "daemon/common/write_full.h"
#include "net/quiet_thread.h"

namespace scram {
namespace {

constexpr std::string_view recording_name_start = "recording-";
constexpr std::size_t mebibyte = std::size_t{1} << 20;
constexpr auto pause_after_failure = 200ms;

// Where a file begins stands between the records, and is none itself.
constexpr std::uint8_t file_mark = 1;
bool is_file_mark(const Recorded& record) {
    return record.kind == RecordedKind::begun && record.detail == file_mark;
}

}  // namespace

void make_recording_folder(const RecordingConfig& config) {
    if (!config.directory.empty()) mkdir(config.directory.c_str(), 0750);
}

std::vector<RecordingFile> list_recordings(const std::filesystem::path& directory) {
    std::vector<RecordingFile> files;
    std::error_code error;
    std::filesystem::directory_iterator at(directory, error);
    for (; !error && at != std::filesystem::directory_iterator{}; at.increment(error)) {
        const std::string name = at->path().filename().native();
        if (!name.starts_with(recording_name_start)) continue;
        std::uint32_t number = 0;
        const char* const end = name.data() + name.size();
        const auto read = std::from_chars(name.data() + recording_name_start.size(), end, number);
        if (read.ec == std::errc{} && read.ptr == end) files.push_back({number, at->path()});
    }
    std::ranges::sort(files, {}, &RecordingFile::number);
    return files;
}

// ---- The loop's side ----------------------------------------------------------------------------

RecordingWriter::RecordingWriter(RecordingConfig config) : config_(std::move(config)) {
    thread_ = quiet_thread("recording", [this] { run(); });
}

RecordingWriter::~RecordingWriter() {
    ending_.store(true, std::memory_order_release);
    thread_.join();
}

bool RecordingWriter::has_room_for_file() const {
    return files_head_.load(std::memory_order_relaxed) -
               files_tail_.load(std::memory_order_acquire) <
           files_waiting_max;
}

void RecordingWriter::begin_file(std::unique_ptr<NextRecording> next) {
    Recorded mark;
    mark.at = next->at;
    mark.kind = RecordedKind::begun;
    mark.detail = file_mark;
    files_[files_head_.load(std::memory_order_relaxed) % files_waiting_max] = std::move(next);
    files_head_.fetch_add(1, std::memory_order_release);
    ring_.push(mark);
}

std::string RecordingWriter::trouble() const {
    const std::lock_guard lock(mutex_);
    return trouble_;
}

std::string RecordingWriter::file() const {
    const std::lock_guard lock(mutex_);
    return path_;
}

// ---- The thread ---------------------------------------------------------------------------------

void RecordingWriter::run() {
    for (;;) {
        const bool ending = ending_.load(std::memory_order_acquire);
        drain();
        if (ending) return close();
        std::this_thread::sleep_for(trouble_.empty() ? poll_interval : pause_after_failure);
    }
}

void RecordingWriter::drain() {
    while (take_some()) {
    }
}

// False: there is nothing, or the disk takes nothing now.
bool RecordingWriter::take_some() {
    const auto records = ring_.front(recorded_per_block_max);
    if (records.empty()) return false;
    if (is_file_mark(records[0])) {
        auto& next = files_[files_tail_.load(std::memory_order_relaxed) % files_waiting_max];
        if (!create(*next)) return false;
        next.reset();
        files_tail_.fetch_add(1, std::memory_order_release);
        ring_.pop(1);
        return true;
    }
    const auto end = std::ranges::find_if(records, is_file_mark);
    const auto some = records.first(static_cast<std::size_t>(end - records.begin()));
    if (!write(some)) return false;
    ring_.pop(some.size());
    return true;
}

bool RecordingWriter::create(const NextRecording& next) {
    close();
    make_recording_folder(config_);  // if somebody removed it
    const auto files = list_recordings(config_.directory);
    const std::uint32_t number = files.empty() ? 1 : files.back().number + 1;
    const std::string path =
        fmt::format("{}/{}{:06}", config_.directory, recording_name_start, number);
    UniqueFd file(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0640));
    if (!file) return fail("create", path, errno);
    RecordingHead head = *next.base;
    head.number = next.number;
    head.begin = next.begin;
    head.wall = next.wall;
    head.at = next.at;
    head.state = next.state;
    const auto bytes = recording_head(head);
    if (!write_full(file.get(), bytes)) {
        const int error = errno;
        unlink(path.c_str());  // or each try would leave one
        return fail("write", path, error);
    }
    if (std::exchange(run_, head.run) != head.run) next_ = 0;
    file_ = std::move(file);
    size_ = bytes.size();
    full_.store(false, std::memory_order_relaxed);
    {
        const std::lock_guard lock(mutex_);
        path_ = path;
    }
    remove_old();
    return succeed();
}

// What was written of a block that failed is written over by the next try.
bool RecordingWriter::write(std::span<const Recorded> records) {
    recording_block(records, next_, block_);
    if (!write_full(file_.get(), block_, size_)) return fail("write", path_, errno);
    size_ += block_.size();
    next_ += records.size();
    written_.fetch_add(records.size(), std::memory_order_relaxed);
    if (size_ >= config_.file_mib * mebibyte) full_.store(true, std::memory_order_relaxed);
    return succeed();
}

void RecordingWriter::remove_old() const {
    const auto files = list_recordings(config_.directory);
    for (std::size_t i = 0; i + config_.keep < files.size(); ++i) unlink(files[i].path.c_str());
}

void RecordingWriter::close() {
    if (file_) (void)fdatasync(file_.get());
    file_.reset();
}

bool RecordingWriter::fail(std::string_view what, const std::string& path, int error) {
    const std::lock_guard lock(mutex_);
    trouble_ = fmt::format("cannot {} {}: {}", what, path, std::strerror(error));
    return false;
}

bool RecordingWriter::succeed() {
    if (trouble_.empty()) return true;
    const std::lock_guard lock(mutex_);
    trouble_.clear();
    return true;
}

}  // namespace scram
