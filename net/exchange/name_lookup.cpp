#include "net/exchange/name_lookup.h"

#include <netdb.h>

#include <boost/asio/post.hpp>
#include <mutex>
#include <utility>

#include "net/background.h"

namespace scram {
namespace {

struct Answer {
    std::string error;
    std::vector<Endpoint> found;
};

Endpoint endpoint_of(const addrinfo& info) {
    Endpoint endpoint;
    endpoint.resize(info.ai_addrlen);
    std::copy_n(reinterpret_cast<const char*>(info.ai_addr), info.ai_addrlen,
                reinterpret_cast<char*>(endpoint.data()));
    return endpoint;
}

Answer look_up(const std::string& host, const std::string& port) {
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = AI_ADDRCONFIG | AI_NUMERICSERV;
    addrinfo* list = nullptr;
    Answer answer;
    if (const int error = getaddrinfo(host.c_str(), port.c_str(), &hints, &list)) {
        answer.error = gai_strerror(error);
        return answer;
    }
    for (const addrinfo* at = list; at != nullptr; at = at->ai_next) {
        if (at->ai_family != AF_INET && at->ai_family != AF_INET6) continue;
        answer.found.push_back(endpoint_of(*at));
    }
    freeaddrinfo(list);
    return answer;
}

// Never destroyed: its thread may outlast everything.
Background& background() {
    static auto* const one = new Background;
    return *one;
}

}  // namespace

struct NameLookup::Query : std::enable_shared_from_this<Query> {
    const std::string host, port;
    Found found;          // of the loop's thread, as the next
    bool asking = false;  // an answer is due
    std::mutex mutex;
    boost::asio::io_context* io;  // null: nobody wants to know any more

    Query(boost::asio::io_context& loop, std::string name, std::uint16_t number, Found then)
        : host(std::move(name)), port(std::to_string(number)), found(std::move(then)), io(&loop) {}

    // In the background.
    void run() {
        Answer answer = look_up(host, port);
        const std::lock_guard lock(mutex);
        if (io == nullptr) return;
        boost::asio::post(*io, [self = shared_from_this(), answer = std::move(answer)] {
            self->asking = false;
            if (self->found) self->found(answer.error, answer.found);
        });
    }
};

NameLookup::NameLookup(boost::asio::io_context& io, std::string host, std::uint16_t port,
                       Found found)
    : query_(std::make_shared<Query>(io, std::move(host), port, std::move(found))) {}

NameLookup::~NameLookup() {
    const std::lock_guard lock(query_->mutex);
    query_->io = nullptr;
    query_->found = nullptr;
}

void NameLookup::ask() {
    if (std::exchange(query_->asking, true)) return;
    query_->asking = background().run([query = query_] { query->run(); });
}

}  // namespace scram
