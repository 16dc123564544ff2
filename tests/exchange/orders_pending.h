// GET /api/v5/trade/orders-pending: the account's resting orders, newest first.
#pragma once

#include <string>

#include "tests/exchange/book.h"
#include "tests/exchange/message.h"

namespace scram::okxsim {

// A JSON array. Filters of the query: instType, instFamily, instId, ordType (a comma list), after
// (older than this ordId), limit (at most 100).
std::string pending_orders_json(const Book& book, const Request& request);

}  // namespace scram::okxsim
