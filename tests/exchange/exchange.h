// The simulated OKX without its sockets: a request and its time go in, what to send comes out.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tests/exchange/accounts.h"
#include "tests/exchange/book.h"
#include "tests/exchange/delivery.h"
#include "tests/exchange/faults.h"
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
    std::uint64_t confirmed = 0;  // executed with result true, whether or not the answer got out
    std::map<std::string, std::uint64_t> codes;
    std::deque<CancelRecord> log;  // the latest

    void add(CancelRecord record, bool executed);
};

// An account and all that the exchange keeps for it.
struct Seat {
    Account account;
    Book book{};
    RequestWindow window{};
    Cancels cancels{};
};

class Exchange {
  public:
    Exchange(AccountsFile file, WindowKind window_kind);

    Delivery serve(const Request& request, Now now);

    // The maker's and the tester's side. A placed order's id, or OKX's code of the refusal.
    struct Placed {
        std::string_view code;
        OrderId id = 0;
    };
    Placed place(Seat& seat, Order order, Now now);
    Seat* find_account(std::string_view name);
    const std::vector<Seat>& seats() const { return seats_; }
    const RequestWindow& time_window() const { return time_window_; }
    Faults& faults() { return faults_; }
    void shift_clock(std::chrono::milliseconds offset) { clock_offset_ = offset; }
    std::chrono::milliseconds clock(Now now) const { return now.wall + clock_offset_; }

  private:
    enum class Endpoint { mass_cancel, time, orders_pending, account_config, families, unknown };
    static Endpoint endpoint_of(std::string_view path);
    static std::string_view name(Endpoint endpoint);

    struct Call {
        const Request& request;
        Now now;
        Endpoint endpoint;
        Seat* seat;     // the key's owner, or null
        bool admitted;  // within the limit
    };
    Call call_of(const Request& request, Now now);
    Answer answer(const Call& call);
    Answer answer_private(const Call& call);
    Answer mass_cancel(const Call& call);
    static Answer orders_pending(const Call& call);
    static Answer account_config(const Call& call);
    Answer option_families() const;
    static void record(const Call& call, const Answer& answer, const std::optional<Fault>& fault);

    std::vector<Seat> seats_;
    std::vector<std::string> families_;
    WindowKind window_kind_;
    RequestWindow time_window_;  // witnessed only, never refused
    Faults faults_;
    std::chrono::milliseconds clock_offset_{};
    OrderId last_order_id_ = 0;
};

}  // namespace scram::okxsim
