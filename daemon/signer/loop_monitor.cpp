#include "daemon/signer/loop_monitor.h"

#include <fmt/format.h>
#include <sys/mman.h>

#include <atomic>
#include <cerrno>
#include <cstring>

namespace scram {

std::variant<std::unique_ptr<SharedHeartbeat>, std::string> SharedHeartbeat::make() {
    void* at = mmap(nullptr, sizeof(std::int64_t), PROT_READ | PROT_WRITE,
                    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (at == MAP_FAILED)
        return fmt::format("cannot map the heartbeat's page: {}", std::strerror(errno));
    return std::unique_ptr<SharedHeartbeat>(new SharedHeartbeat(static_cast<std::int64_t*>(at)));
}

SharedHeartbeat::~SharedHeartbeat() {
    munmap(at_, sizeof(std::int64_t));
}

void SharedHeartbeat::beat(Time now) {
    std::atomic_ref(*at_).store(ns_of(now), std::memory_order_relaxed);
}

Time SharedHeartbeat::last() const {
    return time_from_ns(std::atomic_ref(*at_).load(std::memory_order_relaxed));
}

bool LoopMonitor::is_frozen(Time heartbeat) {
    const bool moved = heartbeat != last_;
    last_ = heartbeat;
    same_looks_ = moved || heartbeat == Time{} ? 0 : same_looks_ + 1;
    return same_looks_ == looks_max_;
}

}  // namespace scram
