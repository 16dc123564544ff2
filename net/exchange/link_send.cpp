// Requests out. A request goes to the kernel within send(), as a record that was sealed before, is
// sealed now, or that OpenSSL makes; what the kernel does not take follows as soon as it does.
#include <openssl/err.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <utility>

#include "core/base/check.h"
#include "core/base/kill_path.h"
#include "net/exchange/link_impl.h"

namespace scram {

bool Link::Impl::seal(std::string_view request, SealedRecord& record) {
    const bool sealed = up() && sealer_ && sealer_->seal(request, record);
    if (!sealed) {
        record = SealedRecord();
        return false;
    }
    if (framer_.is_on()) record.keep_words(checksum_words(record.sealed()));
    if (state_ == State::idle && framer_.state() == FrameState::in_flight) look_for_frame();
    return true;
}

SCRAM_KILL_PATH bool Link::Impl::is_next(const SealedRecord& record) const {
    return up() && sealer_ && sealer_->is_next(record);
}

// From here to the kernel: a comparison and one system call.
SCRAM_KILL_PATH bool Link::Impl::send(const SealedRecord& record) {
    if (state_ != State::idle || !is_next(record)) return false;
    state_ = State::in_flight;
    const std::string_view bytes = sealer_->spend(record);
    framed_ = framer_.send(bytes, record.words());
    // A frame that left is a request that may be executed, also where the kernel takes no more.
    return write(bytes) || framed_;
}

bool Link::Impl::send(std::string_view request) {
    if (state_ != State::idle) return false;
    if (!sealer_) return send_by_openssl(request);
    if (request.size() > SealedRecord::request_max) return send_as_records(request);
    SealedRecord record;
    if (seal(request, record)) return send(record);
    fall("the request cannot be sealed");
    return false;
}

bool Link::Impl::send_by_openssl(std::string_view request) {
    state_ = State::in_flight;
    ERR_clear_error();
    errno = 0;
    const int result = SSL_write(ssl_.get(), request.data(), static_cast<int>(request.size()));
    if (result <= 0) {
        fall(tls_.failure_text(ssl_.get(), SSL_get_error(ssl_.get(), result)));
        return false;
    }
    const int error = write_what_openssl_wrote();
    if (error != 0) fall(std::generic_category().message(error));
    return error == 0;
}

// For requests that are not armed: this allocates.
bool Link::Impl::send_as_records(std::string_view request) {
    state_ = State::in_flight;
    framed_ = false;
    std::string records;
    while (!request.empty()) {
        SealedRecord record;
        const auto part = request.substr(0, SealedRecord::request_max);
        if (!sealer_->seal(part, record)) {
            fall("the request cannot be sealed");
            return false;
        }
        records += sealer_->spend(record);
        request.remove_prefix(part.size());
    }
    return write(records);
}

SCRAM_KILL_PATH bool Link::Impl::write(std::string_view bytes) {
    const int error = write_or_keep(bytes);
    if (error == 0) [[likely]]
        return true;
    fall(std::generic_category().message(error));
    return false;
}

// 0, or why nothing more can be written. Records go out in their order, each once and whole.
SCRAM_KILL_PATH int Link::Impl::write_or_keep(std::string_view bytes) {
    ssize_t taken = 0;
    if (unwritten_.empty()) [[likely]] {
        taken = hand_over(bytes);
        if (taken == std::ssize(bytes)) [[likely]]
            return 0;
        if (taken < 0 && !is_temporary(errno)) return errno;
        finish_write();
    }
    unwritten_ += bytes.substr(static_cast<std::size_t>(std::max<ssize_t>(taken, 0)));
    return 0;
}

// The one place where bytes of an up link go to the kernel.
SCRAM_KILL_PATH ssize_t Link::Impl::hand_over(std::string_view bytes) {
    if (!bytes.empty()) {
        framer_.bytes_left();
        read_before_ = tls_socket_.all_bytes();
    }
    const ssize_t taken =
        ::send(socket_.native_handle(), bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (taken > 0) stamps_.expect(handed_over_ += static_cast<std::uint64_t>(taken));
    return taken;
}

void Link::Impl::finish_write() {
    socket_.async_wait(tcp::socket::wait_write, if_still_current([this](const error_code&) {
                           write(std::exchange(unwritten_, {}));
                       }));
}

int Link::Impl::write_what_openssl_wrote() {
    check(!sealer_, "where we seal, nothing that OpenSSL writes leaves");
    const std::string_view written = tls_written(ssl_.get());
    if (written.empty()) return 0;
    const int error = write_or_keep(written);
    tls_forget_written(ssl_.get());
    return error;
}

// What the kernel does not take at once is not said. Nor is it within half a record.
void Link::Impl::say_goodbye() {
    if (!unwritten_.empty()) return;
    if (!sealer_) {
        SSL_shutdown(ssl_.get());
        hand_over(tls_written(ssl_.get()));
        return;
    }
    SealedRecord goodbye;
    if (sealer_->seal_goodbye(goodbye)) hand_over(sealer_->spend(goodbye));
}

}  // namespace scram
