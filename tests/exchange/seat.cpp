#include "tests/exchange/seat.h"

#include <algorithm>
#include <utility>

namespace scram::okxsim {

void Cancels::add(CancelRecord record, bool executed) {
    ++requests;
    ++codes[record.code];
    if (executed && record.code == "0") ++confirmed;
    log.push_back(std::move(record));
    if (log.size() > log_max) log.pop_front();
}

void Seat::settle(std::chrono::nanoseconds now, std::chrono::nanoseconds early) {
    while (const auto due = deadman.take(now + early)) {
        ++deadman_fired;
        const auto at = std::min(due->at, now);
        book.settle(at);
        book.sweep(due->tag, at, std::chrono::milliseconds(account.sweep_ms));
    }
    book.settle(now, early);
}

bool Seat::key_lives(std::chrono::nanoseconds now) const {
    return !account.ages() ||
           now - key_used_at < std::chrono::milliseconds(account.key_lifetime_ms);
}

bool Seat::admit(std::string_view what, Limit limit, Now now, WindowKind kind, int weight) {
    const auto at = windows.try_emplace(std::string(what), limit).first;
    return at->second.admit(now.mono, kind, weight);
}

}  // namespace scram::okxsim
