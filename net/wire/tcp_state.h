// What the kernel knows of a TCP connection, as far as its next segment depends on it.
#pragma once

#include <cstddef>
#include <optional>

namespace scram {

struct TcpState {
    bool at_rest = false;  // established; all that was sent is acknowledged, and nothing sent again
    std::size_t room = 0;  // bytes of payload that one segment may carry now
};

// A system call. None: this kernel does not tell all of it (Linux 5.4 does).
std::optional<TcpState> tcp_state(int fd);

}  // namespace scram
