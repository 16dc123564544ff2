#include "daemon/control/refusals.h"

#include <numeric>

#include "daemon/common/json.h"
#include "daemon/log/line.h"
#include "net/clock.h"

namespace scram {
namespace {

constexpr Duration told_every = 60s;

constexpr RefusedKind kind_of(Rejection why) {
    switch (why) {
        case Rejection::connection_limit:
            return RefusedKind::connection_limit;
        case Rejection::idle_timeout:
            return RefusedKind::idle_timeout;
        case Rejection::slow_reader:
            return RefusedKind::slow_reader;
        case Rejection::long_line:
            return RefusedKind::long_line;
        case Rejection::protocol_error:
            return RefusedKind::protocol_error;
        case Rejection::revoked:
            return RefusedKind::revoked;
        case Rejection::no_descriptor:
            return RefusedKind::no_descriptor;
    }
    return RefusedKind::protocol_error;
}

static_assert(static_cast<int>(RefusedKind::publish) == static_cast<int>(Right::publish) &&
              static_cast<int>(RefusedKind::admin) == static_cast<int>(Right::admin));

}  // namespace

std::string_view name(RefusedKind kind) {
    switch (kind) {
        case RefusedKind::publish:
        case RefusedKind::read:
        case RefusedKind::trip:
        case RefusedKind::rearm:
        case RefusedKind::admin:
            return name(static_cast<Right>(kind));
        case RefusedKind::source:
            return "source";
        case RefusedKind::request:
            return "request";
        case RefusedKind::rate_limit:
            return "rate_limit";
        case RefusedKind::connection_limit:
            return "connection_limit";
        case RefusedKind::idle_timeout:
            return "idle_timeout";
        case RefusedKind::slow_reader:
            return "slow_reader";
        case RefusedKind::long_line:
            return "long_line";
        case RefusedKind::protocol_error:
            return "protocol_error";
        case RefusedKind::revoked:
            return "revoked";
        case RefusedKind::no_descriptor:
            return "no_descriptor";
    }
    return "?";
}

void Refusals::count(RefusedKind kind, const Peer& peer) {
    const Time now = monotonic_now();
    ++counts_[static_cast<std::size_t>(kind)];
    last_ = {kind, peer.pid, peer.uid, now};
    const std::string line = LogLine(LogEvent::refused)
                                 .add("kind", name(kind))
                                 .add("uid", peer.uid)
                                 .add("pid", peer.pid)
                                 .text();
    logger_.say_often({log_kind(LogEvent::refused), static_cast<std::uint64_t>(kind)}, told_every,
                      4, line, now);
}

void Refusals::count(Rejection why, const Peer& peer) {
    count(kind_of(why), peer);
}

std::string Refusals::json(Time now) const {
    JsonObject out;
    out.add("total", std::accumulate(counts_.begin(), counts_.end(), std::uint64_t{0}));
    for (std::size_t kind = 0; kind < counts_.size(); ++kind)
        out.add(name(static_cast<RefusedKind>(kind)), counts_[kind]);
    if (last_.at == Time{}) return out.text();
    return out
        .add_raw("last", JsonObject()
                             .add("kind", name(last_.kind))
                             .add("uid", last_.uid)
                             .add("pid", last_.pid)
                             .add("ms_ago", (now - last_.at) / 1ms)
                             .text())
        .text();
}

}  // namespace scram
