#include "net/background.h"

#include <sched.h>

#include <condition_variable>
#include <deque>
#include <mutex>
#include <system_error>
#include <utility>

#include "net/quiet_thread.h"

namespace scram {
namespace {

// The core of the thread that started us may be for itself alone.
void be_out_of_the_way() {
    cpu_set_t all;
    CPU_ZERO(&all);
    for (std::size_t cpu = 0; cpu < CPU_SETSIZE; ++cpu) CPU_SET(cpu, &all);
    sched_setaffinity(0, sizeof all, &all);  // where it is refused, we stay where we are
}

}  // namespace

struct Background::Jobs {
    std::mutex mutex;
    std::condition_variable came;
    std::deque<std::function<void()>> waiting;
    bool has_thread = false;

    void work() {
        be_out_of_the_way();
        while (true) {
            std::unique_lock lock(mutex);
            came.wait(lock, [this] { return !waiting.empty(); });
            const auto job = std::move(waiting.front());
            waiting.pop_front();
            lock.unlock();
            job();
        }
    }
};

Background::Background() : jobs_(std::make_shared<Jobs>()) {}

// The thread begins with the first job.
bool Background::run(std::function<void()> job) {
    const std::lock_guard lock(jobs_->mutex);
    if (!jobs_->has_thread && !start()) return false;
    jobs_->waiting.push_back(std::move(job));
    jobs_->came.notify_one();
    return true;
}

bool Background::start() {
    try {
        quiet_thread("resolver", [jobs = jobs_] { jobs->work(); }).detach();
        jobs_->has_thread = true;
    } catch (const std::system_error&) {  // memory may be short, or a limit reached
    }
    return jobs_->has_thread;
}

}  // namespace scram
