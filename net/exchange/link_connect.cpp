// A link's way up: addresses, TCP, TLS. One round tries each address of the name once.
#include <netinet/tcp.h>
#include <openssl/err.h>

#include <algorithm>
#include <cerrno>

#include "net/clock.h"
#include "net/exchange/link_impl.h"

namespace scram {
namespace {

// With addresses at hand a link does not wait long for the name server: a kill matters more than
// the newest address.
constexpr Duration resolve_patience = 250ms;
// Sent bytes that stay unacknowledged for so long mean a dead path.
constexpr unsigned tcp_user_timeout_ms = 5000;
constexpr int send_buffer_bytes = 256 * 1024;

// Congestion control without pacing, which would hold back a burst. A kernel may not allow either
// name: then the default stays.
void choose_congestion_control(int fd) {
    for (const std::string_view name : {"cubic", "reno"}) {
        const auto size = static_cast<socklen_t>(name.size());
        if (setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, name.data(), size) == 0) return;
    }
}

void limit_silence(int fd) {
    setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &tcp_user_timeout_ms, sizeof tcp_user_timeout_ms);
}

std::string tls_text(SSL* ssl) {
    return std::string(SSL_get_version(ssl)) + " " + SSL_get_cipher_name(ssl) +
           (SSL_session_reused(ssl) == 1 ? " resumed" : "");
}

}  // namespace

// Whatever the link does meanwhile; it ends with stop().
void Link::Impl::keep_addresses_fresh() {
    if (address_is_given_) return;
    resolve_timer_.expires_after(options_.resolve_every);
    resolve_timer_.async_wait([self = shared_from_this()](const error_code& error) {
        if (error || self->state_ == State::stopped) return;
        self->lookup_.ask();
        self->keep_addresses_fresh();
    });
}

void Link::Impl::begin_round() {
    enter(State::awaiting_addresses);
    if (address_is_given_) return use_known_addresses("");
    arm_timer(known_.empty() ? options_.connect_timeout
                             : std::min(resolve_patience, options_.connect_timeout));
    lookup_.ask();  // one that still hangs serves this round too
}

// Outlives rounds: an answer that comes late serves the next one. Where there is none, what was
// known stays.
void Link::Impl::on_resolved(const std::string& error, const std::vector<Endpoint>& found) {
    if (!found.empty()) known_ = try_order(found, options_.address_offset);
    if (state_ == State::awaiting_addresses) use_known_addresses(error);
}

void Link::Impl::use_known_addresses(const std::string& why_none) {
    if (known_.empty()) return fall(options_.host + ": the name cannot be resolved: " + why_none);
    round_ = known_;
    round_at_ = 0;
    round_failures_.clear();
    try_next_address();
}

// An address that has left the name since the round began is passed over.
void Link::Impl::try_next_address() {
    const auto left = [this](const Endpoint& at) {
        return std::find(known_.begin(), known_.end(), at) == known_.end();
    };
    while (round_at_ < round_.size() && left(round_[round_at_])) ++round_at_;
    if (round_at_ == round_.size()) return fall(round_failures_);
    enter(State::awaiting_tcp);
    arm_timer(options_.connect_timeout);  // TLS included
    if (const auto error = open_socket()) return address_failed(error.message());
    socket_.async_connect(round_[round_at_], if_still_current([this](const error_code& error) {
                              if (error) return address_failed(error.message());
                              begin_tls();
                          }));
}

Link::Impl::error_code Link::Impl::open_socket() {
    error_code error, ignored;
    socket_.open(round_[round_at_].protocol(), error);
    if (error) return error;
    socket_.native_non_blocking(true, error);
    if (error) return error;
    socket_.set_option(tcp::no_delay(true), ignored);
    socket_.set_option(tcp::socket::send_buffer_size(send_buffer_bytes), ignored);
    choose_congestion_control(socket_.native_handle());
    limit_silence(socket_.native_handle());
    return {};
}

void Link::Impl::address_failed(const std::string& reason) {
    round_failures_ += (round_failures_.empty() ? "" : "; ") + describe(reason);
    drop_connection();
    ++round_at_;
    try_next_address();
}

void Link::Impl::begin_tls() {
    state_ = State::awaiting_tls;  // same deadline
    const bool seal = options_.sealed && !sealing_refused_;
    ssl_.reset(tls_.new_connection(options_.host, seal ? &secret_ : nullptr));
    if (!ssl_ || !tls_socket_.attach(ssl_.get(), socket_.native_handle())) {
        return address_failed("TLS cannot be set up: out of memory");
    }
    shake_hands();
}

void Link::Impl::shake_hands() {
    tls_socket_.begin_turn();
    ERR_clear_error();
    errno = 0;
    const int result = SSL_connect(ssl_.get());
    if (result == 1) return become_up();
    const int error = SSL_get_error(ssl_.get(), result);
    if (tls_socket_.bytes() > handshake_bytes_max) {
        return address_failed("the TLS handshake is over " + std::to_string(handshake_bytes_max) +
                              " bytes");
    }
    const auto again = [this] { shake_hands(); };
    if (error == SSL_ERROR_WANT_READ) return when_readable(again);
    if (error == SSL_ERROR_WANT_WRITE) {
        return socket_.async_wait(tcp::socket::wait_write,
                                  if_still_current([again](const error_code&) { again(); }));
    }
    address_failed(tls_.failure_text(ssl_.get(), error));
}

void Link::Impl::become_up() {
    if (const auto reason = tls_.refuse_reason(ssl_.get()); !reason.empty()) {
        return address_failed(reason);
    }
    if (!take_over_writing()) return address_failed("TLS cannot be set up: out of memory");
    parser_.reset();
    handed_over_ = handed_before_ = 0;
    peer_ended_ = false;
    tls_socket_.forget_counts();
    framed_ = false;
    framer_.begin(socket_.native_handle());
    if (framer_.is_on()) {
        stamps_.begin(socket_.native_handle(), 0, TxTimestamps::Content::frames);
    } else if (options_.wire_stamps) {
        stamps_.begin(socket_.native_handle(), 0);
    }
    enter(State::idle);
    up_since_ = monotonic_now();
    await_readable();
    observer_.link_up(id_, to_text(round_[round_at_]), tls_text(ssl_.get()));
}

// From here on nothing that OpenSSL writes reaches the kernel by itself. Without a secret (TLS 1.2,
// or sealing is not wanted) or with a suite that the sealer does not know, OpenSSL's records are
// handed over; else only the sealer's, and OpenSSL's never.
bool Link::Impl::take_over_writing() {
    if (!tls_write_to_memory(ssl_.get())) return false;
    const SSL_CIPHER* suite = SSL_get_current_cipher(ssl_.get());
    sealer_ = Sealer::make(SSL_CIPHER_get_protocol_id(suite), secret_.bytes());
    secret_ = {};
    return !sealer_ || tls_give_up_write_key(ssl_.get());
}

}  // namespace scram
