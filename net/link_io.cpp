// Requests out, answers in. A request goes to the kernel within send(); reading is always armed, so
// that a lost or misbehaving peer is noticed while the link is idle.
#include <openssl/err.h>

#include <cerrno>

#include "net/clock.h"
#include "net/link_impl.h"

namespace scram {
namespace {

const char* const unasked = "an answer to a request never sent";

}  // namespace

bool Link::Impl::send(std::string_view request) {
    if (state_ != State::idle) return false;
    state_ = State::in_flight;
    return write(request);
}

// False: the connection is lost. OpenSSL wants the same bytes again for what the kernel did not
// take.
bool Link::Impl::write(std::string_view bytes) {
    ERR_clear_error();
    errno = 0;
    const int result = SSL_write(ssl_.get(), bytes.data(), static_cast<int>(bytes.size()));
    stamps_.expect(written());
    if (result > 0) {
        unwritten_.clear();
        return true;
    }
    const int error = SSL_get_error(ssl_.get(), result);
    if (error != SSL_ERROR_WANT_WRITE) {
        fall(tls_.failure_text(ssl_.get(), error));
        return false;
    }
    if (unwritten_.empty()) unwritten_ = bytes;
    finish_write();
    return true;
}

void Link::Impl::finish_write() {
    socket_.async_wait(tcp::socket::wait_write, if_still_current([this](const error_code&) {
                           if (!unwritten_.empty()) write(unwritten_);
                       }));
}

void Link::Impl::await_readable() {
    socket_.async_wait(tcp::socket::wait_read,
                       if_still_current([this](const error_code&) { on_readable(); }));
}

void Link::Impl::on_readable() {
    const Reading reading = read_all();
    stamps_.collect(socket_.native_handle());
    if (reading.end) {
        fall(*reading.end);
    } else {
        await_readable();
    }
    if (reading.answered) deliver(reading);
}

// Reads on behind an answer before it is delivered: what lies there decides whether the link lives.
Link::Impl::Reading Link::Impl::read_all() {
    Reading reading;
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
    return reading;
}

void Link::Impl::take(std::string_view bytes, Reading& reading) {
    if (state_ != State::in_flight || reading.answered) {
        reading.end = unasked;
        return;
    }
    std::size_t consumed = 0;
    switch (parser_.feed(bytes, consumed)) {
        case HttpAnswerParser::Step::need_more:
            return;
        case HttpAnswerParser::Step::broken:
            reading.end = parser_.broken_reason();
            return;
        case HttpAnswerParser::Step::done:
            break;
    }
    reading.answered = true;
    reading.at = monotonic_now();
    if (consumed < bytes.size()) {
        reading.end = unasked;
    } else if (!unwritten_.empty()) {
        reading.end = "answered before it had the whole request";
    } else if (!parser_.answer().keep_alive) {
        reading.end = "the peer closes after its answer";
    }
}

// Only a close_notify may end an answer without a length: a bare end could be a cut.
void Link::Impl::end_of_stream(int ssl_error, Reading& reading) {
    reading.end = tls_.failure_text(ssl_.get(), ssl_error);
    const bool awaiting = state_ == State::in_flight && !reading.answered;
    if (!awaiting || ssl_error != SSL_ERROR_ZERO_RETURN) return;
    if (parser_.end_of_stream() == HttpAnswerParser::Step::done) {
        reading.answered = true;
        reading.at = monotonic_now();
    } else {
        reading.end = parser_.broken_reason();
    }
}

void Link::Impl::deliver(const Reading& reading) {
    HttpAnswer answer = parser_.answer();
    if (reading.end) answer.keep_alive = false;
    if (!reading.end) state_ = State::idle;
    backoff_.reset();
    observer_.link_answered(id_, answer, reading.at);
    parser_.reset();
}

}  // namespace scram
