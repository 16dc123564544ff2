// The names of an enum's values, in an array beside the enum. All of them, no more and no fewer:
//
//     inline constexpr std::array<std::string_view, 2> switch_names = {"off", "on"};
//     static_assert(names_all<Position>(switch_names));
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

namespace scram {

// Compilers write a value that the enum has not as a cast.
template <class Enum, Enum value>
constexpr bool is_value_of() {
    const std::string_view function = __PRETTY_FUNCTION__;
    return function.substr(function.rfind("value = ")).find('(') == std::string_view::npos;
}

// Of an enum that counts from 0 without a gap.
template <class Enum, std::size_t N>
consteval bool names_all(const std::array<std::string_view, N>& names) {
    for (const std::string_view name : names) {
        if (name.empty()) return false;
    }
    return is_value_of<Enum, static_cast<Enum>(N - 1)>() &&
           !is_value_of<Enum, static_cast<Enum>(N)>();
}

// Of a byte that came from outside as well: one that is no value has no name.
template <class Enum, std::size_t N>
constexpr std::string_view name_in(const std::array<std::string_view, N>& names, Enum value) {
    const auto i = static_cast<std::size_t>(value);
    return i < N ? names[i] : "?";
}

}  // namespace scram
