// OKX's codes: the HTTP status, the message and the shape of the body that go with each.
#pragma once

#include <string>
#include <string_view>

#include "tests/exchange/message.h"

namespace scram::okxsim {

int http_status(std::string_view code);
std::string_view message(std::string_view code);

// The gateway (codes 501xx, 50011) answers {"msg","code"} without data; what lies behind it answers
// {"code","data":[],"msg"}.
Answer refuse(std::string_view code);
Answer refuse(std::string_view code, std::string_view message);

// {"code":"0","msg":"","data":DATA}
Answer succeed(std::string_view data);

std::string json_string(std::string_view text);  // a JSON string

}  // namespace scram::okxsim
