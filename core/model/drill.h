// A drill: a trip by an operator whose reason begins so, for people and programs alike.
#pragma once

#include <string_view>

namespace scram {

inline constexpr std::string_view drill_prefix = "drill: ";

inline bool is_drill(std::string_view operators_name, std::string_view reason) {
    return !operators_name.empty() && reason.starts_with(drill_prefix);
}

}  // namespace scram
