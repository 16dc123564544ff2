// An account and all that the exchange keeps for it.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "tests/exchange/accounts.h"
#include "tests/exchange/book.h"
#include "tests/exchange/deadman.h"
#include "tests/exchange/message.h"
#include "tests/exchange/window.h"

namespace scram::okxsim {

// One mass-cancel request as the exchange saw it.
struct CancelRecord {
    Now arrival;
    std::string family;
    std::string lock;
    std::string code;   // the answer's code, or the fault's name where none was answered
    std::string fault;  // empty: none
    std::optional<std::chrono::milliseconds> age;  // of its signature; nothing: unreadable
};

struct Cancels {
    static constexpr std::size_t log_max = 1000;

    std::uint64_t requests = 0;
    std::uint64_t accepted = 0;  // executed with result true, whether or not the answer got out
    std::map<std::string, std::uint64_t> codes;
    std::deque<CancelRecord> log;  // the latest

    void add(CancelRecord record, bool executed);
};

struct Seat {
    Account account;
    Book book{};
    Deadman deadman{};
    std::uint64_t deadman_fired = 0;
    RequestWindow window{};  // of mass-cancel
    Cancels cancels{};
    std::map<std::string, RequestWindow, std::less<>> windows{};          // of what else is limited
    std::map<std::string, std::map<std::string, std::uint64_t>> calls{};  // by endpoint and code
    std::chrono::nanoseconds key_used_at{};  // the last authenticated call

    // What time alone does: by now, and within `early`, which is taken to have passed.
    void settle(std::chrono::nanoseconds now, std::chrono::nanoseconds early = {});
    bool key_lives(std::chrono::nanoseconds now) const;
    bool admit(std::string_view what, Limit limit, Now now, WindowKind kind, int weight = 1);
};

// A placed order's id, or OKX's code of the refusal; `now.wall` is the exchange's clock.
struct Placed {
    std::string_view code;
    OrderId id = 0;
};
Placed place_order(Seat& seat, Order order, Now now, OrderId& last_id);

}  // namespace scram::okxsim
