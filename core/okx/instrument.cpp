#include "core/okx/instrument.h"

#include <algorithm>

namespace scram {
namespace {

constexpr std::size_t expiry_size = 6;  // YYMMDD

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

bool is_digits(std::string_view text) {
    return !text.empty() && std::all_of(text.begin(), text.end(), is_digit);
}

// 60000, 0.5
bool is_strike(std::string_view text) {
    const std::size_t point = text.find('.');
    if (point == std::string_view::npos) return is_digits(text);
    return is_digits(text.substr(0, point)) && is_digits(text.substr(point + 1));
}

// What stands before the next dash; that dash goes with it.
std::string_view take_part(std::string_view& text) {
    const std::size_t dash = std::min(text.find('-'), text.size());
    const std::string_view part = text.substr(0, dash);
    text.remove_prefix(std::min(dash + 1, text.size()));
    return part;
}

}  // namespace

bool is_option_of(std::string_view instrument, std::string_view inst_family) {
    const bool is_its = instrument.size() <= instrument_name_max && !inst_family.empty() &&
                        instrument.starts_with(inst_family) &&
                        instrument.substr(inst_family.size()).starts_with('-');
    if (!is_its) return false;
    std::string_view rest = instrument.substr(inst_family.size() + 1);
    const std::string_view expiry = take_part(rest), strike = take_part(rest);
    return expiry.size() == expiry_size && is_digits(expiry) && is_strike(strike) &&
           (rest == "C" || rest == "P");
}

}  // namespace scram
