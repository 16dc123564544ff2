#include "core/base/validity.h"

#include <algorithm>

#include "core/base/iso_time.h"

namespace scram {
namespace {

// To the minute: a reason that does not change is told once. What a peer's certificate says may be
// any year.
std::string text_of(std::int64_t seconds) {
    const std::int64_t told = std::clamp<std::int64_t>(seconds, 0, timestamp_max.value / 1000);
    const TimestampText text = timestamp_text(WallMillis{told * 1000});
    std::string out(text.data(), text.size() - 8);  // without ":57.000Z"
    out.push_back('Z');
    return out;
}

bool holds(const RefusedValidity& refused, std::int64_t at) {
    return refused.early ? at >= refused.bound : at <= refused.bound;
}

const char* advice(const RefusedValidity& refused, std::optional<std::int64_t> exchange) {
    if (exchange && holds(refused, *exchange))
        return refused.early ? ": this host's clock is behind, set it"
                             : ": this host's clock is ahead, set it";
    if (exchange)
        return refused.early ? ", by the exchange's clock neither: its owner must replace it"
                             : ", by the exchange's clock too: its owner must renew it";
    return refused.early ? ": set this host's clock if it is behind, else its owner must replace it"
                         : ": set this host's clock if it is ahead, else its owner must renew it";
}

}  // namespace

// What to do comes first: a long line of the log may be cut.
std::string validity_text(const RefusedValidity& refused, std::optional<WallMillis> exchange) {
    std::optional<std::int64_t> at;
    if (exchange) at = exchange->value / 1000;
    return advice(refused, at) +
           ((refused.early ? " (valid from " : " (valid until ") + text_of(refused.bound)) +
           "; this host's clock says " + text_of(refused.judged) +
           (at ? ", the exchange's " + text_of(*at) : std::string()) + ")";
}

}  // namespace scram
