#include "net/operators/control_server.h"

#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <list>
#include <utility>

#include "net/clock.h"
#include "net/unix/acceptor.h"

namespace scram {
namespace asio = boost::asio;
using Protocol = asio::local::stream_protocol;

struct ControlServer::Impl : std::enable_shared_from_this<Impl> {
    struct Client {
        Client(asio::io_context& io, int fd, Time now)
            : socket(io, Protocol(), fd), peer(peer_of(fd)), since(now) {}
        Protocol::socket socket;
        Peer peer;
        Time since;
        Time writing_since{};
        std::string in;
        std::string out;      // waits for the write under way to end
        std::string writing;  // is being written
        bool stranger = false;
        bool granted = false;
        bool watching = false;
        bool answering = false;  // reads on once all is written
        bool ends = false;       // once all is written
        bool end_is_watched = false;
        std::shared_ptr<void> awaits;  // the outcome that it is to be told
    };
    using ClientPtr = std::shared_ptr<Client>;

    Impl(asio::io_context& loop, Listener listener, ControlHandler& to)
        : io(loop),
          handler(to),
          door(
              loop, std::move(listener), [this](int fd) { on_connection(fd); },
              [this] { tell_exhausted(); }),
          patience_timer(loop) {}

    // ---- Who comes and stays --------------------------------------------------------------------

    void on_connection(int fd) {
        const auto client = std::make_shared<Client>(io, fd, monotonic_now());
        client->stranger = !handler.holds_a_right(client->peer);
        make_room_for(*client);
        clients.push_back(client);
        if (clients.size() == 1) watch_patience();
        read_next(client);
    }

    void tell_exhausted() {
        std::vector<const Peer*> peers;
        for (const ClientPtr& client : clients) peers.push_back(&client->peer);
        const Peer* most = of_most_frequent_user(peers);
        if (most != nullptr) handler.on_turned_away(*most, Rejection::no_descriptor);
    }

    void make_room_for(const Client& newcomer) {
        const auto of_its_group = [&newcomer](const Client& other) {
            if (newcomer.stranger || other.stranger) return newcomer.stranger && other.stranger;
            return newcomer.peer.uid == other.peer.uid;
        };
        if (count_if(of_its_group) >= control_group_max) send_away_one(of_its_group);
        if (clients.size() >= clients_max) send_away_one([](const Client&) { return true; });
    }

    template <class Test>
    std::size_t count_if(Test test) const {
        return static_cast<std::size_t>(std::count_if(
            clients.begin(), clients.end(), [&](const ClientPtr& one) { return test(*one); }));
    }

    template <class Test>
    void send_away_one(Test test) {
        const auto find = [&](bool busy_too) {
            return std::find_if(clients.begin(), clients.end(), [&](const ClientPtr& one) {
                return test(*one) && (busy_too || (!one->watching && !one->awaits));
            });
        };
        const auto idle = find(false);
        turn_away(ClientPtr(idle != clients.end() ? *idle : *find(true)),
                  Rejection::connection_limit);
    }

    void watch_patience() {
        patience_timer.expires_after(1s);
        patience_timer.async_wait([self = shared_from_this()](auto error) {
            if (error || self->stopped) return;
            self->end_the_slow();
            if (!self->clients.empty()) self->watch_patience();
        });
    }

    void end_the_slow() {
        const Time too_old = monotonic_now() - control_patience;
        const std::list<ClientPtr> now = clients;  // turn_away() removes one
        for (const ClientPtr& client : now) {
            if (!client->writing.empty() && client->writing_since < too_old) {
                turn_away(client, Rejection::slow_reader);
            } else if (!client->granted && client->since < too_old) {
                turn_away(client, Rejection::idle_timeout);
            }
        }
    }

    void check_rights() {
        const std::list<ClientPtr> now = clients;  // turn_away() removes one
        for (const ClientPtr& client : now) {
            client->stranger = !handler.holds_a_right(client->peer);
            const bool may_stay = client->watching ? handler.may_watch(client->peer)
                                                   : !(client->granted && client->stranger);
            if (!may_stay) revoke(client);
        }
    }

    // Told why behind what is on its way already: the reload has just been announced.
    void revoke(const ClientPtr& client) {
        client->watching = false;
        client->ends = true;
        send(client, handler.on_turned_away(client->peer, Rejection::revoked));
    }

    // Told why, if its socket takes that at once and nothing else is on its way.
    void turn_away(const ClientPtr& client, Rejection why) {
        const std::string last = handler.on_turned_away(client->peer, why) + "\n";
        if (client->writing.empty())
            (void)::send(client->socket.native_handle(), last.data(), last.size(),
                         MSG_NOSIGNAL | MSG_DONTWAIT);
        end(client);
    }

