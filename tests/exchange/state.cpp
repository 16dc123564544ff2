#include "tests/exchange/state.h"

#include <fmt/format.h>

#include <algorithm>

#include "tests/exchange/codes.h"

namespace scram::okxsim {
namespace {

// "A,B,C" of a range whose elements `show` turns into JSON.
template <class Range, class Show>
std::string joined(const Range& range, Show show) {
    std::string text;
    for (const auto& element : range) text += (text.empty() ? "" : ",") + show(element);
    return text;
}

std::string family_json(const Book::Family& family, Now now) {
    const auto left = std::max(family.locked_until - now.mono, std::chrono::nanoseconds::zero());
    return fmt::format(R"({{"mmp":{},"plain":{},"mass_cancelled":{},"lock_left_ms":{}}})",
                       family.mmp, family.plain, family.mass_cancelled,
                       std::chrono::ceil<std::chrono::milliseconds>(left).count());
}

std::string record_json(const CancelRecord& record) {
    return fmt::format(
        R"({{"at_ms":{},"mono_ns":{},"instFamily":{},"lockInterval":{},"code":{},"fault":{},)"
        R"("age_ms":{}}})",
        record.arrival.wall.count(), record.arrival.mono.count(), json_string(record.family),
        json_string(record.lock), json_string(record.code), json_string(record.fault),
        record.age ? fmt::format("{}", record.age->count()) : "null");
}

std::string cancels_json(const Seat& seat) {
    const Cancels& cancels = seat.cancels;
    return fmt::format(
        R"({{"requests":{},"accepted":{},"codes":{{{}}},"window_max_sliding":{},)"
        R"("window_max_fixed":{},"log":[{}]}})",
        cancels.requests, cancels.accepted,
        joined(cancels.codes,
               [](const auto& entry) {
                   return fmt::format("{}:{}", json_string(entry.first), entry.second);
               }),
        seat.window.sliding_max(), seat.window.fixed_max(), joined(cancels.log, record_json));
}

std::string calls_json(const Seat& seat) {
    return joined(seat.calls, [](const auto& entry) {
        return fmt::format(
            "{}:{{{}}}", json_string(entry.first), joined(entry.second, [](const auto& counted) {
                return fmt::format("{}:{}", json_string(counted.first), counted.second);
            }));
    });
}

std::string timers_json(const Seat& seat, Now now) {
    return joined(seat.deadman.timers(), [&](const auto& entry) {
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(entry.second - now.mono);
        return fmt::format("{}:{}", json_string(entry.first), left.count());
    });
}

std::string seat_json(const Seat& seat, Now now) {
    const auto families = joined(seat.book.families(), [&](const auto& entry) {
        return fmt::format("{}:{}", json_string(entry.first), family_json(entry.second, now));
    });
    return fmt::format(R"({}:{{"families":{{{}}},"mass_cancel":{},"calls":{{{}}},)"
                       R"("deadman_left_ms":{{{}}},"deadman_fired":{}}})",
                       json_string(seat.account.name), families, cancels_json(seat),
                       calls_json(seat), timers_json(seat, now), seat.deadman_fired);
}

}  // namespace

std::string state_json(const Exchange& exchange, const WireCounts& wire, Now now) {
    return fmt::format(
        R"({{"now_ms":{},"connections":{},"connections_total":{},"handshakes_failed":{},)"
        R"("time":{{"window_max_sliding":{},"window_max_fixed":{}}},"accounts":{{{}}}}})",
        exchange.clock(now).count(), wire.open, wire.total, wire.handshakes_failed,
        exchange.time_window().sliding_max(), exchange.time_window().fixed_max(),
        joined(exchange.seats(), [&](const Seat& seat) { return seat_json(seat, now); }));
}

}  // namespace scram::okxsim
