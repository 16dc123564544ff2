// What a kill needs is needed once in a month. Read now and then, it stays in the core's caches.
#pragma once

#include <cstddef>

namespace scram {

// Reads a byte of each cache line; which compilers leave in.
inline void touch_lines(const void* from, std::size_t size) {
    constexpr std::size_t cache_line = 64;
    const auto* bytes = static_cast<const volatile unsigned char*>(from);
    for (std::size_t i = 0; i < size; i += cache_line) (void)bytes[i];
    if (size > 0) (void)bytes[size - 1];
}

template <class T>
void touch_lines(const T& whole) {
    touch_lines(&whole, sizeof whole);
}

// The `turn`-th of a table that goes round.
template <class Table>
void touch_one(const Table& table, std::size_t turn) {
    if (!table.empty()) touch_lines(table[turn % table.size()]);
}

}  // namespace scram
