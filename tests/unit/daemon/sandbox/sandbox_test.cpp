#include "daemon/sandbox/sandbox.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <functional>
#include <thread>

#include "core/okx/sign.h"
#include "tests/unit/config/fixture.h"

using namespace scram;

namespace {

constexpr int not_to_be_had = 99;

// What waitpid() says of a child that confines itself and then does `then`.
int end_of(const std::function<std::string()>& confine, const std::function<int()>& then) {
    const pid_t child = fork();
    if (child == 0) {
        if (!confine().empty()) _exit(not_to_be_had);
        _exit(then());
    }
    int status = 0;
    REQUIRE(waitpid(child, &status, 0) == child);
    return status;
}

bool is_killed(Calls calls, const std::function<void()>& call) {
    const int status = end_of([calls] { return confine_calls(calls); },
                              [&] {
                                  call();
                                  return 0;
                              });
    if (WIFEXITED(status) && WEXITSTATUS(status) == not_to_be_had) return true;  // told below
    return WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS;
}

bool has_filters() {
    const int status = end_of([] { return confine_calls(Calls::signer); }, [] { return 0; });
    const bool has = !(WIFEXITED(status) && WEXITSTATUS(status) == not_to_be_had);
    if (!has) MESSAGE("skipped: the kernel takes no filter of system calls");
    return has;
}

bool has_landlock() {
    const int status = end_of([] { return confine_files({}); }, [] { return 0; });
    const bool has = WIFEXITED(status) && WEXITSTATUS(status) == 0;
    if (!has) MESSAGE("skipped: the kernel offers no Landlock");
    return has;
}

bool opens(const std::filesystem::path& file, int flags = O_RDONLY) {
    const int fd = open(file.c_str(), flags | O_CLOEXEC, 0600);
    if (fd >= 0) close(fd);
    return fd >= 0;
}

}  // namespace

TEST_CASE("confined calls: neither keeper nor signer opens, connects, traces or executes") {
    if (!has_filters()) return;
    for (const Calls calls : {Calls::keeper, Calls::signer}) {
        CHECK(is_killed(calls, [] { open("/dev/null", O_RDONLY); }));
        CHECK(is_killed(calls, [] { socket(AF_INET, SOCK_STREAM, 0); }));
        CHECK(is_killed(calls, [] { socket(AF_UNIX, SOCK_STREAM, 0); }));
        CHECK(is_killed(calls, [] { connect(0, nullptr, 0); }));
        CHECK(is_killed(calls, [] { execl("/bin/true", "true", nullptr); }));
        CHECK(is_killed(calls, [] { kill(getppid() + (1 << 22), 0); }));
        CHECK(is_killed(calls, [] { kill(getppid() + (1 << 22), SIGKILL); }));
        CHECK(is_killed(calls, [] { kill(getppid(), 0); }));
        CHECK(is_killed(calls, [] { prctl(PR_SET_DUMPABLE, 1); }));
        CHECK(is_killed(calls, [] { (void)!dup(2); }));
    }
}

TEST_CASE("confined calls: only the keeper forks") {
    if (!has_filters()) return;
    CHECK(is_killed(Calls::signer, [] { fork(); }));
    CHECK_FALSE(is_killed(Calls::keeper, [] {
        if (const pid_t child = fork(); child > 0) waitpid(child, nullptr, 0);
    }));
}

TEST_CASE("confined calls: signing, its memory and its socket are left") {
    HmacSigner signer("a fake secret");
    int ends[2];
    REQUIRE(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends) == 0);
    const int status = end_of([] { return confine_calls(Calls::signer); },
                              [&] {
                                  const std::string much(std::size_t{1} << 22, 'x');
                                  SignatureText out;
                                  char byte = 0;
                                  return send(ends[0], "x", 1, 0) == 1 &&
                                                 recv(ends[1], &byte, 1, 0) == 1 &&
                                                 signer.sign(much, out)
                                             ? 0
                                             : 1;
                              });
    const bool is_fine =
        WIFEXITED(status) && (WEXITSTATUS(status) == 0 || WEXITSTATUS(status) == not_to_be_had);
    CHECK(is_fine);
    close(ends[0]);
    close(ends[1]);
}

TEST_CASE("confined files: what lies below the folders is there, and nothing else") {
    if (!has_landlock()) return;
    const test::TempFolder to_read, to_write, other;
    for (const auto* folder : {&to_read, &to_write, &other}) folder->write("file", "a");
    const std::vector<Folder> folders{{to_read.path()}, {to_write.path(), true}};
    const auto seen = [&](const std::function<bool()>& what) {
        return end_of([&] { return confine_files(folders); }, [&] { return what() ? 0 : 1; }) == 0;
    };
    CHECK(seen([&] { return opens(to_read.path() / "file"); }));
    CHECK_FALSE(seen([&] { return opens(to_read.path() / "file", O_WRONLY); }));
    CHECK_FALSE(seen([&] { return opens(to_read.path() / "new", O_WRONLY | O_CREAT); }));
    CHECK(seen([&] { return opens(to_write.path() / "file", O_RDWR | O_TRUNC); }));
    CHECK(seen([&] {
        return opens(to_write.path() / "new", O_WRONLY | O_CREAT) &&
               rename((to_write.path() / "new").c_str(), (to_write.path() / "file").c_str()) == 0;
    }));
    CHECK_FALSE(seen([&] { return opens(other.path() / "file"); }));
    CHECK_FALSE(seen([&] { return opens("/etc/passwd"); }));
    CHECK_FALSE(
        seen([&] { return opens(to_read.path() / ".." / other.path().filename() / "file"); }));
}

TEST_CASE("confined files: threads that are started later are confined too") {
    if (!has_landlock()) return;
    const int status = end_of([] { return confine_files({}); },
                              [] {
                                  bool opened = true;
                                  std::thread([&] { opened = opens("/etc/passwd"); }).join();
                                  return opened ? 1 : 0;
                              });
    CHECK(status == 0);
}

TEST_CASE("confined files: a folder that is not there is left out, and nothing can be executed") {
    if (!has_landlock()) return;
    const std::vector<Folder> folders{{"/nowhere"}, {"/usr"}, {"/bin"}, {"/lib"}, {"/lib64"}};
    const int status = end_of([&] { return confine_files(folders); },
                              [] {
                                  execl("/bin/true", "true", nullptr);
                                  return errno == EACCES ? 0 : 1;
                              });
    CHECK(status == 0);
}
