#include "net/wire/segment.h"

#include <doctest/doctest.h>

#include <numeric>
#include <string>
#include <vector>

using namespace scram;

namespace {

using Bytes = std::vector<unsigned char>;

Bytes bytes_of(std::string_view hex) {
    Bytes bytes;
    for (std::size_t i = 0; i + 1 < hex.size(); i += 2)
        bytes.push_back(
            static_cast<unsigned char>(std::stoi(std::string(hex.substr(i, 2)), nullptr, 16)));
    return bytes;
}

// As Linux sent them, of requests of 450 bytes: headers and the first bytes behind them.
const Bytes veth_v4 = bytes_of(
    "ba8d96bc6745da11bf2169080800450001f6eb9b4000400639640a0000010a000002ac16270f53a26e8cdf465d90"
    "8018003f15eb00000101080ad0e1bbcc42dd69fb78787878");
const Bytes veth_v6 = bytes_of(
    "ba8d96bc6745da11bf21690886dd600bd72101e20640fd000000000000000000000000000001fd00000000000000"
    "00000000000000029cea270faa6c905066219d7f80180040fbec00000101080afe6bb8a08339e81c78787878");

Flow flow_v4() {
    Flow flow;
    flow.local = {10, 0, 0, 1};
    flow.remote = {10, 0, 0, 2};
    flow.local_port = 0xac16;
    flow.remote_port = 9999;
    return flow;
}

Flow flow_v6() {
    Flow flow;
    flow.is_v6 = true;
    flow.local = {0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
    flow.remote = {0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2};
    flow.local_port = 0x9cea;
    flow.remote_port = 9999;
    return flow;
}

auto read_v4(const Bytes& frame) {
    return SegmentHeaders::read(frame, LinkLayer::ethernet, flow_v4());
}

std::uint32_t number_at(std::span<const unsigned char> bytes, std::size_t at, std::size_t size) {
    std::uint32_t number = 0;
    for (std::size_t i = 0; i < size; ++i) number = number << 8 | bytes[at + i];
    return number;
}

// What a receiver finds: 0xffff where a checksum is right.
std::uint32_t sum_of(const Bytes& bytes) {
    return checksum_words(bytes);
}

struct Made {
    Bytes ip, tcp;  // TCP with its pseudo-header
};

Made parts_of(const SegmentHeaders& headers, std::string_view payload) {
    const auto bytes = headers.bytes();
    const std::size_t ip = ethernet_header, tcp = ip + (headers.is_v6() ? 40 : 20);
    Made made;
    made.ip.assign(bytes.begin() + ip, bytes.begin() + static_cast<long>(tcp));
    const std::size_t addresses = headers.is_v6() ? ip + 8 : ip + 12;
    made.tcp.assign(bytes.begin() + static_cast<long>(addresses),
                    bytes.begin() + static_cast<long>(addresses + (headers.is_v6() ? 32 : 8)));
    const std::size_t size = bytes.size() - tcp + payload.size();
    for (const std::size_t word : {std::size_t{6}, size}) {
        made.tcp.push_back(static_cast<unsigned char>(word >> 8));
        made.tcp.push_back(static_cast<unsigned char>(word));
    }
    made.tcp.insert(made.tcp.end(), bytes.begin() + static_cast<long>(tcp), bytes.end());
    made.tcp.insert(made.tcp.end(), payload.begin(), payload.end());
    return made;
}

std::uint32_t words_of(std::string_view text) {
    return checksum_words({reinterpret_cast<const unsigned char*>(text.data()), text.size()});
}

}  // namespace

TEST_CASE("segment: the kernel's own headers are read over either IP") {
    const auto v4 = read_v4(veth_v4);
    REQUIRE(v4);
    CHECK(v4->payload() == 450);
    CHECK(v4->next_sequence() == 0x53a26e8c + 450);
    CHECK(v4->time_stamp() == 0xd0e1bbcc);
    CHECK(v4->bytes().size() == 14 + 20 + 32);
    const auto v6 = SegmentHeaders::read(veth_v6, LinkLayer::ethernet, flow_v6());
    REQUIRE(v6);
    CHECK(v6->payload() == 450);
    CHECK(v6->next_sequence() == 0xaa6c9050 + 450);
    CHECK(v6->bytes().size() == 14 + 40 + 32);
}

TEST_CASE("segment: a device without Ethernet begins with IP") {
    const Bytes frame(veth_v4.begin() + 14, veth_v4.end());
    const auto headers = SegmentHeaders::read(frame, LinkLayer::none, flow_v4());
    REQUIRE(headers);
    CHECK(headers->next_sequence() == 0x53a26e8c + 450);
    CHECK_FALSE(read_v4(frame));
    CHECK_FALSE(SegmentHeaders::read(veth_v4, LinkLayer::none, flow_v4()));
}

TEST_CASE("segment: the next is made with right checksums, whatever it carries and whenever") {
    for (const bool is_v6 : {false, true}) {
        CAPTURE(is_v6);
        auto headers = is_v6 ? SegmentHeaders::read(veth_v6, LinkLayer::ethernet, flow_v6())
                             : read_v4(veth_v4);
        REQUIRE(headers);
        for (std::uint32_t i = 0; i < 300; ++i) {
            const std::string payload(1 + i * 7 % 1046, static_cast<char>(i * 37));
            const std::uint32_t sequence = 0xfffffe00 + i * 450, stamp = 0xffffffe0 + i;
            headers->begin_at(sequence);
            headers->finish(payload.size(), words_of(payload), stamp);
            CHECK(headers->next_sequence() == sequence + payload.size());
            CHECK(headers->time_stamp() == stamp);
            const Made made = parts_of(*headers, payload);
            CHECK(sum_of(made.tcp) == 0xffff);
            if (!is_v6) CHECK(sum_of(made.ip) == 0xffff);
            const std::uint32_t length = number_at(made.ip, is_v6 ? 4 : 2, 2);
            CHECK(length + (is_v6 ? 40 : 0) == made.ip.size() + 32 + payload.size());
        }
    }
}

TEST_CASE("segment: what makes it differ from a plain data segment of the flow is refused") {
    REQUIRE(read_v4(veth_v4));
    struct Change {
        const char* what;
        std::size_t at;
        unsigned char value;
    };
    const Change changes[] = {
        {"a VLAN tag", 12, 0x81},
        {"another version", 14, 0x65},
        {"options of IP", 14, 0x46},
        {"a fragment", 20, 0x60},
        {"its offset", 21, 1},
        {"another protocol", 23, 50},
        {"another source", 29, 9},
        {"another peer", 33, 9},
        {"another port", 35, 1},
        {"its port", 37, 1},
        {"other options", 46, 0x90},
        {"no stamp's option", 54, 5},
        {"SYN", 47, 0x12},
        {"FIN", 47, 0x11},
        {"RST", 47, 0x14},
        {"URG", 47, 0x38},
        {"ECE", 47, 0x58},
        {"no ACK", 47, 0x08},
        {"an urgent pointer", 53, 1},
        {"no payload", 17, 52},
        {"a short length", 17, 10},
        {"a reserved bit", 46, 0x81},
    };
    for (const Change& change : changes) {
        CAPTURE(change.what);
        Bytes frame = veth_v4;
        frame[change.at] = change.value;
        if (change.at == 17) frame[16] = 0;
        CHECK_FALSE(read_v4(frame));
    }
}

TEST_CASE("segment: one that is cut off within its headers is refused") {
    for (std::size_t size = 0; size < 66; ++size) {
        CAPTURE(size);
        CHECK_FALSE(read_v4(Bytes(veth_v4.begin(), veth_v4.begin() + static_cast<long>(size))));
    }
    CHECK(read_v4(Bytes(veth_v4.begin(), veth_v4.begin() + 66)));
}

TEST_CASE("segment: without time stamps its headers are twelve bytes shorter") {
    Bytes frame = veth_v4;
    frame[46] = 0x50;
    const auto headers = read_v4(frame);
    REQUIRE(headers);
    CHECK_FALSE(headers->has_time_stamp());
    CHECK(headers->time_stamp() == 0);
    CHECK(headers->payload() == 462);
    CHECK(headers->bytes().size() == 14 + 20 + 20);
}

TEST_CASE("segment: an odd last byte is the high one of its word") {
    CHECK(checksum_words(bytes_of("0102ff")) == 3);  // 0x10002, folded
    CHECK(checksum_words(bytes_of("ffff0001")) == 1);
    CHECK(checksum_words({}) == 0);
}
