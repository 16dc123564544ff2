// A thread to which no signal of the process goes, from its first instruction on: they are the
// loop's.
#pragma once

#include <sys/prctl.h>

#include <csignal>
#include <thread>
#include <utility>

namespace scram {

// `name`: what `top -H` and /proc show, of 15 characters at most. Throws as std::thread does.
template <class Run>
std::thread quiet_thread(const char* name, Run run) {
    struct Blocked {
        Blocked() {
            sigset_t all;
            sigfillset(&all);
            pthread_sigmask(SIG_SETMASK, &all, &before);
        }
        ~Blocked() { pthread_sigmask(SIG_SETMASK, &before, nullptr); }
        sigset_t before;
    };
    const Blocked blocked;
    return std::thread([name, run = std::move(run)]() mutable {
        prctl(PR_SET_NAME, name);
        run();
    });
}

}  // namespace scram
