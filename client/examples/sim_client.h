// The maker's side of okxsim, the exchange simulator: places, cancels and fills orders through its
// admin port. Plain HTTP on loopback, one request at a time.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace scram::sample {

struct NewOrder {
    std::string instrument;
    bool buy = true;
    std::string price;
    int size = 1;
};

struct Placed {
    std::string order_id;  // empty: refused
    std::string refusal;   // "54008: ...": why
};

class SimClient {
  public:
    // `address` is HOST:PORT.
    SimClient(std::string address, std::string account);
    ~SimClient();

    // One result per order, in their order; all refused if the simulator could not be asked.
    std::vector<Placed> place(std::span<const NewOrder> orders);
    bool cancel(std::span<const std::string> order_ids);
    bool cancel_family(std::string_view family);
    // False: no such order rests any more.
    bool fill(std::string_view order_id, int size);

    const std::string& error() const;  // why the last call that failed did so

  private:
    std::optional<std::string> post(std::string_view target, std::string body);

    struct Connection;
    std::unique_ptr<Connection> connection_;
    std::string account_;
};

}  // namespace scram::sample
