// What the kernel gives back of a sent packet, by way of the parser that makes the next frame of
// it.
#include <algorithm>

#include "core/base/check.h"
#include "net/wire/segment.h"
#include "tests/fuzz/input.h"

using namespace scram;

namespace {

// By the rule of RFC 9293: the checksum over a segment that bears it is all ones.
void check_sums(const SegmentHeaders& headers, std::size_t ip,
                std::span<const unsigned char> payload) {
    const auto bytes = headers.bytes();
    const std::size_t tcp = ip + (headers.is_v6() ? 40 : 20);
    const std::size_t size = bytes.size() - tcp + payload.size();
    const auto addresses =
        bytes.subspan(headers.is_v6() ? ip + 8 : ip + 12, headers.is_v6() ? 32 : 8);
    std::uint64_t sum = std::uint64_t{checksum_words(addresses)} + 6 + size +
                        checksum_words(bytes.subspan(tcp)) + checksum_words(payload);
    while (sum >> 16 != 0) sum = (sum & 0xffff) + (sum >> 16);
    check(sum == 0xffff, "TCP's checksum is right");
    check(headers.is_v6() || checksum_words(bytes.subspan(ip, 20)) == 0xffff,
          "IP's checksum is right");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 2) return 0;
    const LinkLayer link = (data[0] & 1) != 0 ? LinkLayer::ethernet : LinkLayer::none;
    const std::size_t ip = link == LinkLayer::ethernet ? ethernet_header : 0;
    const std::span<const unsigned char> frame(data + 1, size - 1);
    Flow flow;
    flow.is_v6 = (data[0] & 2) != 0;
    // Its own addresses and ports, so that most get by that.
    const std::size_t source = ip + (flow.is_v6 ? 8 : 12), address = flow.is_v6 ? 16 : 4;
    const std::size_t ports = ip + (flow.is_v6 ? 40 : 20);
    if (frame.size() >= ports + 4) {
        std::copy_n(frame.begin() + static_cast<long>(source), address, flow.local.begin());
        std::copy_n(frame.begin() + static_cast<long>(source + address), address,
                    flow.remote.begin());
        flow.local_port = static_cast<std::uint16_t>(frame[ports] << 8 | frame[ports + 1]);
        flow.remote_port = static_cast<std::uint16_t>(frame[ports + 2] << 8 | frame[ports + 3]);
    }
    auto headers = SegmentHeaders::read(frame, link, flow);
    if (!headers) return 0;
    check(headers->bytes().size() <= frame.size(), "what was not there is not read");
    check(headers->payload() > 0, "a model carries something");
    const auto payload = frame.subspan(headers->bytes().size());
    headers->begin_at(headers->next_sequence());
    headers->finish(payload.size(), checksum_words(payload), headers->time_stamp() + 1);
    check_sums(*headers, ip, payload);
    return 0;
}
