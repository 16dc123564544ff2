// The far side of the bench's link: a forwarder between two TUN devices, so that send() ends at a
// device as it does with a network card (on loopback it would do the receiver's work too), and a
// plain TCP server for the floor.
//
//   scram_bench_wire sink ADDRESS     answers each request of the floor; its port goes to stdout
//   scram_bench_wire forward PID      a device "wire" here, a device "wire" in the network of PID
#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

namespace {

using Buffer = std::array<char, 65536>;

int need(int result, const char* what) {
    if (result >= 0) return result;
    throw std::system_error(errno, std::generic_category(), what);
}

// ---- forward
// -------------------------------------------------------------------------------------

int open_tun() {
    const int fd = need(open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC), "/dev/net/tun");
    ifreq wanted{};
    std::strcpy(wanted.ifr_name, "wire");
    wanted.ifr_flags = IFF_TUN | IFF_NO_PI;
    need(ioctl(fd, TUNSETIFF, &wanted), "make a TUN device");
    return fd;
}

void enter_network_of(const std::string& pid) {
    const std::string path = "/proc/" + pid + "/ns/net";
    const int fd = need(open(path.c_str(), O_RDONLY | O_CLOEXEC), path.c_str());
    need(setns(fd, CLONE_NEWNET), "setns");
    close(fd);
}

// A packet that the other side does not take is lost, as on any wire.
void pass_on(int from, int to, Buffer& buffer) {
    for (ssize_t n; (n = read(from, buffer.data(), buffer.size())) > 0;)
        (void)!write(to, buffer.data(), static_cast<std::size_t>(n));
}

void forward(const std::string& pid) {
    const int near = open_tun();
    enter_network_of(pid);
    const int far = open_tun();
    std::puts("ready");
    std::fflush(stdout);
    Buffer buffer;
    std::array<pollfd, 2> ends{{{near, POLLIN, 0}, {far, POLLIN, 0}}};
    for (;;) {
        need(poll(ends.data(), ends.size(), -1), "poll");
        pass_on(near, far, buffer);
        pass_on(far, near, buffer);
    }
}

// ---- sink
// ----------------------------------------------------------------------------------------

int listen_at(const char* address) {
    const int fd = need(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket");
    sockaddr_in at{};
    at.sin_family = AF_INET;
    need(inet_pton(AF_INET, address, &at.sin_addr) - 1, address);
    need(bind(fd, reinterpret_cast<sockaddr*>(&at), sizeof at), "bind");
    need(listen(fd, 64), "listen");
    socklen_t size = sizeof at;
    need(getsockname(fd, reinterpret_cast<sockaddr*>(&at), &size), "getsockname");
    std::printf("%u\n", unsigned{ntohs(at.sin_port)});
    std::fflush(stdout);
    return fd;
}

// About as many bytes as OKX's answer to a mass-cancel. False: the peer has gone.
bool answer(int fd, Buffer& buffer) {
    if (recv(fd, buffer.data(), buffer.size(), 0) <= 0) return false;
    return send(fd, buffer.data(), 300, MSG_NOSIGNAL) == 300;
}

void sink(const char* address) {
    std::vector<pollfd> all{{listen_at(address), POLLIN, 0}};
    Buffer buffer{};
    for (;;) {
        need(poll(all.data(), all.size(), -1), "poll");
        if (all[0].revents != 0)
            all.push_back({need(accept(all[0].fd, {}, {}), "accept"), POLLIN, 0});
        for (std::size_t i = 1; i < all.size(); ++i) {
            if (all[i].revents == 0 || answer(all[i].fd, buffer)) continue;
            close(all[i].fd);
            all.erase(all.begin() + static_cast<std::ptrdiff_t>(i--));
        }
    }
}

}  // namespace

int main(int argc, char** argv) {
    try {
        const std::string_view verb = argc == 3 ? argv[1] : "";
        if (verb == "forward") forward(argv[2]);
        if (verb == "sink") sink(argv[2]);
        std::fputs("usage: scram_bench_wire sink ADDRESS | forward PID\n", stderr);
        return 2;
    } catch (const std::system_error& error) {
        std::fprintf(stderr, "scram_bench_wire: %s\n", error.what());
        return 1;
    }
}
