// One HTTP request to a receiver, and what that says. Everything is bounded: the time of the whole,
// and of the answer its head, which is all that is read.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <string>
#include <vector>

#include "core/base/time.h"
#include "daemon/scram_notify/config.h"
#include "net/exchange/endpoints.h"

namespace scram {

struct PostResult {
    enum class What : std::uint8_t {
        taken,    // 2xx
        later,    // to be tried again: no answer, 408, 429, 5xx
        refused,  // the receiver does not want it: any other answer; redirects are not followed
    };
    What what = What::later;
    std::string said;        // "answered 503"; never a part of the URL, nor of the answer's body
    Duration retry_after{};  // as the receiver asks for; 0: it does not
};

inline constexpr Duration retry_after_max = 300s;

// Of an answer's status and its Retry-After, which may be empty.
PostResult result_of(unsigned status, std::string_view retry_after);

// `body` is JSON; `id` the notice's, for receivers that drop what comes twice.
boost::asio::awaitable<PostResult> post_to(const Receiver& to, std::vector<Endpoint> addresses,
                                           std::string body, std::string id);

}  // namespace scram
