// The headers of a TCP segment, as the frame of a device carries them: those of the last segment
// that the kernel sent on a connection, and, made after them, those of the next (RFC 9293, 3.1;
// RFC 791; RFC 8200). Bytes in, bytes out.
//
// The next segment of a connection that is idle differs from the last in its sequence number, its
// time stamp (RFC 7323), its length and its checksums. Its acknowledgement stays the last one's,
// which is behind by what came since: a receiver takes a segment with an old acknowledgement as it
// takes one that was overtaken on the way (RFC 9293, 3.10.7.4; RFC 5961, 5).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace scram {

// What a device puts in front of IP.
enum class LinkLayer : std::uint8_t { none, ethernet };
inline constexpr std::size_t ethernet_header = 14;

// A connection as its packets name it. An IPv4 address is the first four bytes; ports are numbers.
struct Flow {
    bool is_v6 = false;
    std::array<unsigned char, 16> local{};
    std::array<unsigned char, 16> remote{};
    std::uint16_t local_port = 0;
    std::uint16_t remote_port = 0;

    bool operator==(const Flow&) const = default;
};

// The sum of 16-bit words that Internet checksums are made of (RFC 1071), not yet complemented. A
// last odd byte counts as the high one of its word.
std::uint32_t checksum_words(std::span<const unsigned char> bytes);

class SegmentHeaders {
  public:
    static constexpr std::size_t size_max = ethernet_header + 40 + 32;

    // Of a frame that was sent on `flow` with at least one byte of payload; what follows the
    // headers may be cut off. None: it is no plain data segment of that flow. Plain is: no VLAN
    // tag, IP option, extension header or fragment; of TCP's flags ACK and PSH; of its options the
    // time stamp alone, or none.
    static std::optional<SegmentHeaders> read(std::span<const unsigned char> frame, LinkLayer link,
                                              const Flow& flow);

    std::span<const unsigned char> bytes() const { return {bytes_.data(), size_}; }
    bool is_v6() const { return is_v6_; }
    std::size_t payload() const { return payload_; }
    // Of the byte behind its payload.
    std::uint32_t next_sequence() const;
    // Of the sender, in milliseconds as its kernel counts them; 0 without that option.
    std::uint32_t time_stamp() const;
    bool has_time_stamp() const { return has_time_stamp_; }

    // Makes them the headers of the segment that begins at `sequence`.
    void begin_at(std::uint32_t sequence);
    // ... and carries `payload` bytes whose checksum_words() are `words`, sent when the kernel's
    // clock shows `time_stamp`. The fast half: no loop over bytes.
    void finish(std::size_t payload, std::uint32_t words, std::uint32_t time_stamp);

  private:
    std::optional<std::size_t> read_ipv4(const Flow& flow) const;
    std::optional<std::size_t> read_ipv6(const Flow& flow) const;
    bool read_tcp(const Flow& flow, std::size_t size);
    bool says(std::size_t at, std::span<const unsigned char> bytes) const;
    void put_16(std::size_t at, std::uint16_t value);
    void put_32(std::size_t at, std::uint32_t value);
    std::uint16_t get_16(std::size_t at) const;
    std::uint32_t get_32(std::size_t at) const;
    std::size_t tcp_size() const { return size_ - tcp_; }

    std::array<unsigned char, size_max> bytes_{};
    std::uint16_t size_ = 0;
    std::uint16_t ip_ = 0;   // where IP's header begins ...
    std::uint16_t tcp_ = 0;  // ... and TCP's
    std::uint16_t payload_ = 0;
    bool is_v6_ = false;
    bool has_time_stamp_ = false;
    // Of what finish() leaves as it is.
    std::uint32_t ip_words_ = 0;
    std::uint32_t tcp_words_ = 0;
};

}  // namespace scram
