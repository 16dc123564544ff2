#include "daemon/common/boot_id.h"

#include <charconv>
#include <string>

#include "config/plain_file.h"

namespace scram {

std::array<std::uint8_t, 16> boot_id() {
    std::array<std::uint8_t, 16> id{};
    const UniqueFd file = open_to_read("/proc/sys/kernel/random/boot_id");
    std::string digits(64, '\0');
    if (!file || !read_full(file, digits)) return id;
    std::erase_if(digits, [](char c) { return c == '-' || c == '\n'; });
    if (digits.size() != 2 * id.size()) return {};
    for (std::size_t i = 0; i < id.size(); ++i) {
        const char* at = &digits[2 * i];
        if (std::from_chars(at, at + 2, id[i], 16).ptr != at + 2) return {};
    }
    return id;
}

}  // namespace scram
