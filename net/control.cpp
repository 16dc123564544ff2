#include "net/control.h"

#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/write.hpp>
#include <list>

#include "net/door.h"

namespace scram {
namespace asio = boost::asio;
using Protocol = asio::local::stream_protocol;

struct Control::Impl : std::enable_shared_from_this<Impl> {
    struct Client {
        Client(asio::io_context& io, int fd) : socket(io, Protocol(), fd), peer(peer_of(fd)) {}
        Protocol::socket socket;
        Peer peer;
        std::string in;
        std::string out;      // waits for the write under way to end
        std::string writing;  // is being written
        bool watching = false;
        bool ends = false;  // once all is written
    };
    using ClientPtr = std::shared_ptr<Client>;

    Impl(asio::io_context& loop, Listener listener, ControlHandler& to)
        : io(loop),
          handler(to),
          door(loop, std::move(listener), [this](int fd) { on_connection(fd); }) {}

    void on_connection(int fd) {
        if (clients.size() >= control_clients_max) make_room();
        clients.push_back(std::make_shared<Client>(io, fd));
        read_next(clients.back());
    }

    void make_room() {
        const auto idle = std::find_if(clients.begin(), clients.end(),
                                       [](const ClientPtr& client) { return !client->watching; });
        end(ClientPtr(idle != clients.end() ? *idle : clients.front()));
    }

    void read_next(const ClientPtr& client) {
        asio::async_read_until(client->socket, asio::dynamic_buffer(client->in, control_line_max),
                               '\n',
                               [self = shared_from_this(), client](auto error, std::size_t size) {
                                   if (self->stopped) return;
                                   if (error == asio::error::not_found)
                                       return self->refuse_long_line(client);
                                   if (error) return self->end(client);
                                   self->on_line(client, size);
                                   self->read_next(client);
                               });
    }

    void refuse_long_line(const ClientPtr& client) {
        client->ends = true;
        send(client, handler.on_long_line());
    }

    void on_line(const ClientPtr& client, std::size_t size) {
        const std::string line = client->in.substr(0, size - 1);
        client->in.erase(0, size);
        ControlReply reply = handler.on_line(client->peer, line);
        client->watching = client->watching || reply.watch;
        send(client, reply.line);
    }

    void send(const ClientPtr& client, std::string_view line) {
        if (client->out.size() + line.size() > control_backlog_max) return end(client);
        client->out.append(line).append("\n");
        if (client->writing.empty()) write_next(client);
    }

    void write_next(const ClientPtr& client) {
        client->writing.swap(client->out);
        asio::async_write(client->socket, asio::buffer(client->writing),
                          [self = shared_from_this(), client](auto error, std::size_t) {
                              if (self->stopped) return;
                              if (error) return self->end(client);
                              client->writing.clear();
                              if (!client->out.empty()) return self->write_next(client);
                              if (client->ends) self->end(client);
                          });
    }

    void end(const ClientPtr& client) {
        boost::system::error_code ignored;
        client->socket.close(ignored);
        clients.remove(client);
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
        for (const ClientPtr& client : clients) client->socket.close(ignored);
        clients.clear();
    }

    asio::io_context& io;
    ControlHandler& handler;
    Door door;
    std::list<ClientPtr> clients;  // the one longest there first
    bool stopped = false;
};

Control::Control(asio::io_context& io, Listener listener, ControlHandler& handler)
    : impl_(std::make_shared<Impl>(io, std::move(listener), handler)) {}

void Control::start() {
    impl_->door.open();
}

Control::~Control() {
    if (!impl_->stopped) impl_->stop();
}

bool Control::watched() const {
    for (const auto& client : impl_->clients) {
        if (client->watching) return true;
    }
    return false;
}

void Control::announce(std::string_view line) {
    impl_->announce(line);
}

void Control::stop() {
    impl_->stop();
}

}  // namespace scram
