// The code that a kill runs behind the engine's decision, which leads out and so cannot be run for
// practice. It lies together, in a section of its own, and is read now and then: so it stays in the
// core's caches.
#pragma once

#include <cstddef>

#include "core/base/prefetch.h"

// Before the definition of a function that is part of it.
#define SCRAM_KILL_PATH [[gnu::section("scram_kill_path")]]

// The linker's names of the section's ends; null where a program has none of it.
extern "C" {
[[gnu::weak, gnu::visibility("hidden")]] extern const unsigned char __start_scram_kill_path[];
[[gnu::weak, gnu::visibility("hidden")]] extern const unsigned char __stop_scram_kill_path[];
}

namespace scram {

inline void touch_kill_path() {
    touch_lines(__start_scram_kill_path,
                static_cast<std::size_t>(__stop_scram_kill_path - __start_scram_kill_path));
}

}  // namespace scram
