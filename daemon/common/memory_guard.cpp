#include "daemon/common/memory_guard.h"

#include <signal.h>
#include <sys/mman.h>

#include <atomic>
#include <cerrno>
#include <cstdint>

namespace scram {
namespace {

struct Region {
    std::atomic<std::uintptr_t> begin{0};
    std::atomic<std::size_t> size{0};
    std::atomic<bool> lost{false};
};
Region regions_[2];  // by Guarded
struct sigaction before_ {};

static_assert(std::atomic<std::uintptr_t>::is_always_lock_free &&
              std::atomic<bool>::is_always_lock_free);

bool replace(Region& region, std::uintptr_t at) {
    const std::uintptr_t begin = region.begin.load();
    const std::size_t size = region.size.load();
    const bool ours = at >= begin && at - begin < size;
    if (!ours || mmap(reinterpret_cast<void*>(begin), size, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == MAP_FAILED)
        return false;
    region.lost.store(true);
    return true;
}

// Only what may be called in a handler. A fault elsewhere comes again at once, as if this were not
// here.
void on_bus_error(int, siginfo_t* info, void*) {
    const int error = errno;
    const auto at = reinterpret_cast<std::uintptr_t>(info->si_addr);
    bool replaced = false;
    for (Region& region : regions_) replaced = replaced || replace(region, at);
    if (!replaced) sigaction(SIGBUS, &before_, nullptr);
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

void guard_memory(Guarded what, std::span<std::byte> memory) {
    [[maybe_unused]] static const bool caught = catch_bus_errors();
    Region& region = regions_[static_cast<std::size_t>(what)];
    region.size.store(0);
    region.begin.store(reinterpret_cast<std::uintptr_t>(memory.data()));
    region.size.store(memory.size());
    region.lost.store(false);
}

bool memory_was_lost(Guarded what) {
    return regions_[static_cast<std::size_t>(what)].lost.load();
}

}  // namespace scram
