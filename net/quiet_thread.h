// A thread to which no signal of the process goes, from its first instruction on: they are the
// loop's.
#pragma once

#include <csignal>
#include <thread>
#include <utility>

namespace scram {

// Throws as std::thread does.
template <class Run>
std::thread quiet_thread(Run run) {
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
    return std::thread(std::move(run));
}

}  // namespace scram
