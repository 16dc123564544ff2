// An HTTP request and its answer as the simulated exchange sees them: text, without sockets.
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace scram::okxsim {

// When a request was fully read. `mono` measures; `wall` is what the exchange's clock shows, since
// 1970 UTC.
struct Now {
    std::chrono::nanoseconds mono{};
    std::chrono::milliseconds wall{};
};

struct Request {
    std::string method;
    std::string target;  // exactly as sent, query included: these bytes are signed
    std::vector<std::pair<std::string, std::string>> headers;  // names in lower case
    std::string body{};
    bool keep_alive = true;
    std::string peer = "127.0.0.1";  // the caller's address

    std::string_view header(std::string_view name) const;  // empty if absent
    std::string_view path() const;
    std::string query(std::string_view name) const;  // percent-decoded, empty if absent
};

struct Answer {
    int status = 200;
    std::string code;  // OKX's code, for the exchange's own log
    std::string body{};
    std::string content_type = "application/json";
    std::string encoding{};  // Content-Encoding
};

}  // namespace scram::okxsim
