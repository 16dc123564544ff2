#include "daemon/scramd/config_reader.h"

#include <fmt/format.h>
#include <pthread.h>
#include <sched.h>

#include <boost/asio/post.hpp>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "net/quiet_thread.h"

namespace scram {
namespace {

// The processor is the loop's where there are not enough: what wakes up there comes before a batch.
// No nicer than that: on a busy machine a reload would not end.
void stand_back() {
    const sched_param none{};
    pthread_setschedparam(pthread_self(), SCHED_BATCH, &none);
}

NextConfig read_next(const Config& running) {
    NextConfig next;
    LoadResult result = load(running.file);
    if (const auto* errors = std::get_if<std::vector<ConfigError>>(&result)) {
        for (const ConfigError& error : *errors)
            next.faults.push_back(
                {fmt::format("{}:{}", error.file.native(), error.line), error.message});
        return next;
    }
    next.config = std::move(std::get<Config>(result));
    if (const std::string why = restart_reason(running, next.config); !why.empty()) {
        next.faults.push_back(
            {running.file.native(), why + ": this needs a restart; the running config stays"});
        return next;
    }
    next.changes = changes(running, next.config);
    return next;
}

}  // namespace

// Outlives the reader where its thread hangs in a look-up.
struct ConfigReader::Shared : std::enable_shared_from_this<Shared> {
    Shared(boost::asio::io_context& loop, Config now, Prepare how, Done then)
        : io(&loop), running(std::move(now)), prepare(std::move(how)), done(std::move(then)) {}

    void run() {
        stand_back();
        while (await(asked)) {
            asked = false;
            NextConfig next = read_next(running);
            Config taken = next.config;
            const bool is_good = next.faults.empty();
            if (is_good && !compile(next)) return;
            if (!hand_over(next)) return;
            if (is_good) running = std::move(taken);
        }
    }

    // What prepares is the loop's, and stays until that is done.
    bool compile(NextConfig& next) {
        {
            const std::lock_guard lock(mutex);
            if (io == nullptr) return false;
            preparing = true;
        }
        next.plan.emplace(prepare(next.config));
        const std::lock_guard lock(mutex);
        preparing = false;
        changed.notify_all();
        return io != nullptr;
    }

    // False: nobody asks any more.
    bool await(const bool& flag) {
        std::unique_lock lock(mutex);
        changed.wait(lock, [&] { return flag || io == nullptr; });
        return io != nullptr;
    }

    // To the loop, and back with what it left there.
    bool hand_over(NextConfig& next) {
        {
            const std::lock_guard lock(mutex);
            if (io == nullptr) return false;
            returned = false;
            boost::asio::post(*io, [self = shared_from_this(), &next] { self->on_loop(next); });
        }
        return await(returned);
    }

    // The thread waits for `returned`: until then `next` is there.
    void on_loop(NextConfig& next) {
        done(next);
        set(returned);
    }

    void set(bool& flag) {
        const std::lock_guard lock(mutex);
        flag = true;
        changed.notify_all();
    }

    std::mutex mutex;  // of the five below, and held for moments only
    std::condition_variable changed;
    boost::asio::io_context* io;  // nullptr: the reader is no more
    bool asked = false;
    bool preparing = false;
    bool returned = false;
    Config running;  // the thread's own, for comparing
    const Prepare prepare;
    const Done done;
};

ConfigReader::ConfigReader(boost::asio::io_context& io, Config running, Prepare prepare, Done done)
    : shared_(
          std::make_shared<Shared>(io, std::move(running), std::move(prepare), std::move(done))) {
    quiet_thread("config", [shared = shared_] { shared->run(); }).detach();
}

ConfigReader::~ConfigReader() {
    std::unique_lock lock(shared_->mutex);
    shared_->io = nullptr;
    shared_->changed.notify_all();
    shared_->changed.wait(lock, [this] { return !shared_->preparing; });
}

void ConfigReader::read() {
    shared_->set(shared_->asked);
}

}  // namespace scram
