// An answer as bytes, and what becomes of the connection after them.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "tests/exchange/faults.h"
#include "tests/exchange/message.h"

namespace scram::okxsim {

enum class Ending {
    keep,   // the connection lives on
    close,  // orderly: close_notify, then FIN
    cut,    // FIN at once
    reset,  // RST
    mute,   // stays open, requests are still served, but nothing is ever answered again
};

struct Delivery {
    std::vector<std::string> pieces{};  // each written by itself, so that a client reads it so
    Ending ending = Ending::keep;
    std::chrono::milliseconds delay{};  // from the request's arrival
};

Delivery deliver(const Answer& answer, bool keep_alive);
Delivery deliver(const Answer& answer, bool keep_alive, const Fault& fault);

}  // namespace scram::okxsim
