#include "tests/exchange/server.h"

#include "tests/exchange/session.h"

namespace scram::okxsim {

struct Server::Impl {
    tcp::acceptor acceptor;
    asio::ssl::context* tls;
    Handler handler;
    std::shared_ptr<Connections> connections = std::make_shared<Connections>();

    static asio::awaitable<void> accept_all(std::shared_ptr<Impl> self) {
        while (self->acceptor.is_open()) {
            auto [error, socket] = co_await self->acceptor.async_accept(quietly);
            if (!error) self->begin(std::move(socket));
        }
    }

    void begin(tcp::socket socket) {
        boost::system::error_code ignored;
        socket.set_option(tcp::no_delay(true), ignored);
        if (tls) {
            begin_session(TlsStream(std::move(socket), *tls));
        } else {
            begin_session(std::move(socket));
        }
    }

    template <class Stream>
    void begin_session(Stream stream) {
        std::make_shared<Session<Stream>>(std::move(stream), connections, handler)->start();
    }
};

Server::Server(asio::io_context& io, const tcp::endpoint& endpoint, asio::ssl::context* tls,
               Handler handler)
    : impl_(new Impl{tcp::acceptor(io, endpoint), tls, std::move(handler)}) {
    asio::co_spawn(io, Impl::accept_all(impl_), asio::detached);
}

Server::~Server() {
    boost::system::error_code ignored;
    impl_->acceptor.close(ignored);
}

unsigned Server::port() const {
    return impl_->acceptor.local_endpoint().port();
}

WireCounts Server::counts() const {
    WireCounts counts = impl_->connections->counts;
    counts.open = impl_->connections->open.size();
    return counts;
}

void Server::drop_all() {
    for (Connection* connection : impl_->connections->greeting) connection->reset();
    for (Connection* connection : impl_->connections->open) connection->reset();
}

}  // namespace scram::okxsim
