// Reading files that others can replace: nothing is waited for, and what grows meanwhile is
// bounded.
#pragma once

#include <fcntl.h>

#include <cerrno>
#include <cstddef>

#include "config/unique_fd.h"

namespace scram {

// errno says why there is none. A pipe or a device is opened, and not waited for.
inline UniqueFd open_to_read(const char* path, int also = 0) {
    return UniqueFd(::open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY | also));
}

// From its beginning into `bytes`, which is a string or a vector: leaves it as long as what came,
// its size at most. False: errno says why.
template <class Bytes>
bool read_full(const UniqueFd& file, Bytes& bytes) {
    std::size_t have = 0;
    while (have < bytes.size()) {
        const ssize_t got = ::read(file.get(), bytes.data() + have, bytes.size() - have);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return false;
        if (got == 0) break;
        have += static_cast<std::size_t>(got);
    }
    bytes.resize(have);
    return true;
}

}  // namespace scram
