// Answers that are executed and then told wrong: what a reader of OKX's lists must survive.
#pragma once

#include "tests/exchange/faults.h"
#include "tests/exchange/message.h"

namespace scram::okxsim {

bool is_lie(FaultKind kind);

// The lists of orders that do not exist answer GET /trade/orders-pending; elsewhere they are the
// honest answer.
Answer lie(const Fault& fault, const Request& request, Answer honest);

}  // namespace scram::okxsim
