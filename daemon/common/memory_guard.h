// Memory that is a file which somebody can cut: a store beyond the file's new end is SIGBUS, on the
// way of a kill at the worst. Guarded, it becomes memory of this process alone, and the kill goes
// on.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace scram {

enum class Guarded : std::uint8_t { board, status_page };

// From here on, instead of what was guarded as this before; empty: nothing is.
void guard_memory(Guarded what, std::span<std::byte> memory);
// What was guarded last as this was lost, and is zero where it was.
bool memory_was_lost(Guarded what);

}  // namespace scram
