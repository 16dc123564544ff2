#include "bench/contenders.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>
#include <stdexcept>

#include "client/scram.h"

namespace scram::bench {
namespace {

constexpr double breach = 100;  // the rules' limit is 25

class Maker : public Contender {
  public:
    Maker(const std::string& socket, const std::string& source,
          std::span<const std::string> families, Cpus cpus)
        : cpu_(cpus.others) {
        need(scram_attach(&client_, socket.c_str(), source.c_str()));
        need(scram_metric(client_, "delta", &delta_));
        for (const std::string& family : families)
            need(scram_family(client_, family.c_str(), &families_.emplace_back()));
        targets = families_.size();
        pulled_.reserve(targets);
    }
    ~Maker() override { scram_detach(client_); }

    Nanos pull(std::size_t target) override {
        const Nanos now = wall_now();
        need(scram_publish(client_, families_[target], delta_, breach));
        pulled_.push_back(target);
        return now;
    }
    // Not faster than a scramd with many rules reads: a lost signal would trip.
    void calm() override {
        for (const std::size_t target : pulled_) {
            need(scram_publish(client_, families_[target], delta_, 0));
            rest_until(wall_now() + 200'000);
        }
        pulled_.clear();
    }
    int cpu() const override { return cpu_; }

  private:
    void need(scram_result result) const {
        if (result != SCRAM_DONE) throw std::runtime_error(scram_error(client_));
    }

    int cpu_;
    scram_client* client_ = nullptr;
    std::uint16_t delta_ = 0;
    std::vector<std::uint16_t> families_;
    std::vector<std::size_t> pulled_;
};

class Bot : public Contender {
  public:
    Bot(const std::string& path, std::size_t n, Cpus cpus)
        : cpu_(cpus.others), fd_(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
        targets = n;
        sockaddr_un to{};
        to.sun_family = AF_UNIX;
        path.copy(to.sun_path, sizeof to.sun_path - 1);
        if (connect(fd_, reinterpret_cast<sockaddr*>(&to), sizeof to) != 0)
            throw std::runtime_error("the bot does not listen at " + path);
    }
    ~Bot() override { ::close(fd_); }

    Nanos pull(std::size_t) override {
        const Nanos now = wall_now();
        if (send(fd_, &breach, sizeof breach, 0) != sizeof breach)
            throw std::runtime_error("the bot has gone");
        return now;
    }
    int cpu() const override { return cpu_; }

  private:
    int cpu_;
    int fd_;
};

}  // namespace

std::unique_ptr<Contender> make_maker(const std::string& socket, const std::string& source,
                                      std::span<const std::string> families, Cpus cpus) {
    return std::make_unique<Maker>(socket, source, families, cpus);
}

std::unique_ptr<Contender> make_bot(const std::string& socket, std::size_t targets, Cpus cpus) {
    return std::make_unique<Bot>(socket, targets, cpus);
}

}  // namespace scram::bench
