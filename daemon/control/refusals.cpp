#include "daemon/control/refusals.h"

#include <iterator>
#include <numeric>

#include "daemon/common/json.h"
#include "daemon/log/line.h"
#include "net/clock.h"

namespace scram {
namespace {

constexpr Duration told_every = 60s;

// From here on in the order of Rejection.
constexpr RefusedKind kind_of(Rejection why) {
    return static_cast<RefusedKind>(static_cast<int>(RefusedKind::connection_limit) +
                                    static_cast<int>(why));
}
static_assert(kind_of(Rejection::connection_limit) == RefusedKind::connection_limit &&
              kind_of(Rejection::idle_timeout) == RefusedKind::idle_timeout &&
              kind_of(Rejection::slow_reader) == RefusedKind::slow_reader &&
              kind_of(Rejection::long_line) == RefusedKind::long_line &&
              kind_of(Rejection::protocol_error) == RefusedKind::protocol_error &&
              kind_of(Rejection::revoked) == RefusedKind::revoked &&
              kind_of(Rejection::no_descriptor) == RefusedKind::no_descriptor);

constexpr std::string_view refused_names[] = {
    "source",      "request",   "rate_limit",     "connection_limit", "idle_timeout",
    "slow_reader", "long_line", "protocol_error", "revoked",          "no_descriptor"};
static_assert(right_count + std::size(refused_names) == refused_kind_count);

static_assert(static_cast<int>(RefusedKind::publish) == static_cast<int>(Right::publish) &&
              static_cast<int>(RefusedKind::admin) == static_cast<int>(Right::admin));

}  // namespace

std::string_view name(RefusedKind kind) {
    const auto place = static_cast<std::size_t>(kind);
    if (place < right_count) return name(static_cast<Right>(kind));
    return place - right_count < std::size(refused_names) ? refused_names[place - right_count]
                                                          : "?";
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
