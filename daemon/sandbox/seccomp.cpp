// The filters of system calls. libseccomp writes them; they are installed by hand, since its own
// way takes calls that neither filter allows.
#include <linux/filter.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <span>

#include "daemon/sandbox/sandbox.h"
#include "net/unique_fd.h"

namespace scram {
namespace {

#if defined(__SANITIZE_THREAD__)
#define SCRAM_WATCHED_BY_THREAD 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define SCRAM_WATCHED_BY_THREAD 1
#endif
#endif
#if defined(SCRAM_WATCHED_BY_THREAD)
constexpr bool is_watched_by_thread = true;
#else
constexpr bool is_watched_by_thread = false;
#endif

constexpr long signer_calls[] = {
    SYS_recvfrom,      SYS_sendto,                                      // its work
    SYS_exit,          SYS_exit_group,                                  // its end
    SYS_brk,           SYS_mmap,       SYS_munmap,         SYS_mremap,  // memory
    SYS_madvise,       SYS_futex,                                       // the allocator
    SYS_write,                                              // a broken promise, on stderr
    SYS_sigaltstack,                                        // ASan's, before a process ends
    SYS_getpid,        SYS_gettid,     SYS_rt_sigprocmask,  // the C library's, of itself
    SYS_clock_gettime,                                      // where the kernel's page has no clock
};

constexpr long keeper_calls[] = {
    SYS_clone,   SYS_set_robust_list, SYS_wait4, SYS_ppoll, SYS_clock_nanosleep,
    SYS_getppid, SYS_mlockall,
#ifdef SYS_poll
    SYS_poll,
#endif
};

// Valgrind's own, of the process that it runs: among themselves, still without a file or a network.
constexpr long valgrind_calls[] = {
    SYS_read,        SYS_close,  SYS_fcntl,           SYS_pipe2,        SYS_mprotect,
    SYS_sched_yield, SYS_tgkill, SYS_rt_sigtimedwait, SYS_rt_sigaction,
#ifdef SYS_pipe
    SYS_pipe,
#endif
};

// What a keeper's child asks for before it is a signer.
constexpr int keeper_prctls[] = {PR_SET_PDEATHSIG, PR_SET_NAME, PR_SET_SECCOMP};

using Program = std::vector<sock_filter>;

struct FreeFilter {
    void operator()(void* filter) const { seccomp_release(filter); }
};
using Filter = std::unique_ptr<void, FreeFilter>;

void allow(const Filter& filter, std::span<const long> calls) {
    for (const long call : calls)
        seccomp_rule_add(filter.get(), SCMP_ACT_ALLOW, static_cast<int>(call), 0);
}

// The 32 bits that the kernel looks at.
scmp_arg_cmp is(unsigned argument, int value) {
    return {argument, SCMP_CMP_MASKED_EQ, 0xffffffff, static_cast<unsigned>(value)};
}

// The process whose loop the keeper watches may be killed, and nothing else done to any.
void allow_what_the_keeper_does(const Filter& filter) {
    allow(filter, keeper_calls);
    for (const int option : keeper_prctls)
        seccomp_rule_add(filter.get(), SCMP_ACT_ALLOW, SCMP_SYS(prctl), 1, is(0, option));
    seccomp_rule_add(filter.get(), SCMP_ACT_ALLOW, SCMP_SYS(kill), 2, is(0, getppid()),
                     is(1, SIGKILL));
}

// In the kernel's language; empty: there is none for this machine.
Program program_of(const Filter& filter) {
    const UniqueFd file(memfd_create("filter", MFD_CLOEXEC));
    if (!file || seccomp_export_bpf(filter.get(), file.get()) != 0) return {};
    Program program(static_cast<std::size_t>(lseek(file.get(), 0, SEEK_END)) / sizeof(sock_filter));
    const auto size = static_cast<ssize_t>(program.size() * sizeof(sock_filter));
    if (pread(file.get(), program.data(), program.size() * sizeof(sock_filter), 0) != size)
        return {};
    return program;
}

Program compile(Calls calls) {
    const Filter filter(seccomp_init(SCMP_ACT_KILL_PROCESS));
    if (!filter) return {};
    seccomp_attr_set(filter.get(), SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
    allow(filter, signer_calls);
    if (runs_under_valgrind()) allow(filter, valgrind_calls);
    if (calls == Calls::keeper) allow_what_the_keeper_does(filter);
    return program_of(filter);
}

std::string install(Program& program) {
    if (program.empty()) return "there is no filter of system calls for this machine";
    const sock_fprog given{static_cast<unsigned short>(program.size()), program.data()};
    if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &given) == 0) return {};
    return std::string("the kernel takes no filter of system calls: ") + std::strerror(errno);
}

}  // namespace

bool runs_under_valgrind() {
    const char* preloaded = std::getenv("LD_PRELOAD");
    return preloaded != nullptr && std::strstr(preloaded, "vgpreload_core") != nullptr;
}

// The library asks the kernel for this and that, which the keeper's filter does not allow: its
// signers' is made before it.
std::string confine_calls(Calls calls) {
    if (calls == Calls::keeper && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        return std::string("cannot give up new privileges: ") + std::strerror(errno);
    if (is_watched_by_thread) return "TSan has a thread of its own, which a filter would end";
    static Program for_signer = compile(Calls::signer);
    if (calls == Calls::signer) return install(for_signer);
    Program for_keeper = compile(Calls::keeper);
    return install(for_keeper);
}

}  // namespace scram
