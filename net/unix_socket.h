// Unix sockets as both doors of scramd need them: a listener at a path, and who is at the other
// end.
#pragma once

#include <sys/types.h>

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
// "uid 1000 (desk)", "uid 1000" if the name is not known.
std::string peer_name(const Peer& peer);

// A socket that listens at `path`.
struct Listener {
    int fd = -1;
    std::string path;
};

// A non-blocking listener of `type` (SOCK_STREAM or SOCK_SEQPACKET). A socket that a dead process
// left at `path` is replaced; one that answers is not. Any user may connect: rights are checked by
// peer. The error names the path and what to do.
std::variant<Listener, std::string> listen_at(const std::string& path, int type);

}  // namespace scram
