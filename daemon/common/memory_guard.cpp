#include "daemon/common/memory_guard.h"

#include <signal.h>
#include <sys/mman.h>

#include <atomic>
#include <cerrno>
#include <cstdint>

namespace scram {
namespace {

std::atomic<std::uintptr_t> begin_{0};
std::atomic<std::size_t> size_{0};
std::atomic<bool> lost_{false};
struct sigaction before_ {};

static_assert(std::atomic<std::uintptr_t>::is_always_lock_free &&
              std::atomic<bool>::is_always_lock_free);

// Only what may be called in a handler. A fault elsewhere comes again at once, as if this were not
// here.
void on_bus_error(int, siginfo_t* info, void*) {
    const int error = errno;
    const auto at = reinterpret_cast<std::uintptr_t>(info->si_addr);
    const std::uintptr_t begin = begin_.load();
    const std::size_t size = size_.load();
    const bool ours = at >= begin && at - begin < size;
    if (ours && mmap(reinterpret_cast<void*>(begin), size, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) != MAP_FAILED) {
        lost_.store(true);
    } else {
        sigaction(SIGBUS, &before_, nullptr);
    }
    errno = error;
}

bool catch_bus_errors() {
    struct sigaction action {};
    action.sa_sigaction = on_bus_error;
    action.sa_flags = SA_SIGINFO;
    sigemptyset(&action.sa_mask);
    return sigaction(SIGBUS, &action, &before_) == 0;
}

}  // namespace

void guard_memory(std::span<std::byte> memory) {
    [[maybe_unused]] static const bool caught = catch_bus_errors();
    size_.store(0);
    begin_.store(reinterpret_cast<std::uintptr_t>(memory.data()));
    size_.store(memory.size());
    lost_.store(false);
}

bool memory_was_lost() {
    return lost_.load();
}

}  // namespace scram
