#include "daemon/scramd/sd_notify.h"

#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <charconv>
#include <cstdlib>
#include <cstring>

namespace scram {
namespace {

std::optional<std::int64_t> number_in(const char* variable) {
    const char* text = std::getenv(variable);
    if (text == nullptr) return std::nullopt;
    std::int64_t number = 0;
    const char* end = text + std::strlen(text);
    const auto result = std::from_chars(text, end, number);
    if (result.ec != std::errc{} || result.ptr != end || number <= 0) return std::nullopt;
    return number;
}

}  // namespace

std::optional<Duration> asked_watchdog() {
    const auto pid = number_in("WATCHDOG_PID");
    if (pid && *pid != getpid()) return std::nullopt;
    const auto interval = number_in("WATCHDOG_USEC");
    if (!interval) return std::nullopt;
    return std::chrono::microseconds{*interval};
}

ServiceManager::ServiceManager() : watchdog_(asked_watchdog()) {
    const char* address = std::getenv("NOTIFY_SOCKET");
    if (address == nullptr || std::strlen(address) >= sizeof(sockaddr_un::sun_path)) return;
    address_ = address;
    socket_.reset(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
}

void ServiceManager::ready(std::string_view status) {
    send(fmt::format("READY=1\nSTATUS={}\n", status));
}

void ServiceManager::status(std::string_view status) {
    send(fmt::format("STATUS={}\n", status));
}

void ServiceManager::watchdog() {
    send("WATCHDOG=1\n");
}

void ServiceManager::reloading(Time now) {
    send(fmt::format("RELOADING=1\nMONOTONIC_USEC={}\n", ns_of(now) / 1000));
}

void ServiceManager::stopping() {
    send("STOPPING=1\nSTATUS=stopping\n");
}

void ServiceManager::send(std::string_view message) {
    if (!socket_) return;
    sockaddr_un to{};
    to.sun_family = AF_UNIX;
    std::memcpy(to.sun_path, address_.data(), address_.size());
    if (to.sun_path[0] == '@') to.sun_path[0] = '\0';  // the abstract namespace
    const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + address_.size());
    (void)sendto(socket_.get(), message.data(), message.size(), MSG_NOSIGNAL,
                 reinterpret_cast<const sockaddr*>(&to), size);
}

}  // namespace scram
