// The filters of system calls, in the kernel's own small language (seccomp_filter.rst in its
// documentation): compared number by number, since they are few.
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <span>

#include "daemon/sandbox/sandbox.h"

namespace scram {
namespace {

#if defined(__x86_64__)
constexpr std::uint32_t our_arch = AUDIT_ARCH_X86_64;
#elif defined(__aarch64__)
constexpr std::uint32_t our_arch = AUDIT_ARCH_AARCH64;
#else
constexpr std::uint32_t our_arch = 0;
#endif

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

class Filter {
  public:
    Filter() {
        add(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, arch));
        unless_equal(our_arch, SECCOMP_RET_KILL_PROCESS);
        load_number();
    }
    void allow(std::span<const long> calls) {
        for (const long call : calls) if_equal(static_cast<std::uint32_t>(call));
    }
    void allow_prctl(std::span<const int> options) {
        const std::size_t skip = 2 * options.size() + 1;
        jump(SYS_prctl, 0, static_cast<std::uint8_t>(skip + 1));
        add(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, args[0]));
        for (const int option : options) if_equal(static_cast<std::uint32_t>(option));
        add(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS);
    }
    void allow_sigkill(pid_t process) {
        jump(SYS_kill, 0, 6);
        add(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, args[0]));
        jump(process, 0, 3);
        add(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, args[1]));
        if_equal(SIGKILL);
        add(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS);
    }
    std::string install() {
        add(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS);
        const sock_fprog program{static_cast<unsigned short>(code_.size()), code_.data()};
        if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0) return {};
        return std::string("the kernel takes no filter of system calls: ") + std::strerror(errno);
    }

  private:
    void load_number() { add(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)); }
    void add(int code, std::size_t value) {
        code_.push_back(
            {static_cast<std::uint16_t>(code), 0, 0, static_cast<std::uint32_t>(value)});
    }
    void jump(long value, std::uint8_t if_so, std::uint8_t if_not) {
        code_.push_back(
            {BPF_JMP | BPF_JEQ | BPF_K, if_so, if_not, static_cast<std::uint32_t>(value)});
    }
    void if_equal(std::uint32_t value) {
        jump(value, 0, 1);
        add(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
    }
    void unless_equal(std::uint32_t value, std::uint32_t verdict) {
        jump(value, 1, 0);
        add(BPF_RET | BPF_K, verdict);
    }

    std::vector<sock_filter> code_;
};

}  // namespace

bool runs_under_valgrind() {
    const char* preloaded = std::getenv("LD_PRELOAD");
    return preloaded != nullptr && std::strstr(preloaded, "vgpreload_core") != nullptr;
}

std::string confine_calls(Calls calls) {
    if (our_arch == 0) return "there is no filter of system calls for this architecture";
    if (calls == Calls::keeper && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        return std::string("cannot give up new privileges: ") + std::strerror(errno);
    if (is_watched_by_thread) return "TSan has a thread of its own, which a filter would end";
    Filter filter;
    filter.allow(signer_calls);
    if (runs_under_valgrind()) filter.allow(valgrind_calls);
    if (calls == Calls::keeper) {
        filter.allow(keeper_calls);
        filter.allow_prctl(keeper_prctls);
        filter.allow_sigkill(getppid());  // whose loop it watches
    }
    return filter.install();
}

}  // namespace scram
