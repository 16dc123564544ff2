// What was refused at both doors, and to whom: counted by kind for the status, and told in the log,
// the first of a kind at once, the others once a minute.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "config/config.h"
#include "core/base/time.h"
#include "daemon/log/logger.h"
#include "net/unix/socket.h"

namespace scram {

enum class RefusedKind : std::uint8_t {
    // A right that is missing, in the order of Right.
    publish,
    read,
    trip,
    rearm,
    admin,
    source,            // a source that the config does not have, is others', or is attached already
    request,           // a line that is no request
    rate_limit,        // more than one user may ask for in a row
    connection_limit,  // net/unix/socket.h from here on
    idle_timeout,
    slow_reader,
    long_line,
    protocol_error,
    revoked,
    no_descriptor,
};
inline constexpr std::size_t refused_kind_count = 15;
std::string_view name(RefusedKind kind);

class Refusals {
  public:
    explicit Refusals(Logger& logger) : logger_(logger) {}

    void count(RefusedKind kind, const Peer& peer);
    void count(Right right, const Peer& peer) { count(static_cast<RefusedKind>(right), peer); }
    void count(Rejection why, const Peer& peer);

    // {"total":3,"publish":0,...,"last":{"kind":"trip","uid":1000,"pid":7,"ms_ago":12}}
    std::string json(Time now) const;

  private:
    struct Last {
        RefusedKind kind{};
        pid_t pid = -1;
        uid_t uid = 0;
        Time at{};
    };
    Logger& logger_;
    std::array<std::uint64_t, refused_kind_count> counts_{};
    Last last_;
};

}  // namespace scram
