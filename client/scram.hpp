// scram.h for C++17 and later: a handle that ends itself, and ids that cannot be swapped.
//
//     scram::Client scramd("maker-1");
//     const auto btc = scramd.family("mm-1/BTC-USD");
//     const auto delta = scramd.metric("delta");
//     for (;;) {
//         scramd.publish(btc, delta, position_delta());
//         if (!scramd.halted(btc)) quote();
//     }
//
// What belongs to start-up (attaching, resolving names) throws scram::Client::Error; what belongs
// to the loop throws nothing and returns a scram_result, which a maker may ignore: scramd trips on
// a lost signal by itself, and halted() is true once scramd is gone. Threads and fork: as in
// scram.h.
#pragma once

#include <cstdint>
#include <exception>
#include <memory>
#include <stdexcept>
#include <string>

#include "scram.h"

namespace scram {

class Client {
  public:
    struct Family {
        std::uint16_t id;
    };
    struct Metric {
        std::uint16_t id;
    };

    class Error : public std::runtime_error {
      public:
        Error(scram_result code, const std::string& text) : runtime_error(text), code_(code) {}
        scram_result code() const { return code_; }

      private:
        scram_result code_;
    };

    // An empty `socket_path` means $SCRAM_SOCKET, or scramd's usual place.
    explicit Client(const std::string& source, const std::string& socket_path = {}) {
        scram_client* client = nullptr;
        const char* path = socket_path.empty() ? nullptr : socket_path.c_str();
        const scram_result result = scram_attach(&client, path, source.c_str());
        if (result != SCRAM_DONE) throw Error(result, scram_error(nullptr));
        client_.reset(client);
    }

    Family family(const std::string& name) {
        Family family{};
        check(scram_family(client_.get(), name.c_str(), &family.id));
        return family;
    }
    Metric metric(const std::string& name) {
        Metric metric{};
        check(scram_metric(client_.get(), name.c_str(), &metric.id));
        return metric;
    }

    scram_result publish(Family family, Metric metric, double value) noexcept {
        return scram_publish(client_.get(), family.id, metric.id, value);
    }
    scram_result add(Family family, Metric metric, double value) noexcept {
        return scram_add(client_.get(), family.id, metric.id, value);
    }
    // With this value the series starts over: see scram.h.
    scram_result restart(Family family, Metric metric, double value) noexcept {
        return scram_restart(client_.get(), family.id, metric.id, value);
    }
    scram_result add_restart(Family family, Metric metric, double value) noexcept {
        return scram_add_restart(client_.get(), family.id, metric.id, value);
    }
    scram_result flush() noexcept { return scram_flush(client_.get()); }
    scram_result heartbeat() noexcept { return scram_heartbeat(client_.get()); }

    bool halted(Family family) const noexcept {
        return scram_halted(client_.get(), family.id) != 0;
    }
    bool attached() const noexcept { return scram_attached(client_.get()) != 0; }
    const char* error() const noexcept { return scram_error(client_.get()); }

    // End on purpose, or as if this process had died; the client is good for nothing afterwards.
    // The destructor does the one or the other: an exception that unwinds past it is no end on
    // purpose.
    scram_result detach() noexcept {
        const scram_result result = scram_detach(client_.get());
        if (result != SCRAM_INVALID) (void)client_.release();
        return result;
    }
    void abandon() noexcept { scram_abandon(client_.release()); }

  private:
    struct End {
        int unwinding;
        End() noexcept : unwinding(std::uncaught_exceptions()) {}
        void operator()(scram_client* client) const noexcept {
            if (std::uncaught_exceptions() > unwinding) {
                scram_abandon(client);
            } else {
                scram_detach(client);
            }
        }
    };

    void check(scram_result result) const {
        if (result != SCRAM_DONE) throw Error(result, error());
    }

    std::unique_ptr<scram_client, End> client_;
};

}  // namespace scram
