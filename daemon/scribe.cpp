#include "daemon/scribe.h"

#include <fmt/format.h>
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include "daemon/nap.h"

namespace scram {
namespace {

constexpr std::uint32_t ring_size =
    4096;  // a power of two: positions run on and wrap by themselves
constexpr std::size_t line_part = 250;

// Signals are the loop's: its thread alone takes them.
void block_signals() {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, nullptr);
}

}  // namespace

Scribe::Scribe(int fd) : fd_(fd), ring_(ring_size) {
    thread_ = std::thread([this] {
        block_signals();
        run();
    });
}

Scribe::~Scribe() {
    ending_.store(true, std::memory_order_release);
    // It waits for another head_: an empty line moves it.
    while (is_full()) std::this_thread::yield();
    say(6, {});
    thread_.join();
}

const Plan& Scribe::keep(const Plan& plan) {
    plans_.push_back(std::make_unique<const Plan>(plan));
    return *plans_.back();
}

void Scribe::tell(const Story& story) {
    Entry* entry = next_entry();
    if (entry == nullptr) return;
    entry->is_story = true;
    entry->priority = priority(story.event);
    entry->story = story;
    publish();
}

void Scribe::say(int priority, std::string_view line) {
    Entry* entry = next_entry();
    if (entry == nullptr) return;
    entry->is_story = false;
    entry->priority = priority;
    entry->line = FixedText<250>(line);
    entry->line_end =
        FixedText<250>(line.size() > line_part ? line.substr(line_part) : std::string_view{});
    publish();
}

bool Scribe::is_full() const {
    const std::uint32_t head = head_.load(std::memory_order_relaxed);
    return head - tail_.load(std::memory_order_acquire) >= ring_size;
}

Scribe::Entry* Scribe::next_entry() {
    if (!is_full()) return &ring_[head_.load(std::memory_order_relaxed) % ring_size];
    dropped_.fetch_add(1, std::memory_order_relaxed);
    return nullptr;
}

void Scribe::publish() {
    head_.fetch_add(1, std::memory_order_release);
}

void Scribe::run() {
    for (std::uint32_t tail = 0;; ++tail) {
        await_change(head_, tail);
        write(ring_[tail % ring_size]);
        tail_.store(tail + 1, std::memory_order_release);
        const bool empty = head_.load(std::memory_order_acquire) == tail + 1;
        if (empty && ending_.load(std::memory_order_acquire)) return;
    }
}

void Scribe::write(const Entry& entry) {
    const std::uint64_t dropped = dropped_.load(std::memory_order_relaxed);
    if (dropped != dropped_told_) {
        write_line(4, fmt::format("log lines dropped={} because the log is slow",
                                  dropped - dropped_told_));
        dropped_told_ = dropped;
    }
    if (entry.is_story) return write_line(entry.priority, log_line(entry.story));
    std::string line(entry.line.view());
    line.append(entry.line_end.view());
    if (!line.empty()) write_line(entry.priority, line);
}

void Scribe::write_line(int priority, std::string_view line) {
    const std::string text = fmt::format("<{}>{}\n", priority, line);
    std::string_view rest = text;
    while (!rest.empty()) {
        const ssize_t taken = ::write(fd_, rest.data(), rest.size());
        if (taken <= 0) return;  // a log that is gone does not stop the daemon
        rest.remove_prefix(static_cast<std::size_t>(taken));
    }
}

}  // namespace scram
