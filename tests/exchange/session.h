// One connection. Reading runs ahead of writing, so that a request's arrival is known at once even
// while an earlier answer is being delayed.
#pragma once

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/string.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <chrono>
#include <deque>
#include <memory>
#include <set>
#include <utility>

#include "tests/exchange/server.h"

namespace scram::okxsim {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using asio::ip::tcp;
using TlsStream = asio::ssl::stream<tcp::socket>;

inline constexpr auto quietly = asio::as_tuple(asio::use_awaitable);  // errors as values

inline constexpr std::uint64_t body_bytes_max = 1U << 20U;
inline constexpr std::size_t answers_waiting_max = 1024;
inline constexpr std::chrono::seconds close_wait_max{1};

class Connection {
  public:
    virtual ~Connection() = default;
    virtual void reset() = 0;
};

// All connections of one port; outlives the server while sessions end.
struct Connections {
    std::set<Connection*> open;
    std::set<Connection*> greeting;  // handshake under way
    WireCounts counts;
};

inline char lower(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
}

inline Request request_from(http::request<http::string_body>&& message) {
    Request request;
    request.method = message.method_string();
    request.target = message.target();
    request.keep_alive = message.keep_alive();
    for (const auto& field : message) {
        std::string name = field.name_string();
        std::ranges::transform(name, name.begin(), lower);
        request.headers.emplace_back(std::move(name), field.value());
    }
    request.body = std::move(message.body());
    return request;
}

template <class Stream>
class Session final : public Connection, public std::enable_shared_from_this<Session<Stream>> {
  public:
    Session(Stream stream, std::shared_ptr<Connections> connections, const Handler& handler)
        : stream_(std::move(stream)),
          wake_(stream_.get_executor()),
          connections_(std::move(connections)),
          handler_(handler) {
        connections_->greeting.insert(this);
    }

    ~Session() override {
        connections_->greeting.erase(this);
        connections_->open.erase(this);
    }

    void start() { asio::co_spawn(stream_.get_executor(), run(this->shared_from_this()), rethrow); }

    void reset() override {
        boost::system::error_code ignored;
        socket().set_option(tcp::socket::linger(true, 0), ignored);
        close();
    }

  private:
    using Self = std::shared_ptr<Session>;  // held by each coroutine
    using Clock = std::chrono::steady_clock;

    struct Waiting {
        Delivery delivery;
        Clock::time_point due;
    };

    // A bug in a handler must end the program, not one connection.
    static void rethrow(const std::exception_ptr& error) {
        if (error) std::rethrow_exception(error);
    }

    asio::awaitable<void> run(Self self) {
        const bool greeted = co_await greet();
        connections_->greeting.erase(this);
        if (!greeted) {
            ++connections_->counts.handshakes_failed;
            co_return;
        }
        connections_->open.insert(this);
        ++connections_->counts.total;
        asio::co_spawn(stream_.get_executor(), write_all(self), rethrow);
        co_await read_all();
        reading_ = false;
        wake_.cancel();
    }

    asio::awaitable<bool> greet() {
        if constexpr (std::is_same_v<Stream, TlsStream>) {
            auto [error] = co_await stream_.async_handshake(TlsStream::server, quietly);
            co_return !error;
        }
        co_return true;
    }

    asio::awaitable<void> read_all() {
        boost::beast::flat_buffer buffer;
        while (waiting_.size() < answers_waiting_max) {
            http::request_parser<http::string_body> parser;
            parser.body_limit(body_bytes_max);
            auto [error, size] = co_await http::async_read(stream_, buffer, parser, quietly);
            if (error) co_return end_reading(error);
            Request request = request_from(parser.release());
            request.peer = peer();
            Delivery delivery = handler_(request);
            const bool last = delivery.ending != Ending::keep && delivery.ending != Ending::mute;
            enqueue(std::move(delivery));
            if (last) co_return;  // what was sent behind it is not served
        }
        reset();
    }

    // A peer that has said goodbye still gets the answers that it waits for.
    void end_reading(const boost::system::error_code& error) {
        if (error == http::error::end_of_stream) return;
        if (error.category() != make_error_code(http::error::bad_method).category()) return close();
        const int status = error == http::error::body_limit ? 413 : 400;
        enqueue(deliver({.status = status, .code = {}, .body = "{}"}, false));
    }

    void enqueue(Delivery delivery) {
        const auto due = Clock::now() + delivery.delay;
        waiting_.push_back({std::move(delivery), due});
        wake_.cancel();
    }

    asio::awaitable<void> write_all(Self) {
        while (socket().is_open()) {
            if (waiting_.empty() || Clock::now() < waiting_.front().due) {
                if (waiting_.empty() && !reading_) break;
                wake_.expires_at(waiting_.empty() ? Clock::time_point::max()
                                                  : waiting_.front().due);
                co_await wake_.async_wait(quietly);
                continue;
            }
            const Delivery delivery = std::move(waiting_.front().delivery);
            waiting_.pop_front();
            if (!muted_) co_await send(delivery);
        }
        close();
    }

    asio::awaitable<void> send(const Delivery& delivery) {
        for (const std::string& piece : delivery.pieces) {
            auto [error, size] = co_await asio::async_write(stream_, asio::buffer(piece), quietly);
            if (error) co_return close();
        }
        switch (delivery.ending) {
            case Ending::keep:
                break;
            case Ending::close:
                co_await close_orderly();
                break;
            case Ending::cut:
                close();
                break;
            case Ending::reset:
                reset();
                break;
            case Ending::mute:
                muted_ = true;
                break;
        }
    }

    asio::awaitable<void> close_orderly() {
        if constexpr (std::is_same_v<Stream, TlsStream>) {
            asio::steady_timer patience(stream_.get_executor(), close_wait_max);
            patience.async_wait([self = this->shared_from_this()](auto error) {
                if (!error) self->close();
            });
            co_await stream_.async_shutdown(quietly);
        }
        close();
    }

    void close() {
        boost::system::error_code ignored;
        socket().close(ignored);
        wake_.cancel();
    }

    std::string peer() {
        boost::system::error_code ignored;
        return socket().remote_endpoint(ignored).address().to_string();
    }

    auto& socket() { return stream_.lowest_layer(); }

    Stream stream_;
    asio::steady_timer wake_;  // of the writer: a new answer, or an answer's time
    std::shared_ptr<Connections> connections_;
    const Handler& handler_;
    std::deque<Waiting> waiting_;
    bool reading_ = true;
    bool muted_ = false;
};

}  // namespace scram::okxsim
