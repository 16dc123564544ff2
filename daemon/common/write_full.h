#pragma once

#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <span>

namespace scram {

// All of it from `at` on. False: errno says why.
inline bool write_full(int fd, std::span<const std::byte> bytes, std::size_t at = 0) {
    while (!bytes.empty()) {
        const ssize_t put = ::pwrite(fd, bytes.data(), bytes.size(), static_cast<off_t>(at));
        if (put < 0 && errno == EINTR) continue;
        if (put <= 0) return false;
        at += static_cast<std::size_t>(put);
        bytes = bytes.subspan(static_cast<std::size_t>(put));
    }
    return true;
}

}  // namespace scram
