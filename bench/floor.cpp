// The floor: what the kernel alone takes, by a thread that spins and by one that is woken.
#include <time.h>  // which the next needs

#include <linux/errqueue.h>
#include <linux/net_tstamp.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstring>
#include <thread>
#include <utility>

#include "bench/connection.h"
#include "bench/contenders.h"

namespace scram::bench {
namespace {

// Bytes that stand ready, and the connections that they go out by.
class Senders {
  public:
    Senders(const Address& to, std::size_t connections) {
        for (std::size_t i = 0; i < connections; ++i) fds_.push_back(connect_to(to));
    }
    ~Senders() {
        for (const int fd : fds_) ::close(fd);
    }
    Senders(const Senders&) = delete;
    Senders& operator=(const Senders&) = delete;

    void send_ready(std::size_t target) {
        send_all(fds_[target % fds_.size()], bytes_.data(), bytes_.size());
    }
    void read_answers() {
        std::array<char, 4096> answer;
        for (const int fd : fds_) {
            while (recv(fd, answer.data(), answer.size(), MSG_DONTWAIT) > 0) {
            }
        }
    }
    int fd() const { return fds_.front(); }

  private:
    std::array<char, request_bytes> bytes_{};
    std::vector<int> fds_;
};

class Floor : public Contender {
  public:
    Floor(const Address& to, std::size_t connections, Cpus cpus)
        : senders_(to, connections), cpu_(cpus.client) {}

    Nanos pull(std::size_t target) override {
        const Nanos now = wall_now();
        senders_.send_ready(target);
        return now;
    }
    void read_answers() override { senders_.read_answers(); }
    int cpu() const override { return cpu_; }

  private:
    Senders senders_;
    int cpu_;
};

// Its doorbell counts, so that none is lost: it sends once for each ring.
class SleepingFloor : public Contender {
  public:
    SleepingFloor(const Address& to, std::size_t connections, Cpus cpus)
        : senders_(to, connections),
          cpu_(cpus.others),
          bell_(need(eventfd(0, EFD_CLOEXEC | EFD_SEMAPHORE), "eventfd")),
          sleeper_([this, cpus] { serve(cpus.client); }) {}
    ~SleepingFloor() override {
        stopping_ = true;
        ring();
        sleeper_.join();
        ::close(bell_);
    }

    Nanos pull(std::size_t) override {
        const Nanos now = wall_now();
        ring();
        return now;
    }
    void read_answers() override { senders_.read_answers(); }
    int cpu() const override { return cpu_; }

  private:
    void ring() {
        const std::uint64_t once = 1;
        need(static_cast<int>(write(bell_, &once, sizeof once)), "ring");
    }
    void serve(int cpu) {
        stay_on(cpu);
        urgent_when_woken();
        const int waiter = need(epoll_create1(EPOLL_CLOEXEC), "epoll");
        epoll_event event{.events = EPOLLIN, .data = {}};
        need(epoll_ctl(waiter, EPOLL_CTL_ADD, bell_, &event), "epoll");
        for (std::size_t sent = 0;; ++sent) {
            std::uint64_t once = 0;
            while (epoll_wait(waiter, &event, 1, -1) != 1) {
            }
            need(static_cast<int>(read(bell_, &once, sizeof once)), "hear the bell");
            if (stopping_) break;
            senders_.send_ready(sent);
        }
        ::close(waiter);
    }

    Senders senders_;
    int cpu_;
    int bell_;
    std::atomic<bool> stopping_ = false;
    std::thread sleeper_;
};

// A thread that spins until it is told, as scramd's loop does. It lives as long as its turn: even
// asleep it delayed those that sleep by milliseconds.
class Spinner : public Contender {
  public:
    explicit Spinner(Cpus cpus) : cpus_(cpus) {}

    void take_turn(bool begins) override {
        spinner_ = {};
        if (!begins) return;
        spins_ = false;
        spinner_ = std::jthread([this](const std::stop_token& stop) { spin(stop); });
        while (!spins_) std::this_thread::yield();
    }
    Nanos pull(std::size_t) override {
        const Nanos now = wall_now();
        pulled_.fetch_add(1, std::memory_order_release);
        return now;
    }
    int cpu() const override { return cpus_.others; }

