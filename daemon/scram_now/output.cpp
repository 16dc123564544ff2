#include "daemon/scram_now/output.h"

#include <cstdio>
#include <system_error>

#include "net/quiet_thread.h"

namespace scram {

NowOutput::NowOutput(bool json) : json_(json) {
    try {
        printer_ = quiet_thread("output", [this] { print_all(); });
    } catch (const std::system_error&) {
    }
}

NowOutput::~NowOutput() {
    {
        const std::lock_guard lock(mutex_);
        ended_ = true;
    }
    changed_.notify_one();
    if (printer_.joinable()) printer_.join();
}

void NowOutput::warn_once(const std::string& line) {
    if (told_.insert(line).second) warn(line);
}

void NowOutput::add(Line line) {
    if (!printer_.joinable()) return line.print();
    const std::lock_guard lock(mutex_);
    lines_.push_back(std::move(line));
    changed_.notify_one();
}

void NowOutput::Line::print() const {
    std::FILE* const to = is_result ? stdout : stderr;
    std::fputs((text + "\n").c_str(), to);
    std::fflush(to);
}

void NowOutput::print_all() {
    std::unique_lock lock(mutex_);
    while (true) {
        changed_.wait(lock, [this] { return ended_ || !lines_.empty(); });
        if (lines_.empty()) return;
        const Line line = std::move(lines_.front());
        lines_.pop_front();
        lock.unlock();
        line.print();
        lock.lock();
    }
}

}  // namespace scram
