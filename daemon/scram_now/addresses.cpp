#include "daemon/scram_now/addresses.h"

#include <netdb.h>

#include <algorithm>
#include <condition_variable>
#include <cstring>
#include <mutex>
#include <thread>

#include "daemon/scram_now/clock.h"

namespace scram {
namespace {

std::vector<NowAddress> resolve(const std::string& host, const std::string& port,
                                std::string& failure) {
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = AI_NUMERICSERV;
    addrinfo* found = nullptr;
    const int error = getaddrinfo(host.c_str(), port.c_str(), &hints, &found);
    failure = error == 0 ? "" : gai_strerror(error);
    std::vector<NowAddress> addresses;
    for (const addrinfo* at = error == 0 ? found : nullptr; at != nullptr; at = at->ai_next) {
        NowAddress& address = addresses.emplace_back();
        address.size = at->ai_addrlen;
        std::memcpy(&address.bytes, at->ai_addr, at->ai_addrlen);
    }
    if (found != nullptr) freeaddrinfo(found);
    return addresses;
}

}  // namespace

struct NowAddresses::State {
    std::string host, port;
    std::mutex mutex;
    std::condition_variable_any changed;
    bool asking = false;
    std::vector<NowAddress> known;
    std::string failure = "no answer in time";

    // The old addresses are kept if the name server has none now.
    void ask() {
        std::string why;
        auto found = resolve(host, port, why);
        const std::lock_guard lock(mutex);
        asking = false;
        if (!found.empty()) known = std::move(found);
        failure = std::move(why);
        changed.notify_all();
    }
};

NowAddresses::NowAddresses(std::string host, std::uint16_t port)
    : state_(std::make_shared<State>()) {
    state_->host = std::move(host);
    state_->port = std::to_string(port);
}

void NowAddresses::refresh() {
    const std::lock_guard lock(state_->mutex);
    if (state_->asking) return;
    state_->asking = true;
    std::thread([state = state_] { state->ask(); }).detach();
}

std::vector<NowAddress> NowAddresses::get(Time deadline, std::stop_token stop) {
    std::unique_lock lock(state_->mutex);
    state_->changed.wait_until(lock, stop, steady(deadline),
                               [this] { return !state_->known.empty() || !state_->asking; });
    return state_->known;
}

std::string NowAddresses::why_none() const {
    const std::lock_guard lock(state_->mutex);
    return "the name cannot be resolved: " + state_->failure;
}

}  // namespace scram
