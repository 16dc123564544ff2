#include "core/base/iso_time.h"

#include <string_view>

namespace scram {
namespace {

void put_digits(char* to, int digits, std::int64_t value) {
    for (int i = digits; i-- > 0; value /= 10) to[i] = static_cast<char>('0' + value % 10);
}

}  // namespace

TimestampText timestamp_text(WallMillis t) {
    using namespace std::chrono;
    const sys_time<milliseconds> instant{milliseconds{t.value}};
    const auto day = floor<days>(instant);
    const year_month_day date{day};
    const hh_mm_ss clock{instant - day};
    TimestampText out;
    constexpr std::string_view pattern = "0000-00-00T00:00:00.000Z";
    pattern.copy(out.data(), out.size());
    put_digits(&out[0], 4, int{date.year()});
    put_digits(&out[5], 2, unsigned{date.month()});
    put_digits(&out[8], 2, unsigned{date.day()});
    put_digits(&out[11], 2, clock.hours().count());
    put_digits(&out[14], 2, clock.minutes().count());
    put_digits(&out[17], 2, clock.seconds().count());
    put_digits(&out[20], 3, clock.subseconds().count());
    return out;
}

}  // namespace scram
