#include "core/base/checksum.h"

#include <doctest/doctest.h>

#include <array>

using namespace scram;

TEST_CASE("checksum: each byte, their number and what came before count") {
    std::array<std::byte, 19> bytes{};
    const std::uint64_t zeros = checksum(bytes);
    CHECK(checksum(std::span(bytes).first(18)) != zeros);
    CHECK(checksum(bytes, 1) != zeros);
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        bytes[i] = std::byte{1};
        CHECK(checksum(bytes) != zeros);
        bytes[i] = std::byte{0};
    }
    CHECK(checksum(bytes) == zeros);
}
