// Memory that is a file which somebody can cut: a store beyond the file's new end is SIGBUS, on the
// way of a kill at the worst. Guarded, it becomes memory of this process alone, and the kill goes
// on.
#pragma once

#include <cstddef>
#include <span>

namespace scram {

// From here on, instead of what was guarded before; empty: nothing is.
void guard_memory(std::span<std::byte> memory);
// What was guarded last was lost, and is zero where it was.
bool memory_was_lost();

}  // namespace scram