    void end(const ClientPtr& client) {
        boost::system::error_code ignored;
        client->socket.close(ignored);
        client->awaits.reset();
        clients.remove(client);
    }

    // ---- Lines ----------------------------------------------------------------------------------

    void read_next(const ClientPtr& client) {
        asio::async_read_until(client->socket, asio::dynamic_buffer(client->in, control_line_max),
                               '\n',
                               [self = shared_from_this(), client](auto error, std::size_t size) {
                                   if (self->stopped || !client->socket.is_open()) return;
                                   if (error == asio::error::not_found)
                                       return self->refuse_long_line(client);
                                   if (error) return self->end(client);
                                   self->on_line(client, size);
                               });
    }

    void refuse_long_line(const ClientPtr& client) {
        client->ends = true;
        send(client, handler.on_turned_away(client->peer, Rejection::long_line));
    }

    // The next line is read when the answer to this one has left: who asks without reading waits.
    void on_line(const ClientPtr& client, std::size_t size) {
        const std::string line = client->in.substr(0, size - 1);
        client->in.erase(0, size);
        const ControlReply reply = handler.on_line(client->peer, line);
        client->granted = client->granted || reply.granted;
        client->watching = client->watching || reply.watch;
        if (reply.later) return reply.later(answer_of(client));
        if (!reply.outcome) return answer(client, reply.line);
        send(client, reply.line);
        if (!client->socket.is_open()) return;
        client->awaits = reply.outcome(answer_of(client));
        watch_end(client);
    }

    void answer(const ClientPtr& client, std::string_view line) {
        client->awaits.reset();
        client->answering = true;
        send(client, line);
    }

    ControlAnswer answer_of(const ClientPtr& its) {
        return [self = weak_from_this(), its = std::weak_ptr(its)](std::string_view line) {
            const auto here = self.lock();
            const auto client = its.lock();
            if (!here || here->stopped || !client || !client->socket.is_open()) return;
            here->answer(client, line);
        };
    }

    // Who awaits an outcome is not read from: that it has gone is told by the hang-up alone, which
    // a peer that merely says no more does not cause.
    void watch_end(const ClientPtr& client) {
        if (std::exchange(client->end_is_watched, true)) return;
        client->socket.async_wait(Protocol::socket::wait_error,
                                  [self = shared_from_this(), client](auto error) {
                                      client->end_is_watched = false;
                                      if (error || self->stopped || !client->socket.is_open())
                                          return;
                                      if (client->awaits) self->end(client);
                                  });
    }

    void send(const ClientPtr& client, std::string_view line) {
        if (client->out.size() + line.size() > control_backlog_max)
            return turn_away(client, Rejection::slow_reader);
        client->out.append(line).append("\n");
        if (client->writing.empty()) write_next(client);
    }

    void write_next(const ClientPtr& client) {
        client->writing.swap(client->out);
        client->writing_since = monotonic_now();
        asio::async_write(client->socket, asio::buffer(client->writing),
                          [self = shared_from_this(), client](auto error, std::size_t) {
                              if (self->stopped || !client->socket.is_open()) return;
                              if (error) return self->end(client);
                              client->writing.clear();
                              if (!client->out.empty()) return self->write_next(client);
                              if (client->ends) return self->end(client);
                              if (std::exchange(client->answering, false)) self->read_next(client);
                          });
    }

    void announce(std::string_view line) {
        const std::list<ClientPtr> now = clients;  // send() may end one
        for (const ClientPtr& client : now) {
            if (client->watching) send(client, line);
        }
    }

    void stop() {
        stopped = true;
        boost::system::error_code ignored;
        door.close();
        patience_timer.cancel();
        for (const ClientPtr& client : clients) {
            client->socket.close(ignored);
            client->awaits.reset();
        }
        clients.clear();
    }

    asio::io_context& io;
    ControlHandler& handler;
    Acceptor door;
    asio::steady_timer patience_timer;
    const std::size_t clients_max = share_of_descriptors(control_clients_max);
    std::list<ClientPtr> clients;  // the one longest there first
    bool stopped = false;
};

ControlServer::ControlServer(asio::io_context& io, Listener listener, ControlHandler& handler)
    : impl_(std::make_shared<Impl>(io, std::move(listener), handler)) {}

void ControlServer::start() {
    impl_->door.open();
}

std::string ControlServer::restore_socket() {
    return impl_->door.restore();
}

ControlServer::~ControlServer() {
    if (!impl_->stopped) impl_->stop();
}

bool ControlServer::watched() const {
    for (const auto& client : impl_->clients) {
        if (client->watching) return true;
    }
    return false;
}

void ControlServer::announce(std::string_view line) {
    impl_->announce(line);
}

void ControlServer::check_rights() {
    impl_->check_rights();
}

void ControlServer::stop() {
    impl_->stop();
}

}  // namespace scram
