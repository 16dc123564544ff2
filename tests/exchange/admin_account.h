// POST /sim/account: another permission, address list, mode or region for one account.
#pragma once

#include <string>

#include "tests/exchange/message.h"
#include "tests/exchange/seat.h"

namespace scram::okxsim {

Answer change_account(Seat& seat, const std::string& body, Now now);

}  // namespace scram::okxsim
