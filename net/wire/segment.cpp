#include "net/wire/segment.h"

#include <algorithm>

#include "core/base/kill_path.h"

namespace scram {
namespace {

// Offsets within a header, and what stands there.
namespace ethernet {
constexpr std::size_t type = 12;
constexpr std::uint16_t ipv4 = 0x0800, ipv6 = 0x86dd;
}  // namespace ethernet

namespace ip4 {
constexpr std::size_t size = 20, total = 2, fragment = 6, protocol = 9, checksum = 10, source = 12,
                      destination = 16, address = 4;
constexpr unsigned char no_options = 0x45;  // version 4, a header of five words
constexpr std::uint16_t dont_fragment = 0x4000;
}  // namespace ip4

namespace ip6 {
constexpr std::size_t size = 40, payload = 4, protocol = 6, source = 8, destination = 24,
                      address = 16;
}  // namespace ip6

namespace tcp {
constexpr unsigned char number = 6;
constexpr std::size_t size = 20, source = 0, destination = 2, sequence = 4, offset = 12, flags = 13,
                      checksum = 16, urgent = 18, options = 20, stamp = 24;
constexpr std::size_t with_stamp = 32;
constexpr unsigned char ack = 0x10, push = 0x08;
constexpr std::array<unsigned char, 4> stamp_option{1, 1, 8, 10};  // two of no operation, then it
}  // namespace tcp

std::uint16_t fold(std::uint64_t words) {
    while (words >> 16 != 0) words = (words & 0xffff) + (words >> 16);
    return static_cast<std::uint16_t>(words);
}

std::uint32_t words_of(std::uint32_t value) {
    return (value >> 16) + (value & 0xffff);
}

}  // namespace

std::uint32_t checksum_words(std::span<const unsigned char> bytes) {
    std::uint64_t words = 0;
    std::size_t at = 0;
    for (; at + 1 < bytes.size(); at += 2)
        words += static_cast<std::uint32_t>(bytes[at] << 8 | bytes[at + 1]);
    if (at < bytes.size()) words += static_cast<std::uint32_t>(bytes[at] << 8);
    return fold(words);
}

std::uint16_t SegmentHeaders::get_16(std::size_t at) const {
    return static_cast<std::uint16_t>(bytes_[at] << 8 | bytes_[at + 1]);
}

std::uint32_t SegmentHeaders::get_32(std::size_t at) const {
    return static_cast<std::uint32_t>(get_16(at)) << 16 | get_16(at + 2);
}

void SegmentHeaders::put_16(std::size_t at, std::uint16_t value) {
    bytes_[at] = static_cast<unsigned char>(value >> 8);
    bytes_[at + 1] = static_cast<unsigned char>(value);
}

void SegmentHeaders::put_32(std::size_t at, std::uint32_t value) {
    put_16(at, static_cast<std::uint16_t>(value >> 16));
    put_16(at + 2, static_cast<std::uint16_t>(value));
}

std::optional<SegmentHeaders> SegmentHeaders::read(std::span<const unsigned char> frame,
                                                   LinkLayer link, const Flow& flow) {
    SegmentHeaders its;
    its.is_v6_ = flow.is_v6;
    its.ip_ = link == LinkLayer::ethernet ? ethernet_header : 0;
    its.tcp_ = static_cast<std::uint16_t>(its.ip_ + (flow.is_v6 ? ip6::size : ip4::size));
    if (frame.size() < its.tcp_ + tcp::size) return std::nullopt;
    its.size_ = static_cast<std::uint16_t>(std::min(frame.size(), size_max));
    std::copy_n(frame.begin(), its.size_, its.bytes_.begin());
    if (link == LinkLayer::ethernet &&
        its.get_16(ethernet::type) != (flow.is_v6 ? ethernet::ipv6 : ethernet::ipv4)) {
        return std::nullopt;
    }
    const auto behind_ip = flow.is_v6 ? its.read_ipv6(flow) : its.read_ipv4(flow);
    if (!behind_ip || !its.read_tcp(flow, *behind_ip)) return std::nullopt;
    return its;
}

bool SegmentHeaders::says(std::size_t at, std::span<const unsigned char> bytes) const {
    return std::equal(bytes.begin(), bytes.end(), bytes_.begin() + static_cast<long>(at));
}

// How many bytes are TCP's, by IP's own length.
std::optional<std::size_t> SegmentHeaders::read_ipv4(const Flow& flow) const {
    const std::size_t total = get_16(ip_ + ip4::total);
    const bool is_plain = bytes_[ip_] == ip4::no_options &&
                          bytes_[ip_ + ip4::protocol] == tcp::number &&
                          (get_16(ip_ + ip4::fragment) & ~ip4::dont_fragment) == 0;
    const bool is_its = says(ip_ + ip4::source, std::span(flow.local).first(ip4::address)) &&
                        says(ip_ + ip4::destination, std::span(flow.remote).first(ip4::address));
    if (!is_plain || !is_its || total < ip4::size) return std::nullopt;
    return total - ip4::size;
}

std::optional<std::size_t> SegmentHeaders::read_ipv6(const Flow& flow) const {
    const bool is_plain = bytes_[ip_] >> 4 == 6 && bytes_[ip_ + ip6::protocol] == tcp::number;
    const bool is_its =
        says(ip_ + ip6::source, flow.local) && says(ip_ + ip6::destination, flow.remote);
    if (!is_plain || !is_its) return std::nullopt;
    return get_16(ip_ + ip6::payload);
}

bool SegmentHeaders::read_tcp(const Flow& flow, std::size_t size) {
    const std::size_t header = static_cast<std::size_t>(bytes_[tcp_ + tcp::offset] >> 4) * 4;
    has_time_stamp_ = header == tcp::with_stamp;
    if (header != tcp::size && !has_time_stamp_) return false;
    if (size_ < tcp_ + header || size <= header) return false;
    if (has_time_stamp_ && !says(tcp_ + tcp::options, tcp::stamp_option)) return false;
    size_ = static_cast<std::uint16_t>(tcp_ + header);
    payload_ = static_cast<std::uint16_t>(size - header);
    return get_16(tcp_ + tcp::source) == flow.local_port &&
           get_16(tcp_ + tcp::destination) == flow.remote_port &&
           (bytes_[tcp_ + tcp::offset] & 0x0f) == 0 && get_16(tcp_ + tcp::urgent) == 0 &&
           (bytes_[tcp_ + tcp::flags] & ~tcp::push) == tcp::ack;
}

std::uint32_t SegmentHeaders::next_sequence() const {
    return get_32(tcp_ + tcp::sequence) + payload_;
}

std::uint32_t SegmentHeaders::time_stamp() const {
    return has_time_stamp_ ? get_32(tcp_ + tcp::stamp) : 0;
}

void SegmentHeaders::begin_at(std::uint32_t sequence) {
    put_32(tcp_ + tcp::sequence, sequence);
    bytes_[tcp_ + tcp::flags] = tcp::ack | tcp::push;
    if (!is_v6_) {
        put_16(ip_ + ip4::total, 0);
        put_16(ip_ + ip4::checksum, 0);
        ip_words_ = checksum_words({bytes_.data() + ip_, ip4::size});
    }
    put_16(tcp_ + tcp::checksum, 0);
    if (has_time_stamp_) put_32(tcp_ + tcp::stamp, 0);
    const std::size_t source = ip_ + (is_v6_ ? ip6::source : ip4::source);
    const std::size_t addresses = 2 * (is_v6_ ? ip6::address : ip4::address);
    tcp_words_ = checksum_words({bytes_.data() + tcp_, tcp_size()}) +
                 checksum_words({bytes_.data() + source, addresses}) + tcp::number;
}

SCRAM_KILL_PATH void SegmentHeaders::finish(std::size_t payload, std::uint32_t words,
                                            std::uint32_t time_stamp) {
    const auto segment = static_cast<std::uint32_t>(tcp_size() + payload);
    std::uint64_t sum = std::uint64_t{tcp_words_} + words + segment;
    if (has_time_stamp_) {
        put_32(tcp_ + tcp::stamp, time_stamp);
        sum += words_of(time_stamp);
    }
    put_16(tcp_ + tcp::checksum, static_cast<std::uint16_t>(~fold(sum)));
    if (is_v6_) {
        put_16(ip_ + ip6::payload, static_cast<std::uint16_t>(segment));
    } else {
        const auto total = static_cast<std::uint32_t>(ip4::size + segment);
        put_16(ip_ + ip4::total, static_cast<std::uint16_t>(total));
        put_16(ip_ + ip4::checksum,
               static_cast<std::uint16_t>(~fold(std::uint64_t{ip_words_} + total)));
    }
    payload_ = static_cast<std::uint16_t>(payload);
}

}  // namespace scram
