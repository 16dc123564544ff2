#include "net/unix/socket.h"

#include <fmt/format.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <map>

#include "net/unique_fd.h"

namespace scram {
namespace {

constexpr int waiting_max = 1024;  // connections that were not handed over yet

std::string failed(const std::string& path, const char* what, int error) {
    return fmt::format("{} {}: {}. Does its folder exist, and may this user write there?", what,
                       path, std::strerror(error));
}

bool answers(const sockaddr_un& address, int type) {
    const UniqueFd asking(socket(AF_UNIX, type | SOCK_CLOEXEC, 0));
    const auto* to = reinterpret_cast<const sockaddr*>(&address);
    return asking && connect(asking.get(), to, sizeof address) == 0;
}

// Makes room for a socket at `path`; says why it must not.
std::string remove_dead(const std::string& path, const sockaddr_un& address, int type) {
    struct stat status {};
    if (lstat(path.c_str(), &status) != 0) return {};
    if (!S_ISSOCK(status.st_mode)) {
        return fmt::format("{} exists and is no socket: move it away", path);
    }
    if (answers(address, type)) {
        return fmt::format(
            "{} is served by a running process: stop it first, or give this one another "
            "path",
            path);
    }
    unlink(path.c_str());
    return {};
}

}  // namespace

Peer peer_of(int fd) {
    Peer peer;
    ucred credentials{};
    socklen_t size = sizeof credentials;
    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &credentials, &size) != 0) return peer;
    peer.pid = credentials.pid;
    peer.uid = credentials.uid;
    std::array<gid_t, 256> groups{};
    socklen_t bytes = sizeof groups;
    peer.gids.push_back(credentials.gid);
    if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups.data(), &bytes) == 0) {
        peer.gids.insert(peer.gids.end(), groups.begin(), groups.begin() + bytes / sizeof(gid_t));
    }
    return peer;
}

const Peer* of_most_frequent_user(const std::vector<const Peer*>& peers) {
    std::map<uid_t, std::size_t> counts;
    const Peer* most = nullptr;
    for (const Peer* peer : peers) {
        const std::size_t count = ++counts[peer->uid];
        if (most == nullptr || count > counts[most->uid]) most = peer;
    }
    return most;
}

std::size_t share_of_descriptors(std::size_t most) {
    constexpr rlim_t least = 16;
    rlimit files{};
    if (getrlimit(RLIMIT_NOFILE, &files) != 0) return most;
    return std::min<std::size_t>(most, std::max(least, files.rlim_cur / 8));
}

std::variant<Listener, std::string> listen_at(const std::string& path, int type, mode_t mode) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.empty() || path.size() >= sizeof address.sun_path) {
        return fmt::format("socket path '{}' has {} bytes: 1 to {} are accepted", path, path.size(),
                           sizeof address.sun_path - 1);
    }
    std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
    if (std::string why = remove_dead(path, address, type); !why.empty()) return why;
    UniqueFd fd(socket(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!fd) return failed(path, "cannot make a socket for", errno);
    const auto* at = reinterpret_cast<const sockaddr*>(&address);
    const bool ok = bind(fd.get(), at, sizeof address) == 0 && chmod(path.c_str(), mode) == 0 &&
                    listen(fd.get(), waiting_max) == 0;
    if (!ok) return failed(path, "cannot listen at", errno);
    return Listener{fd.take(), path, type, mode};
}

}  // namespace scram
