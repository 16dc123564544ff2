// What the daemon has of files, descriptors and threads in one place each.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/stat.h>

#include <csignal>
#include <string>

#include "config/plain_file.h"
#include "daemon/common/write_full.h"
#include "net/quiet_thread.h"
#include "net/unique_fd.h"
#include "tests/unit/config/fixture.h"

using namespace scram;

namespace {

bool is_open(int fd) {
    return fcntl(fd, F_GETFD) >= 0;
}

UniqueFd null_device() {
    return UniqueFd(open("/dev/null", O_RDONLY | O_CLOEXEC));
}

std::size_t blocked_signals() {
    sigset_t mask;
    pthread_sigmask(SIG_BLOCK, nullptr, &mask);
    std::size_t count = 0;
    for (const int number : {SIGTERM, SIGINT, SIGHUP, SIGUSR1})
        count += static_cast<std::size_t>(sigismember(&mask, number));
    return count;
}

}  // namespace

TEST_CASE("unique fd: it is closed once, by who has it last") {
    int number = -1;
    {
        UniqueFd first = null_device();
        number = first.get();
        const UniqueFd second = std::move(first);
        CHECK_FALSE(first);
        CHECK(second.get() == number);
        CHECK(is_open(number));
    }
    CHECK_FALSE(is_open(number));
}

TEST_CASE("unique fd: another takes its place, and what is taken is the caller's") {
    UniqueFd fd = null_device();
    const int before = fd.get();
    fd = null_device();
    CHECK_FALSE(is_open(before));
    const int taken = fd.take();
    fd.reset();
    CHECK(is_open(taken));
    fd.reset(taken);
    CHECK(fd);
}

TEST_CASE("plain file: it is read up to what there is room for, and a FIFO is not waited for") {
    const test::TempFolder folder;
    const std::string path = folder.path() / "file";
    const UniqueFd file(open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
    const std::string text = "0123456789";
    CHECK(write_full(file.get(), std::as_bytes(std::span(text))));
    CHECK(write_full(file.get(), std::as_bytes(std::span(text)), 5));
    std::string part(4, ' '), all(100, ' '), none(4, ' ');
    CHECK(read_full(open_to_read(path.c_str()), part));
    CHECK(part == "0123");
    CHECK(read_full(open_to_read(path.c_str()), all));
    CHECK(all == "012340123456789");
    CHECK_FALSE(read_full(open_to_read("/"), none));
    CHECK_FALSE(write_full(-1, std::as_bytes(std::span(text))));
    const std::string pipe = folder.path() / "pipe";
    REQUIRE(mkfifo(pipe.c_str(), 0600) == 0);
    CHECK(open_to_read(pipe.c_str()));
}

TEST_CASE("quiet thread: no signal is its own, and its maker's stay as they were") {
    const std::size_t before = blocked_signals();
    std::size_t within = 0;
    quiet_thread("test", [&] { within = blocked_signals(); }).join();
    CHECK(within == 4);
    CHECK(blocked_signals() == before);
}
