// Records against the RFC's own example and against an opener that shares nothing with the sealer.
#include "net/tls/sealer.h"

#include <doctest/doctest.h>

#include <map>

#include "tests/unit/net/tls/opener.h"

using namespace scram;
using namespace scram::testing;

namespace {

std::string from_hex(std::string_view text) {
    std::string bytes;
    std::string digits;
    for (const char c : text) {
        if (c == ' ') continue;
        digits += c;
        if (digits.size() < 2) continue;
        bytes += static_cast<char>(std::stoi(digits, nullptr, 16));
        digits.clear();
    }
    return bytes;
}

Sealer sealer_of(unsigned suite, const std::string& secret) {
    auto made =
        Sealer::make(suite, {reinterpret_cast<const unsigned char*>(secret.data()), secret.size()});
    REQUIRE(made);
    return std::move(*made);
}

const std::map<unsigned, std::size_t> secret_sizes{{0x1301, 32}, {0x1302, 48}, {0x1303, 32}};

}  // namespace

TEST_CASE("sealer: seals the records of RFC 8448 byte for byte") {
    Sealer sealer = sealer_of(0x1301, from_hex("9e 40 64 6c e7 9a 7f 9d c0 5a f8 88 9b ce 65 52"
                                               "87 5a fa 0b 06 df 00 87 f7 92 eb b7 c1 75 04 a5"));
    std::string text;
    for (char c = 0; c < 50; ++c) text += c;
    SealedRecord record;
    REQUIRE(sealer.seal(text, record));
    CHECK(sealer.spend(record) ==
          from_hex("17 03 03 00 43 a2 3f 70 54 b6 2c 94 d0 af fa fe 82 28 ba 55 cb ef ac ea 42 f9"
                   "14 aa 66 bc ab 3f 2b 98 19 a8 a5 b4 6b 39 5b d5 4a 9a 20 44 1e 2b 62 97 4e 1f"
                   "5a 62 92 a2 97 70 14 bd 1e 3d ea e6 3a ee bb 21 69 49 15 e4"));
    REQUIRE(sealer.seal_goodbye(record));
    CHECK(sealer.spend(record) == from_hex("17 03 03 00 13 c9 87 27 60 65 56 66 b7 4d 7f f1 15 3e"
                                           "fd 6d b6 d0 b0 e3"));
}

TEST_CASE("sealer: any number of candidates for a number, each of which would open") {
    for (const auto& [suite, size] : secret_sizes) {
        CAPTURE(suite);
        const std::string secret(size, 's');
        Sealer sealer = sealer_of(suite, secret);
        const Opener opener(static_cast<int>(suite), secret);
        for (std::uint64_t number = 0; number < 300; ++number) {
            SealedRecord long_one, short_one;
            REQUIRE(sealer.seal("never sent", short_one));
            REQUIRE(sealer.seal(std::string(SealedRecord::request_max, 'l'), long_one));
            const bool send_long = number % 2 == 0;
            const std::string text = send_long ? std::string(SealedRecord::request_max, 'l')
                                               : "number " + std::to_string(number);
            if (!send_long) REQUIRE(sealer.seal(text, short_one));
            const std::string sent(sealer.spend(send_long ? long_one : short_one));
            CHECK(opener.open(sent, number) == Opened{23, text});
            CHECK_FALSE(opener.open(sent, number + 1));
            CHECK_FALSE(sealer.is_next(long_one));
            CHECK_FALSE(sealer.is_next(short_one));
        }
    }
}

TEST_CASE("sealer: a record is the next of its own connection only, even under the same secret") {
    const std::string secret(32, 's');
    Sealer one = sealer_of(0x1301, secret), other = sealer_of(0x1301, secret);
    SealedRecord record;
    CHECK(record.none());
    CHECK_FALSE(one.is_next(record));
    REQUIRE(one.seal("text", record));
    CHECK_FALSE(record.none());
    CHECK(one.is_next(record));
    CHECK_FALSE(other.is_next(record));
    const SealedRecord copy = record;
    one.spend(copy);
    CHECK_FALSE(one.is_next(record));
    CHECK(one.number() == 1);
}

TEST_CASE("sealer: what does not fit is refused and leaves no record") {
    Sealer sealer = sealer_of(0x1303, std::string(32, 's'));
    SealedRecord record;
    REQUIRE(sealer.seal("text", record));
    CHECK_FALSE(sealer.seal(std::string(SealedRecord::request_max + 1, 'x'), record));
    CHECK(record.none());
    CHECK_FALSE(sealer.is_next(record));
}

TEST_CASE("sealer: other suites and secrets of another size are refused") {
    const std::array<unsigned char, 48> secret{};
    for (const unsigned suite : {0x1300u, 0x1304u, 0x1305u, 0xc02fu}) {
        CHECK_FALSE(Sealer::make(suite, std::span(secret).first<32>()));
    }
    for (const auto& [suite, size] : secret_sizes) {
        CHECK(Sealer::make(suite, std::span(secret).first(size)));
        CHECK_FALSE(Sealer::make(suite, std::span(secret).first(size - 1)));
        CHECK_FALSE(Sealer::make(suite, {}));
    }
}
