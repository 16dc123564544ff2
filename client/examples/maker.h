// The sample maker: quotes each family while its gate is open, lets simulated takers trade with it,
// hedges, and publishes what its position amounts to.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "client/examples/book.h"
#include "client/examples/sim_client.h"
#include "client/scram.hpp"

namespace scram::sample {

using Seconds = std::chrono::duration<double>;

struct Settings {
    std::string socket;  // empty: scramd's usual place
    std::string source = "maker-1";
    std::string account = "mm-1";
    std::vector<std::string> families{"BTC-USD", "ETH-USD"};
    std::string sim;  // HOST:PORT of okxsim's admin port
    std::uint64_t seed = 1;
    std::optional<double> runaway_after;  // seconds
    bool hold_after_halt = false;
    std::optional<double> duration;  // seconds
};

class Maker {
  public:
    // Throws Client::Error.
    Maker(const Settings& settings, std::chrono::sys_days today);

    // One round of quoting, trading and publishing. False: scramd is gone, there is nothing to
    // quote behind.
    bool step(Seconds now);
    // Takes all quotes off the exchange.
    void pull();
    // The goodbye.
    void end() { scramd_.detach(); }

  private:
    struct Desk {
        Book book;
        Client::Family id;
        std::size_t next_quote = 0;                // where the round of refreshed quotes goes on
        bool refused = false;                      // the exchange refuses its orders
        std::optional<Seconds> halted_since = {};  // nothing: it quotes
    };
    struct Gauge {
        const char* name;
        double Risk::*value;
        Client::Metric id;
    };

    void find_gauges();
    void requote(Desk& desk);
    bool may_quote(Desk& desk);
    void stop_quoting(Desk& desk);
    void place(Desk& desk, const std::vector<Quote*>& quotes);
    void note_refusal(Desk& desk, const std::string& reason);
    void trade(Desk& desk);
    void hedge(Desk& desk);
    bool runs_away(const Desk& desk) const;
    bool publish();

    Settings settings_;
    Client scramd_;
    SimClient exchange_;
    std::vector<Gauge> gauges_;
    std::vector<Desk> desks_;
    Seconds now_{};
    std::uint64_t rounds_ = 0;
    bool runaway_announced_ = false;
    bool runaway_over_ = false;
};

}  // namespace scram::sample
