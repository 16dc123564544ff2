#include "daemon/scram_now/output.h"

#include <fmt/format.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <utility>

#include "core/base/check.h"

namespace scram {

NowOutput::NowOutput() : wake_fd_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
    check(wake_fd_ >= 0, "a descriptor to be woken by");
}

NowOutput::~NowOutput() {
    close(wake_fd_);
}

void NowOutput::say(std::string line) {
    add({true, std::move(line)});
}

void NowOutput::warn(std::string line) {
    add({false, std::move(line)});
}

void NowOutput::warn_once(std::string line) {
    {
        const std::lock_guard lock(mutex_);
        if (!told_.insert(line).second) return;
    }
    warn(std::move(line));
}

void NowOutput::add(Line line) {
    {
        const std::lock_guard lock(mutex_);
        lines_.push_back(std::move(line));
    }
    wake();
}

void NowOutput::wake() {
    const std::uint64_t one = 1;
    [[maybe_unused]] const auto written = write(wake_fd_, &one, sizeof one);
}

void NowOutput::print() {
    std::uint64_t count = 0;
    [[maybe_unused]] const auto got = read(wake_fd_, &count, sizeof count);
    std::vector<Line> lines;
    {
        const std::lock_guard lock(mutex_);
        lines.swap(lines_);
    }
    for (const Line& line : lines) {
        std::FILE* const to = line.is_result ? stdout : stderr;
        std::fputs((line.text + "\n").c_str(), to);
        std::fflush(to);
    }
}

}  // namespace scram
