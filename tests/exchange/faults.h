// Faults ordered by a test: each spoils the next matching requests, the oldest fault first.
#pragma once

#include <chrono>
#include <deque>
#include <optional>
#include <string>
#include <string_view>

#include "tests/exchange/message.h"

namespace scram::okxsim {

enum class FaultKind {
    silent,          // read, not executed, never answered
    silent_done,     // executed, never answered
    reset,           // not executed, TCP RST
    reset_done,      // executed, TCP RST
    half,            // executed, half of the answer, then closed
    half_body,       // executed, the head and half of the body, then closed
    delay,           // executed, answered late
    html,            // the edge's HTML page (403, or 520 by "code")
    numeric,         // the 500 body whose code is a number and whose data is an object
    chunked,         // executed, answered in small chunks
    close,           // executed, answered with Connection: close
    limited429,      // 50011
    numeric429,      // 50011 as a number, and with another text: seen on the wire
    unavailable503,  // 50001
    result_false,    // code 0, result false, nothing cancelled
    nothing_left,    // 51405
    code,            // any code
    garbage,         // 200 and no JSON
    long_body,       // 200 and a body over 1 MiB
    continue100,     // executed, an interim 100 before the answer
    // Executed and told wrong, see lies.h:
    endless,    // pending orders: every page is full, and there is always an older one
    loop,       // pending orders: the newest page, whatever page was asked for
    crowd,      // pending orders: 10,000, paged as it should be
    foreign,    // pending orders: those of another product and another family
    truncated,  // the first half of the body, of a length that fits
    numbers,    // numbers where strings of digits belong
    gzip,       // the body is compressed though nobody asked for it
    missing,    // without "field", by default ordId
};

std::optional<FaultKind> fault_kind(std::string_view name);
std::string_view name(FaultKind kind);
std::string fault_kinds();  // all names, for a person

bool executes(FaultKind kind);

struct Fault {
    FaultKind kind{};
    std::string on = "any";  // an endpoint's name, or any
    std::string account{};   // empty: any
    int count = 1;           // so many requests; negative: for ever
    std::chrono::milliseconds delay{};
    std::string code{};
    std::string field{};
    std::string message{};  // empty: the one that belongs to the code
    bool close = false;     // with Connection: close
    int status = 0;         // 0: the one that belongs to the code
};

class Faults {
  public:
    void push(Fault fault) { waiting_.push_back(std::move(fault)); }
    void clear() { waiting_.clear(); }
    std::optional<Fault> take(std::string_view endpoint, std::string_view account);

  private:
    std::deque<Fault> waiting_;
};

// What is said instead of the exchange's own answer. Only for kinds that do not execute; its code
// for the log is the kind's name where no code is answered.
Answer substitute(const Fault& fault);

}  // namespace scram::okxsim
