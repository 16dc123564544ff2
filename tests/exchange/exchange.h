// The simulated OKX without its sockets: a request and its time go in, what to send comes out.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tests/exchange/accounts.h"
#include "tests/exchange/delivery.h"
#include "tests/exchange/endpoint.h"
#include "tests/exchange/faults.h"
#include "tests/exchange/message.h"
#include "tests/exchange/seat.h"
#include "tests/exchange/window.h"

namespace scram::okxsim {

class Exchange {
  public:
    // At `born` every key is as good as just used.
    Exchange(AccountsFile file, WindowKind window_kind, std::chrono::nanoseconds born = {});

    Delivery serve(const Request& request, Now now);

    // The maker's and the tester's side.
    Placed place(Seat& seat, Order order, Now now);
    // An order that reaches the book after `flight`; its id. Where it is refused nobody hears of
    // it.
    OrderId send(Seat& seat, Order order, Now now, std::chrono::milliseconds flight);
    void settle(Now now);  // what time alone does to the books
    Seat* find_account(std::string_view name);
    const std::vector<Seat>& seats() const { return seats_; }
    const RequestWindow& time_window() const { return time_window_; }
    Faults& faults() { return faults_; }
    void shift_clock(std::chrono::milliseconds offset) { clock_offset_ = offset; }
    std::chrono::milliseconds clock(Now now) const { return now.wall + clock_offset_; }

  private:
    // A request whose sender is not known yet.
    struct Visit {
        const Request& request;
        Now now;
        const Endpoint* endpoint;  // null: no such path
        Seat* seat;                // the key's owner, or null
        bool admitted;             // within the limit
    };
    Visit visit_of(const Request& request, Now now);
    bool admit(const Visit& visit);
    Answer answer(const Visit& visit);
    Answer answer_private(const Visit& visit);
    Answer option_families() const;
    static void record(const Visit& visit, const Answer& answer, const std::optional<Fault>& fault);

    std::vector<Seat> seats_;
    std::vector<std::string> families_;
    std::string region_;
    WindowKind window_kind_;
    // Fixed windows of mass-cancel begin at even seconds of this host's clock as it was at first.
    std::optional<std::chrono::nanoseconds> phase_;
    RequestWindow time_window_;  // witnessed only, never refused
    Faults faults_;
    std::chrono::milliseconds clock_offset_{};
    OrderId last_order_id_ = 0;
};

}  // namespace scram::okxsim
