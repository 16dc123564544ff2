#include "daemon/scramd/cpu_affinity.h"

#include <fmt/format.h>
#include <sched.h>

#include <cerrno>
#include <system_error>

namespace scram {

void keep_off(int cpu) {
    cpu_set_t set;
    if (cpu < 0 || sched_getaffinity(0, sizeof set, &set) != 0) return;
    CPU_CLR(static_cast<std::size_t>(cpu), &set);
    if (CPU_COUNT(&set) > 0) sched_setaffinity(0, sizeof set, &set);
}

void pin_to(int cpu) {
    if (cpu < 0) return;
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(static_cast<std::size_t>(cpu), &set);
    if (sched_setaffinity(0, sizeof set, &set) == 0) return;
    const char* hint = errno == EPERM ? "the unit forbids it, see examples/own-core.conf"
                                      : "does the machine have it?";
    throw std::system_error(errno, std::generic_category(),
                            fmt::format("cannot pin to cpu {}: {}", cpu, hint));
}

}  // namespace scram
