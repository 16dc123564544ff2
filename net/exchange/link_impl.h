// The inside of Link, shared by link.cpp (its life), link_connect.cpp (the way up), link_send.cpp
// (requests out) and link_io.cpp (answers in).
#pragma once

#include <sys/types.h>

#include <array>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <optional>
#include <random>

#include "net/exchange/backoff.h"
#include "net/exchange/endpoints.h"
#include "net/exchange/link.h"
#include "net/exchange/name_lookup.h"
#include "net/tls/socket_bio.h"
#include "net/wire/framer.h"
#include "net/wire/tx_timestamps.h"

namespace scram {

struct Link::Impl : std::enable_shared_from_this<Link::Impl> {
    using error_code = boost::system::error_code;
    using tcp = boost::asio::ip::tcp;

    enum class State {
        stopped,
        awaiting_addresses,
        awaiting_tcp,
        awaiting_tls,
        idle,       // up
        in_flight,  // up, an answer is awaited
        lost,       // link_down is about to be delivered
        awaiting_retry,
    };
    enum class Return { backed_off, at_once };

    Impl(boost::asio::io_context& io, TlsContext& tls, LinkId id, LinkOptions options,
         LinkObserver& observer);

    // link.cpp
    void start();
    void stop();
    void abort(const std::string& reason);
    bool up() const { return state_ == State::idle || state_ == State::in_flight; }
    void enter(State state);
    void fall(const std::string& reason, Return how = Return::backed_off);
    void report_down(Fell fell, Taken taken, const std::string& reason, Return how);
    Taken taken();
    void reset_on_close();
    void drop_connection();
    void arm_timer(Duration wait);
    void on_timer();
    std::string describe(const std::string& reason) const;

    // link_connect.cpp
    void keep_addresses_fresh();
    void begin_round();
    void on_resolved(const std::string& error, const std::vector<Endpoint>& found);
    void use_known_addresses(const std::string& why_none);
    void try_next_address();
    error_code open_socket();
    void address_failed(const std::string& reason);
    void begin_tls();
    void shake_hands();
    void become_up();
    bool take_over_writing();

    // link_send.cpp
    bool seal(std::string_view request, SealedRecord& record);
    bool is_next(const SealedRecord& record) const;
    bool send(const SealedRecord& record);
    bool send(std::string_view request);
    bool send_by_openssl(std::string_view request);
    bool send_as_records(std::string_view request);
    bool write(std::string_view bytes);
    int write_or_keep(std::string_view bytes);
    ssize_t hand_over(std::string_view bytes);
    void finish_write();
    int write_what_openssl_wrote();
    void say_goodbye();

    // link_io.cpp
    struct Reading {
        bool answered = false;
        Time at{};                       // when the answer's last byte had been read
        std::optional<std::string> end;  // why the connection cannot go on
    };
    void await_readable();
    void on_readable();
    Reading read_all();
    void take(std::string_view bytes, Reading& reading);
    void end_of_stream(int ssl_error, Reading& reading);
    void between_reads(Reading& reading);
    std::optional<std::string> reason_of_excess() const;
    std::optional<std::string> told_by_openssl();
    std::optional<std::string> answer_key_update();
    std::optional<std::string> reason_to_replace() const;
    void deliver(const Reading& reading);
    void look_for_frame();

    // A handler that does nothing once the link has gone on to another state: one left over from an
    // earlier connection or after stop() finds another epoch.
    template <class Step>
    auto if_still_current(Step step) {
        return [self = shared_from_this(), epoch = epoch_, step](const auto&... arguments) {
            if (self->epoch_ == epoch) step(arguments...);
        };
    }

    // Goes on when more can be read: at once, if it is the turn that is over and not the bytes.
    template <class Step>
    void when_readable(Step step) {
        auto handler = if_still_current([step](const auto&...) { step(); });
        if (tls_socket_.turn_is_over()) return boost::asio::post(io_, std::move(handler));
        socket_.async_wait(tcp::socket::wait_read, std::move(handler));
    }

    struct Free {
        void operator()(SSL* ssl) const { SSL_free(ssl); }
    };

    boost::asio::io_context& io_;
    TlsContext& tls_;
    const LinkId id_;
    const LinkOptions options_;
    LinkObserver& observer_;

    State state_ = State::stopped;
    std::uint64_t epoch_ = 0;
    Time up_since_{};
    boost::asio::steady_timer timer_;  // the one deadline of the state
    Backoff backoff_;
    std::minstd_rand random_{std::random_device{}()};

    boost::asio::steady_timer resolve_timer_;
    bool address_is_given_ = false;
    NameLookup lookup_;
    std::vector<Endpoint> known_;  // of the last resolution that worked
    std::vector<Endpoint> round_;  // tried in this round ...
    std::size_t round_at_ = 0;     // ... up to here
    std::string round_failures_;

    tcp::socket socket_;
    TlsSocket tls_socket_;  // outlives ssl_
    TrafficSecret secret_;  // from the handshake to become_up()
    std::unique_ptr<SSL, Free> ssl_;
    std::optional<Sealer> sealer_;  // if set, it alone makes what leaves while the link is up
    bool sealing_proven_ = false;   // the peer has answered a record that we sealed ...
    bool sealing_refused_ = false;  // ... or none, and one by an alert: OpenSSL writes
    std::string unwritten_;         // records that the kernel has not taken
    HttpResponseParser parser_;
    std::array<char, 16 * 1024> buffer_;  // one TLS record
    TxTimestamps stamps_;
    Framer framer_;
    bool framed_ = false;              // the request sent last left as a frame too
    std::uint64_t read_before_ = 0;    // bytes, when some were last handed over
    std::uint64_t handed_over_ = 0;    // bytes, since the connection is up ...
    std::uint64_t handed_before_ = 0;  // ... and before the request in flight
    bool peer_ended_ = false;          // its close_notify or FIN was read
};

}  // namespace scram
