// Fields of the status, as a metric or the page wants them: what is missing is not known.
#pragma once

#include <optional>
#include <string_view>

#include "daemon/common/json_fields.h"

namespace scram {

inline std::optional<double> known(simdjson::dom::element object, std::string_view key) {
    double number = 0;
    if (object[key].get(number) == simdjson::SUCCESS) return number;
    bool flag = false;
    if (object[key].get(flag) == simdjson::SUCCESS) return flag ? 1 : 0;
    return std::nullopt;
}

// In another unit: known(link, "round_trip_us", micro) is in seconds.
inline constexpr double milli = 1e3, micro = 1e6, nano = 1e9;  // of them in a second
inline std::optional<double> known(simdjson::dom::element object, std::string_view key,
                                   double per_unit) {
    const auto number = known(object, key);
    if (!number) return std::nullopt;
    return *number / per_unit;
}

inline std::optional<simdjson::dom::element> part(simdjson::dom::element object,
                                                  std::string_view key) {
    simdjson::dom::element found;
    if (object[key].get(found) != simdjson::SUCCESS || !found.is_object()) return std::nullopt;
    return found;
}

}  // namespace scram
