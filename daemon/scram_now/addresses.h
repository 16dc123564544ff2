// The addresses of the exchange's name. A thread of its own asks for them, since a name server may
// never answer; nobody waits for that thread, not even the end of the program.
#pragma once

#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "daemon/scram_now/client.h"

namespace scram {

class NowAddresses {
  public:
    NowAddresses(std::string host, std::uint16_t port);

    // Asks again, unless an answer is still due.
    void refresh();
    // What is known; if nothing is, waits for an answer until `deadline`. Empty: see why_none().
    std::vector<NowAddress> get(Time deadline, std::stop_token stop);
    std::string why_none() const;

  private:
    struct State;
    std::shared_ptr<State> state_;  // outlives this, with the thread that asks
};

}  // namespace scram
