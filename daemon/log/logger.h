// The logger: the one other thread. It takes stories from a ring and writes log lines to stderr in
// journald's priority form ("<5>...", left out where a person reads a terminal), so that a log that
// blocks never blocks the loop. What repeats is folded before it. A full ring drops lines, counted;
// it never waits.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "daemon/log/event_text.h"
#include "daemon/log/folding.h"
#include "daemon/log/line.h"

namespace scram {

// Kinds of lines beside those of events.
constexpr std::uint32_t log_kind(LogEvent event) {
    return 0x100u + static_cast<std::uint32_t>(event);
}

class Logger {
  public:
    explicit Logger(int fd);
    // Writes what is left, but for what the log does not take within half a second; then ends the
    // thread.
    ~Logger();
    Logger(const Logger&) = delete;
    Logger& operator=(const Logger&) = delete;

    // From the loop's thread only, all of them. A event keeps its plan until it is written.
    void tell(const LogEntry& event);
    // A line of its own: start-up, reload, what is no event.
    void say(int priority, std::string_view line);
    // One that others may cause as often as they like.
    void say_often(const LogKey& key, Duration window, int priority, std::string_view line,
                   Time now);
    // What was folded, where its window has ended: now and then, and at time's end.
    void tell_repeats(Time now);

    std::uint64_t dropped() const { return dropped_.load(std::memory_order_relaxed); }

  private:
    struct Entry {
        int priority = 6;
        bool is_event = false;
        LogEntry event;
        std::string line;  // if it is no event
        Repeats repeats;
    };

    static Entry entry_of(int priority, std::string_view line);
    bool is_full() const;
    void put(const Entry& entry);
    void run();
    void write(const Entry& entry);
    void write_line(int priority, std::string_view line);
    bool await_room();

    const int fd_;
    const bool is_socket_;
    const bool is_terminal_;
    LogFolding<Entry> folding_;
    std::vector<Entry> ring_;
    // Single producer, single consumer: the loop moves head_, the logger tail_. The producer
    // publishes an entry with the release store to head_.
    alignas(64) std::atomic<std::uint32_t> head_{0};
    alignas(64) std::atomic<std::uint32_t> tail_{0};
    std::atomic<std::int64_t> give_up_at_ns_;  // an end that waits for a log waits no longer
    std::atomic<bool> ending_{false};
    std::atomic<std::uint64_t> dropped_{0};
    std::uint64_t dropped_told_ = 0;
    std::thread thread_;
};

}  // namespace scram