  private:
    virtual void act(std::size_t pull) = 0;
    virtual void turn() {}  // before each look whether it is told

    void spin(const std::stop_token& stop) {
        stay_on(cpus_.client);
        urgent(true);
        spins_ = true;
        while (!stop.stop_requested()) {
            turn();
            if (pulled_.load(std::memory_order_acquire) > done_) act(done_++);
        }
    }

    Cpus cpus_;
    std::atomic<std::size_t> pulled_ = 0;
    std::size_t done_ = 0;
    std::atomic<bool> spins_ = false;
    std::jthread spinner_;
};

class SpinningFloor : public Spinner {
  public:
    SpinningFloor(const Address& to, std::size_t connections, Cpus cpus)
        : Spinner(cpus), senders_(to, connections) {}

    void read_answers() override { senders_.read_answers(); }

  private:
    void act(std::size_t pull) override { senders_.send_ready(pull); }

    Senders senders_;
};

// It makes no system call, and all that it runs it runs all the time: what it takes is the
// machine's.
class SpinningClock : public Spinner {
  public:
    explicit SpinningClock(Cpus cpus) : Spinner(cpus), stamps_(kept + 1) {}

    std::vector<Nanos> own_stamps() override {
        return {stamps_.begin(),
                stamps_.begin() + static_cast<std::ptrdiff_t>(std::exchange(n_, 0))};
    }

  private:
    static constexpr std::size_t kept = 4096;  // of a cycle

    void turn() override { stamps_[n_] = wall_now(); }
    void act(std::size_t) override {
        turn();
        n_ = std::min(n_ + 1, kept);
    }

    std::vector<Nanos> stamps_;
    std::size_t n_ = 0;
};

void ask_for_stamps(int fd) {
    const int wanted =
        SOF_TIMESTAMPING_TX_SOFTWARE | SOF_TIMESTAMPING_SOFTWARE | SOF_TIMESTAMPING_OPT_TSONLY;
    need(setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPING, &wanted, sizeof wanted), "SO_TIMESTAMPING");
}

// The socket's own TX stamp of its last send, or 0 if none came.
Nanos read_stamp(int fd) {
    alignas(cmsghdr) std::array<char, 512> control{};
    msghdr message{};
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    if (recvmsg(fd, &message, MSG_ERRQUEUE | MSG_DONTWAIT) < 0) return 0;
    for (cmsghdr* c = CMSG_FIRSTHDR(&message); c != nullptr; c = CMSG_NXTHDR(&message, c)) {
        if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SO_TIMESTAMPING) continue;
        scm_timestamping stamps{};
        std::memcpy(&stamps, CMSG_DATA(c), sizeof stamps);
        return Nanos{stamps.ts[0].tv_sec} * 1'000'000'000 + stamps.ts[0].tv_nsec;
    }
    return 0;
}

}  // namespace

std::unique_ptr<Contender> make_floor(const Address& to, std::size_t connections, Cpus cpus) {
    return std::make_unique<Floor>(to, connections, cpus);
}

std::unique_ptr<Contender> make_sleeping_floor(const Address& to, std::size_t connections,
                                               Cpus cpus) {
    return std::make_unique<SleepingFloor>(to, connections, cpus);
}

std::unique_ptr<Contender> make_spinning_floor(const Address& to, std::size_t connections,
                                               Cpus cpus) {
    return std::make_unique<SpinningFloor>(to, connections, cpus);
}

std::unique_ptr<Contender> make_spinning_clock(Cpus cpus) {
    return std::make_unique<SpinningClock>(cpus);
}

std::vector<Nanos> socket_stamps(const Address& to, std::size_t n, Nanos pitch) {
    Senders senders(to, 1);
    ask_for_stamps(senders.fd());
    std::vector<Nanos> out;
    for (std::size_t i = 0; i < n; ++i) {
        spin_until(wall_now() + pitch);
        while (read_stamp(senders.fd()) != 0) {  // of what was sent again
        }
        senders.send_ready(0);
        out.push_back(read_stamp(senders.fd()));
        senders.read_answers();
    }
    return out;
}

}  // namespace scram::bench
