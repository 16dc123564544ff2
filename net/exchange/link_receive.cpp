// Answers in. Reading is always armed, so that a lost or misbehaving peer is noticed while the link
// is idle.
#include <openssl/err.h>

#include <cerrno>
#include <string>
#include <system_error>

#include "net/clock.h"
#include "net/exchange/link_impl.h"

namespace scram {
namespace {

const char* const unasked = "an answer to a request never sent";

// Another connection may lead to a peer that leaves answers as they are.
std::string reason_of_encoding(std::string_view encoding) {
    return "the peer encodes its answer (Content-Encoding: " + std::string(encoding.substr(0, 40)) +
           "), which was not asked for and cannot be read";
}

// The peer ended the connection by one.
bool is_alert(unsigned long error) {
    return ERR_GET_LIB(error) == ERR_LIB_SSL && ERR_GET_REASON(error) > SSL_AD_REASON_OFFSET;
}

}  // namespace

void Link::Impl::await_readable() {
    when_readable([this] { on_readable(); });
}

void Link::Impl::on_readable() {
    const Reading reading = read_all();
    if (const auto report = stamps_.collect(socket_.native_handle()))
        framer_.learn(*report, stamps_.taken(), handed_over_, read_before_);
    if (reading.answered && sealer_) sealing_proven_ = true;
    if (reading.end) {
        fall(*reading.end);
    } else {
        await_readable();
    }
    if (reading.answered) deliver(reading);
}

void Link::Impl::look_for_frame() {
    framer_.look(socket_.native_handle(), handed_over_, tls_socket_.all_bytes());
}

// Reads on behind an answer before it is delivered: what lies there decides whether the link lives.
Link::Impl::Reading Link::Impl::read_all() {
    Reading reading;
    tls_socket_.begin_turn();
    while (!reading.end) {
        ERR_clear_error();
        errno = 0;
        const int result = SSL_read(ssl_.get(), buffer_.data(), static_cast<int>(buffer_.size()));
        if (result > 0) {
            take({buffer_.data(), static_cast<std::size_t>(result)}, reading);
            continue;
        }
        const int error = SSL_get_error(ssl_.get(), result);
        if (error == SSL_ERROR_WANT_READ) break;
        end_of_stream(error, reading);
    }
    if (!reading.end && !reading.answered) reading.end = reason_of_excess();
    if (!reading.end) between_reads(reading);
    return reading;
}

void Link::Impl::take(std::string_view bytes, Reading& reading) {
    if (state_ != State::in_flight || reading.answered) {
        reading.end = unasked;
        return;
    }
    std::size_t consumed = 0;
    switch (parser_.feed(bytes, consumed)) {
        case HttpResponseParser::Step::need_more:
            return;
        case HttpResponseParser::Step::broken:
            reading.end = parser_.broken_reason();
            return;
        case HttpResponseParser::Step::done:
            break;
    }
    reading.answered = true;
    reading.at = monotonic_now();
    if (consumed < bytes.size()) {
        reading.end = unasked;
    } else if (!unwritten_.empty()) {
        reading.end = "answered before it had the whole request";
    } else if (parser_.answer().status / 100 == 3) {
        reading.end = "the peer redirects, which is never followed";
    } else if (!parser_.answer().encoding.empty()) {
        reading.end = reason_of_encoding(parser_.answer().encoding);
    } else if (!parser_.answer().keep_alive) {
        reading.end = "the peer closes after its answer";
    }
}

// What OpenSSL has to say on its own after reading: told if it writes, else kept from the wire.
void Link::Impl::between_reads(Reading& reading) {
    if (!sealer_) {
        reading.end = told_by_openssl();
        return;
    }
    if (tls_asked_for_new_keys(ssl_.get())) reading.end = answer_key_update();
    const bool between_requests = state_ == State::idle || reading.answered;
    if (!reading.end && between_requests) reading.end = reason_to_replace();
}

std::optional<std::string> Link::Impl::told_by_openssl() {
    if (tls_asked_to_renegotiate(ssl_.get())) return "the peer asked to renegotiate";
    const int error = write_what_openssl_wrote();
    return error == 0 ? std::nullopt : std::optional(std::generic_category().message(error));
}

// Bytes that came to no answer: of a body in tiny records, or of TLS's own messages without end.
std::optional<std::string> Link::Impl::reason_of_excess() const {
    const bool over =
        tls_socket_.bytes() > answer_bytes_max || tls_socket_.reads() > answer_reads_max;
    if (!over) return std::nullopt;
    return "over " + std::to_string(answer_bytes_max) + " bytes or " +
           std::to_string(answer_reads_max) + " reads without an answer";
}

// The peer wants our records under new keys, and before the next request it is told that they are.
// Once a turn at most, whatever it asks. What was sealed is sealed again, or when it is sent.
std::optional<std::string> Link::Impl::answer_key_update() {
    SealedRecord update;
    if (!sealer_->seal_key_update(update)) return "it cannot be told of new keys";
    const int error = write_or_keep(sealer_->spend(update));
    if (error != 0) return std::generic_category().message(error);
    if (state_ == State::idle) handed_before_ = handed_over_;
    if (!sealer_->renew_keys()) return "there are no new keys";
    tls_forget_key_request(ssl_.get());
    return std::nullopt;
}

// Why a connection that still works makes room for a new one between two requests, which comes at
// once.
std::optional<std::string> Link::Impl::reason_to_replace() const {
    if (sealer_->number() < options_.records_max) return std::nullopt;
    return "the connection has carried its records";
}

// Only a close_notify may end an answer without a length: a bare end could be a cut.
void Link::Impl::end_of_stream(int ssl_error, Reading& reading) {
    const bool awaiting = state_ == State::in_flight && !reading.answered;
    const bool refused = awaiting && sealer_ && !sealing_proven_ && is_alert(ERR_peek_last_error());
    reading.end = tls_.failure_text(ssl_.get(), ssl_error);
    peer_ended_ = ssl_error == SSL_ERROR_ZERO_RETURN || tls_socket_.ended();
    if (refused) {
        sealing_refused_ = true;
        *reading.end += "; it may not take sealed records: OpenSSL writes from now on";
    }
    if (!awaiting || ssl_error != SSL_ERROR_ZERO_RETURN) return;
    if (parser_.end_of_stream() == HttpResponseParser::Step::done) {
        reading.answered = true;
        reading.at = monotonic_now();
    } else {
        reading.end = parser_.broken_reason();
    }
}

void Link::Impl::deliver(const Reading& reading) {
    HttpResponse answer = parser_.answer();
    if (reading.end) answer.keep_alive = false;
    if (!reading.end) state_ = State::idle;
    backoff_.reset();
    tls_socket_.forget_counts();
    handed_before_ = handed_over_;
    if (state_ == State::idle) look_for_frame();
    observer_.link_answered(id_, answer, reading.at);
    parser_.reset();
}

}  // namespace scram
