// What the status page is told as: whether a breach would fire, and whether scramd is there at all.
// A state is told once it has lasted; one that is over before that never was.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/names.h"
#include "core/base/time.h"
#include "core/notice/notice.h"

namespace scram {

// How scramd is, as far as its page says.
enum class Guard : std::uint8_t {
    unknown,  // nothing was told yet
    ready,    // a breach would fire at once
    late,     // it would fire, if late
    unready,  // it would cancel nothing
    hangs,    // scramd does not move
    gone,     // it crashed or was killed
    ended,    // in order
    missing,  // there is no page that could be believed
};
inline constexpr std::array<std::string_view, 8> guard_names = {
    "unknown", "ready", "late", "unready", "hangs", "gone", "ended", "missing"};
static_assert(names_all<Guard>(guard_names));
inline std::string_view name(Guard guard) {
    return name_in(guard_names, guard);
}

// One look at the page.
struct GuardLook {
    Guard guard = Guard::missing;
    std::string why;                   // reasons, or what is wrong with the page; may be empty
    std::vector<std::string> codes{};  // `reason_code` of each reason
};

class PageNotices {
  public:
    // `told`: what was told last, also before a restart. `lasts`: how long a state must.
    PageNotices(Guard told, Duration lasts) : told_(told), seen_(told), lasts_(lasts) {}

    // `now` is CLOCK_MONOTONIC, `wall_ms` the same moment since 1970.
    void take(const GuardLook& look, Time now, std::int64_t wall_ms, Notices& out);
    Guard told() const { return told_; }

  private:
    Guard told_;
    Guard seen_;
    Duration lasts_;
    Time since_{};
    std::int64_t since_wall_ms_ = 0;
};

}  // namespace scram
