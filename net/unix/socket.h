// Unix sockets as both doors of scramd need them: a listener at a path, and who is at the other
// end.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

namespace scram {

// The process at the other end, as the kernel recorded it when it connected.
struct Peer {
    pid_t pid = -1;
    uid_t uid = static_cast<uid_t>(-1);
    std::vector<gid_t> gids;  // its primary group first
};
Peer peer_of(int fd);
// One of the user who occurs most often; null: there is none.
const Peer* of_most_frequent_user(const std::vector<const Peer*>& peers);

// Why a door ended a connection that did not end itself.
enum class Rejection : std::uint8_t {
    connection_limit,  // newer ones took its place
    idle_timeout,      // nothing worth an answer came in time
    slow_reader,       // it does not read what it asked for
    long_line,         // longer than the longest
    protocol_error,    // it broke the protocol
    revoked,           // a reload took its right away
    // None of this one: no descriptor is left for others, who wait, and its user holds most.
    no_descriptor,
};

// How many of at most `most` connections may stand that nobody knows yet: an eighth of all
// descriptors at most, so that there is always one for a link, a source or an operator.
std::size_t share_of_descriptors(std::size_t most);

// A socket that listens at `path`.
struct Listener {
    int fd = -1;
    std::string path;
    int type = 0;  // as it was asked for, to make it again
    mode_t mode = 0;
};

// A non-blocking listener of `type` (SOCK_STREAM or SOCK_SEQPACKET). A socket that a dead process
// left at `path` is replaced; one that answers is not. Whoever `mode` lets connect is asked for his
// rights. The error names the path and what to do.
std::variant<Listener, std::string> listen_at(const std::string& path, int type,
                                              mode_t mode = 0666);

}  // namespace scram
