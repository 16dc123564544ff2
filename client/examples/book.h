// One family of the sample maker: the options it quotes, the market they live in (a seeded random
// walk) and the position that fills have left. A contract is one coin here, to keep the numbers
// readable.
#pragma once

#include <chrono>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "client/examples/black_scholes.h"

namespace scram::sample {

struct Contract {
    std::string id;  // BTC-USD-261225-60000-C
    Option option;
    double position = 0;  // contracts, negative if short
};

struct Quote {
    std::size_t contract = 0;
    bool buy = true;
    std::string order_id = {};  // empty: nothing rests
    double price = 0;           // USD
};

struct Risk {
    double delta = 0;  // coins
    double gamma = 0;  // coins per 1 % of spot
    double vega = 0;   // USD per vol point
    double theta = 0;  // USD per day
    double pnl = 0;    // USD since start
};

class Book {
  public:
    Book(std::string family, std::chrono::sys_days today, std::uint64_t seed);

    void walk(double seconds, double drift);  // drift: the logarithm's rise per second
    void reprice(Quote& quote) const;
    std::string coin_price(const Quote& quote) const;  // as the exchange takes it
    void fill(const Quote& quote, double size);
    void hedge();  // trades the future until delta is 0
    Risk risk() const;
    // How much delta a fill of one contract would add.
    double delta_of(const Quote& quote) const;

    const std::string& family() const { return family_; }
    const std::vector<Contract>& contracts() const { return contracts_; }
    std::vector<Quote>& quotes() { return quotes_; }
    std::mt19937_64& random() { return random_; }

  private:
    void list_contracts(std::chrono::sys_days expiry, double years);
    Greeks greeks(const Contract& contract) const;

    std::string family_;
    double first_spot_;
    double spot_ = first_spot_;
    double futures_ = 0;  // coins
    double cash_ = 0;     // USD
    std::vector<Contract> contracts_;
    std::vector<Quote> quotes_;
    std::mt19937_64 random_;
};

}  // namespace scram::sample
