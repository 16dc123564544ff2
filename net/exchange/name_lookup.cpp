#include "net/exchange/name_lookup.h"

#include <netdb.h>

#include <boost/asio/post.hpp>
#include <map>
#include <mutex>
#include <utility>

#include "net/background.h"

namespace scram {
namespace {

// Whoever answers for the name server decides how many there are, and the loop sorts them.
constexpr std::size_t found_max = 256;

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
    for (const addrinfo* at = list; at != nullptr && answer.found.size() < found_max;
         at = at->ai_next) {
        if (at->ai_family != AF_INET && at->ai_family != AF_INET6) continue;
        answer.found.push_back(endpoint_of(*at));
    }
    freeaddrinfo(list);
    return answer;
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
    void take(const Answer& answer) {
        const std::lock_guard lock(mutex);
        if (io == nullptr) return;
        boost::asio::post(*io, [self = shared_from_this(), answer] {
            self->asking = false;
            if (self->found) self->found(answer.error, answer.found);
        });
    }
};

// Of one name. Never destroyed: its thread may outlast everything.
class NameLookup::Resolver {
  public:
    static Resolver& of(const std::string& host, const std::string& port) {
        static auto* const all = new std::map<std::string, std::unique_ptr<Resolver>>;
        static std::mutex mutex;
        const std::lock_guard lock(mutex);
        auto& its = (*all)[host + ":" + port];
        if (!its) its = std::make_unique<Resolver>();
        return *its;
    }

    // False: there is no thread for it.
    bool ask(const std::shared_ptr<Query>& query) {
        const std::lock_guard lock(mutex_);
        if (asked_.empty() && !background_.run([this] { run(); })) return false;
        asked_.push_back(query);
        return true;
    }

  private:
    void run() {
        std::vector<std::shared_ptr<Query>> asked;
        {
            const std::lock_guard lock(mutex_);
            asked.swap(asked_);
        }
        const Answer answer = look_up(asked.front()->host, asked.front()->port);
        for (const auto& query : asked) query->take(answer);
    }

    Background background_;
    std::mutex mutex_;
    std::vector<std::shared_ptr<Query>> asked_;  // not looked up yet
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
    query_->asking = Resolver::of(query_->host, query_->port).ask(query_);
}

}  // namespace scram
