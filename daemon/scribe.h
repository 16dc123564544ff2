// The scribe: the one other thread. It takes stories from a ring and writes log lines to stderr in
// journald's priority form ("<5>..."), so that a log that blocks never blocks the loop. A full ring
// drops lines, counted; it never waits.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string_view>
#include <thread>
#include <vector>

#include "daemon/narrate.h"

namespace scram {

class Scribe {
  public:
    explicit Scribe(int fd);
    // Writes what is left, then ends the thread.
    ~Scribe();
    Scribe(const Scribe&) = delete;
    Scribe& operator=(const Scribe&) = delete;

    // Keeps a plan for as long as stories may be told of it: until the scribe's end.
    const Plan& keep(const Plan& plan);

    // From the loop's thread only. The story's plan is one that keep() gave.
    void tell(const Story& story);
    // A line of its own: start-up, reload, what is no event. Cut at 500 bytes.
    void say(int priority, std::string_view line);

    std::uint64_t dropped() const { return dropped_.load(std::memory_order_relaxed); }

  private:
    struct Entry {
        int priority = 6;
        bool is_story = false;
        Story story;
        FixedText<250> line, line_end;
    };

    bool is_full() const;
    Entry* next_entry();
    void publish();
    void run();
    void write(const Entry& entry);
    void write_line(int priority, std::string_view line);

    int fd_;
    std::vector<std::unique_ptr<const Plan>>
        plans_;  // the loop's; the thread follows pointers only
    std::vector<Entry> ring_;
    // Single producer, single consumer: the loop moves head_, the scribe tail_. The producer
    // publishes an entry with the release store to head_.
    alignas(64) std::atomic<std::uint32_t> head_{0};
    alignas(64) std::atomic<std::uint32_t> tail_{0};
    std::atomic<bool> ending_{false};
    std::atomic<std::uint64_t> dropped_{0};
    std::uint64_t dropped_told_ = 0;
    std::thread thread_;
};

}  // namespace scram
