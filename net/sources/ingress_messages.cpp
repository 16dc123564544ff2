#include "net/sources/ingress_messages.h"

#include <sys/socket.h>
#include <sys/uio.h>

#include <array>
#include <cstring>

namespace scram {
namespace {

constexpr std::size_t fds_max = 2;

}  // namespace

std::optional<std::string_view> name_of(const scram_signal& request) {
    const std::size_t size = strnlen(request.name, sizeof request.name);
    if (size == 0 || size == sizeof request.name) return std::nullopt;
    return std::string_view(request.name, size);
}

scram_signal answer_of(scram_kind kind) {
    scram_signal answer{};
    answer.version = SCRAM_VERSION;
    answer.kind = static_cast<std::uint8_t>(kind);
    return answer;
}

void send_message(int socket, const scram_signal& record, std::string_view text,
                  std::span<const int> fds) {
    scram_signal copy = record;
    text = text.substr(0, SCRAM_TEXT_MAX);
    iovec parts[2] = {{&copy, sizeof copy}, {const_cast<char*>(text.data()), text.size()}};
    alignas(cmsghdr) std::array<char, CMSG_SPACE(fds_max * sizeof(int))> ancillary{};
    msghdr message{};
    message.msg_iov = parts;
    message.msg_iovlen = text.empty() ? 1 : 2;
    if (!fds.empty()) {
        message.msg_control = ancillary.data();
        message.msg_controllen = CMSG_SPACE(fds.size_bytes());
        cmsghdr* header = CMSG_FIRSTHDR(&message);
        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_RIGHTS;
        header->cmsg_len = CMSG_LEN(fds.size_bytes());
        std::memcpy(CMSG_DATA(header), fds.data(), fds.size_bytes());
    }
    (void)sendmsg(socket, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
}

}  // namespace scram
