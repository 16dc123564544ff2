#include "net/control.h"

#include <sys/socket.h>
#include <unistd.h>

#include <boost/asio/buffer.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/write.hpp>
#include <set>

namespace scram {
namespace asio = boost::asio;
using Descriptor = asio::posix::stream_descriptor;

struct Control::Impl : std::enable_shared_from_this<Impl> {
    struct Client {
        Client(asio::io_context& io, int fd) : descriptor(io, fd), peer(peer_of(fd)) {}
        Descriptor descriptor;
        Peer peer;
        std::string in;
        std::string out;      // waits for the write under way to end
        std::string writing;  // is being written
        bool watching = false;
    };
    using ClientPtr = std::shared_ptr<Client>;

    Impl(asio::io_context& loop, std::string at, ControlHandler& to)
        : io(loop),
          path(std::move(at)),
          handler(to),
          listener(loop, listen_at(path, SOCK_STREAM)) {}

    void accept_next() {
        listener.async_wait(Descriptor::wait_read, [self = shared_from_this()](auto error) {
            if (error || self->stopped) return;
            self->accept_one();
            self->accept_next();
        });
    }

    void accept_one() {
        const int fd =
            accept4(listener.native_handle(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (fd < 0) return;
        if (clients.size() >= control_clients_max) {
            ::close(fd);
            return;
        }
        auto client = std::make_shared<Client>(io, fd);
        clients.insert(client);
        read_next(client);
    }

    void read_next(const ClientPtr& client) {
        asio::async_read_until(client->descriptor,
                               asio::dynamic_buffer(client->in, control_line_max), '\n',
                               [self = shared_from_this(), client](auto error, std::size_t size) {
                                   if (self->stopped) return;
                                   if (error) return self->end(client);
                                   self->on_line(client, size);
                                   self->read_next(client);
                               });
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
        asio::async_write(client->descriptor, asio::buffer(client->writing),
                          [self = shared_from_this(), client](auto error, std::size_t) {
                              if (self->stopped) return;
                              if (error) return self->end(client);
                              client->writing.clear();
                              if (!client->out.empty()) self->write_next(client);
                          });
    }

    void end(const ClientPtr& client) {
        boost::system::error_code ignored;
        client->descriptor.close(ignored);
        clients.erase(client);
    }

    void announce(std::string_view line) {
        const std::set<ClientPtr> now = clients;  // send() may end one
        for (const ClientPtr& client : now) {
            if (client->watching) send(client, line);
        }
    }

    void stop() {
        stopped = true;
        boost::system::error_code ignored;
        listener.close(ignored);
        unlink(path.c_str());
        for (const ClientPtr& client : clients) client->descriptor.close(ignored);
        clients.clear();
    }

    asio::io_context& io;
    std::string path;
    ControlHandler& handler;
    Descriptor listener;
    std::set<ClientPtr> clients;
    bool stopped = false;
};

Control::Control(asio::io_context& io, std::string path, ControlHandler& handler)
    : impl_(std::make_shared<Impl>(io, std::move(path), handler)) {
    impl_->accept_next();
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
