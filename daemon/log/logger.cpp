#include "daemon/log/logger.h"

#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <limits>

#include "core/base/iso_time.h"
#include "daemon/common/poll_wait.h"
#include "net/clock.h"
#include "net/quiet_thread.h"

namespace scram {
namespace {

constexpr std::uint32_t ring_size =
    4096;                                // a power of two: positions run on and wrap by themselves
constexpr std::size_t folded_max = 512;  // kinds of lines at once
constexpr Duration farewell = 500ms;

bool is_socket(int fd) {
    struct stat status {};
    return fstat(fd, &status) == 0 && S_ISSOCK(status.st_mode);
}

// " repeated=37 first=... last=...", in wall time.
std::string repeats_text(const Repeats& repeats) {
    if (repeats.count == 0) return {};
    const Time now = monotonic_now();
    const WallMillis wall = wall_now();
    const auto text = [&](Time at) {
        const auto stamp = timestamp_text(WallMillis{wall.value - (now - at) / 1ms});
        return std::string(stamp.data(), stamp.size());
    };
    return fmt::format(" repeated={} first={} last={}", repeats.count, text(repeats.first),
                       text(repeats.last));
}

}  // namespace

// ---- The loop's side ----------------------------------------------------------------------------

void Logger::tell(const LogEntry& event) {
    Entry entry;
    entry.is_event = true;
    entry.priority = priority(event.event);
    entry.event = event;
    const Duration window = fold_window(event.event.kind);
    const bool now = window == Duration::zero() ||
                     folding_.tells(log_key(event.event), window, event.event.at, entry);
    if (now) put(entry);
}

void Logger::say(int priority, std::string_view line) {
    put(entry_of(priority, line));
}

void Logger::say_often(const LogKey& key, Duration window, int priority, std::string_view line,
                       Time now) {
    const Entry entry = entry_of(priority, line);
    if (folding_.tells(key, window, now, entry)) put(entry);
}

void Logger::tell_repeats(Time now) {
    while (auto folded = folding_.due(now)) {
        folded->line.repeats = folded->repeats;
        put(folded->line);
    }
}

Logger::Entry Logger::entry_of(int priority, std::string_view line) {
    Entry entry;
    entry.priority = priority;
    entry.line = line;
    return entry;
}

bool Logger::is_full() const {
    const std::uint32_t head = head_.load(std::memory_order_relaxed);
    return head - tail_.load(std::memory_order_acquire) >= ring_size;
}

void Logger::put(const Entry& entry) {
    if (is_full()) {
        dropped_.fetch_add(1, std::memory_order_relaxed);
        return;
    }
    ring_[head_.load(std::memory_order_relaxed) % ring_size] = entry;
    head_.fetch_add(1, std::memory_order_release);
}

// ---- The thread's -------------------------------------------------------------------------------

void Logger::run() {
    for (std::uint32_t tail = 0;; ++tail) {
        await_change(head_, tail);
        Entry& next = ring_[tail % ring_size];
        write(next);
        next.event.plan.reset();  // or a plan would live until its place is needed again
        tail_.store(tail + 1, std::memory_order_release);
        const bool empty = head_.load(std::memory_order_acquire) == tail + 1;
        if (empty && ending_.load(std::memory_order_acquire)) return;
    }
}

void Logger::write(const Entry& entry) {
    const std::uint64_t dropped = dropped_.load(std::memory_order_relaxed);
    if (dropped != dropped_told_) {
        write_line(4, LogLine(LogEvent::log_lines_dropped)
                          .add("count", dropped - dropped_told_)
                          .add("detail", "the log is slow")
                          .text());
        dropped_told_ = dropped;
    }
    const std::string line = entry.is_event ? log_line(entry.event) : entry.line;
    if (!line.empty()) write_line(entry.priority, line + repeats_text(entry.repeats));
}

void Logger::write_line(int priority, std::string_view line) {
    const std::string text =
        is_terminal_ ? fmt::format("{}\n", line) : fmt::format("<{}>{}\n", priority, line);
    std::string_view rest = text;
    while (!rest.empty() && await_room()) {
        const ssize_t taken =
            is_socket_ ? ::send(fd_, rest.data(), rest.size(), MSG_NOSIGNAL | MSG_DONTWAIT)
                       : ::write(fd_, rest.data(), rest.size());
        if (taken < 0 && errno == EAGAIN) continue;
        if (taken <= 0) return;  // a log that is gone does not stop the daemon
        rest.remove_prefix(static_cast<std::size_t>(taken));
    }
}

// A pipe that can be written takes a line of ours whole (PIPE_BUF), so that no write blocks: who
// stops reading the log does not keep scramd from ending. False: the end does not wait for it.
bool Logger::await_room() {
    for (;;) {
        const bool late = ns_of(monotonic_now()) >= give_up_at_ns_.load(std::memory_order_relaxed);
        pollfd log{fd_, POLLOUT, 0};
        if (poll(&log, 1, late ? 0 : 50) != 0) return true;
        if (late) return false;
    }
}

// ---- Life ---------------------------------------------------------------------------------------

Logger::Logger(int fd)
    : fd_(fd),
      is_socket_(is_socket(fd)),
      is_terminal_(isatty(fd) == 1),
      folding_(folded_max),
      ring_(ring_size),
      give_up_at_ns_(std::numeric_limits<std::int64_t>::max()) {
    thread_ = quiet_thread("log", [this] { run(); });
}

Logger::~Logger() {
    give_up_at_ns_.store(ns_of(monotonic_now() + farewell), std::memory_order_relaxed);
    ending_.store(true, std::memory_order_release);
    // It waits for another head_: an empty line moves it.
    while (is_full()) std::this_thread::sleep_for(1ms);
    say(6, {});
    thread_.join();
}

}  // namespace scram
