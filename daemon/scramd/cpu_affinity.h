// Which core runs what: the loop may have one of its own.
#pragma once

namespace scram {

// This thread, and those that it begins from now on, leave core `cpu` to the loop, as far as there
// is another. -1: nothing.
void keep_off(int cpu);

// This thread runs on core `cpu` alone; -1: wherever it may. Throws std::system_error.
void pin_to(int cpu);

}  // namespace scram
