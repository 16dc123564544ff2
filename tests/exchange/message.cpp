#include "tests/exchange/message.h"

#include <charconv>

namespace scram::okxsim {
namespace {

std::string percent_decoded(std::string_view text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        unsigned value = 0;
        const char* hex = text.data() + i + 1;
        if (text[i] == '%' && i + 2 < text.size() &&
            std::from_chars(hex, hex + 2, value, 16).ptr == hex + 2) {
            out += static_cast<char>(value);
            i += 2;
        } else {
            out += text[i];
        }
    }
    return out;
}

}  // namespace

std::string_view Request::header(std::string_view name) const {
    for (const auto& [field, value] : headers) {
        if (field == name) return value;
    }
    return {};
}

std::string_view Request::path() const {
    return std::string_view(target).substr(0, target.find('?'));
}

std::string Request::query(std::string_view name) const {
    std::string_view rest = std::string_view(target).substr(path().size());
    while (!rest.empty()) {
        rest.remove_prefix(1);  // '?' or '&'
        const std::string_view pair = rest.substr(0, rest.find('&'));
        rest.remove_prefix(pair.size());
        const auto equals = pair.find('=');
        if (equals != pair.npos && pair.substr(0, equals) == name) {
            return percent_decoded(pair.substr(equals + 1));
        }
    }
    return {};
}

}  // namespace scram::okxsim
