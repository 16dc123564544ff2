// The second, plain HTTP port: makers place and fill orders here, tests inject faults and look in.
// Each body is a JSON object; what is wrong with it is answered with 400 and {"error":...}.
//
//   GET  /sim/state
//   POST /sim/orders  {"account","orders":[{"instId","ordType","side","px","sz"}]}, may have
//                     "clOrdId", "tag", "flight_ms": how long an order is on its way
//                     -> {"results":[{"code":"0","ordId"} or {"code","msg"}]}
//   POST /sim/cancel  {"account","instFamily"} or {"account","ordIds":[]} -> {"cancelled":n}
//   POST /sim/fill    {"account","ordId","sz"} -> {"code"}
//   POST /sim/freeze  {"account","instFamily","ms"}: market maker protection triggers; 0: until
//   reset POST /sim/fault   {"on","kind"}, may have "count", "delay_ms", "code", "status",
//   "account",
//                     "field", "msg", "close"; or
//                     {"clear":true}. The kinds are in faults.h
//   POST /sim/account {"account"} and what is to change: a key of the accounts file but the name
//   and
//                     the secrets, or one of: "key_unused_ms", how long ago its key was last used;
//                     "list_delay_ms", after which orders and cancels show in the list of orders;
//                     "list_stale_ms", for how long that list stays as it is;
//                     "skip_ms": orders on their way, cancel-all-after: so much time has passed
//   POST /sim/clock   {"offset_ms"}: how far the exchange's clock is ahead of this host's
//   POST /sim/drop    resets all HTTPS connections
#pragma once

#include <functional>

#include "tests/exchange/exchange.h"
#include "tests/exchange/state.h"

namespace scram::okxsim {

// What the admin side may do to the HTTPS side's connections.
struct Wire {
    std::function<WireCounts()> counts;
    std::function<void()> drop;
};

class Admin {
  public:
    Admin(Exchange& exchange, Wire wire);
    Delivery serve(const Request& request, Now now);

  private:
    Answer answer(const Request& request, Now now);

    Exchange& exchange_;
    Wire wire_;
};

}  // namespace scram::okxsim
