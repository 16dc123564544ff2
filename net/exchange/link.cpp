// The life of a link: it starts, falls, waits and comes back. Every callback runs from the loop.
#include "net/exchange/link.h"

#include <linux/sockios.h>
#include <openssl/err.h>
#include <sys/ioctl.h>

#include "core/base/prefetch.h"
#include "net/clock.h"
#include "net/exchange/link_impl.h"

namespace scram {

Link::Impl::Impl(boost::asio::io_context& io, TlsContext& tls, LinkId id, LinkOptions options,
                 LinkObserver& observer)
    : io_(io),
      tls_(tls),
      id_(id),
      options_(std::move(options)),
      observer_(observer),
      timer_(io),
      backoff_(options_.reconnect_first, options_.reconnect_max),
      resolve_timer_(io),
      lookup_(io, options_.host, options_.port,
              [this](const std::string& error, const std::vector<Endpoint>& found) {
                  on_resolved(error, found);
              }),
      socket_(io),
      framer_(options_.frames) {
    error_code not_an_address;
    const std::string& one = options_.address.empty() ? options_.host : options_.address;
    const auto address = boost::asio::ip::make_address(one, not_an_address);
    address_is_given_ = !not_an_address;
    if (address_is_given_) known_ = {Endpoint(address, options_.port)};
}

void Link::Impl::start() {
    if (state_ != State::stopped) return;
    begin_round();
    keep_addresses_fresh();
}

void Link::Impl::stop() {
    if (up()) say_goodbye();
    drop_connection();
    resolve_timer_.cancel();
    enter(State::stopped);
}

void Link::Impl::abort(const std::string& reason) {
    if (!up()) return;  // nothing under way, and a lost link's link_down follows already
    fall("aborted: " + reason, Return::at_once);
}

// Every change of state but idle <-> in_flight goes through here: older handlers and deadlines end.
void Link::Impl::enter(State state) {
    ++epoch_;
    timer_.cancel();
    state_ = state;
}

void Link::Impl::fall(const std::string& reason, Return how) {
    const Fell fell = state_ == State::in_flight ? Fell::asked
                      : state_ == State::idle    ? Fell::idle
                                                 : Fell::connecting;
    const std::string text = up() ? describe(reason) : reason;
    const Taken took = taken();
    if (state_ == State::in_flight || how == Return::at_once) reset_on_close();
    drop_connection();
    enter(State::lost);
    boost::asio::post(io_, if_still_current([=, this] { report_down(fell, took, text, how); }));
}

// net/exchange/link.h has the argument. `handed_over_` does not count what OpenSSL wrote in the
// handshake, so it is compared with itself alone.
Taken Link::Impl::taken() {
    if (state_ != State::in_flight) return Taken::nothing;
    if (handed_over_ == handed_before_) return framed_ ? Taken::unknown : Taken::nothing;
    if (!peer_ended_ || parser_.has_begun()) return Taken::unknown;
    int unacknowledged = 0;
    const bool known = ioctl(socket_.native_handle(), SIOCOUTQ, &unacknowledged) == 0;
    const std::uint64_t request = handed_over_ - handed_before_;
    const bool none = known && static_cast<std::uint64_t>(std::max(unacknowledged, 0)) >= request;
    return none ? Taken::nothing : Taken::unknown;
}

// The kernel sends no more of a request once its link is given up: its budget slot depends on it.
void Link::Impl::reset_on_close() {
    error_code ignored;
    socket_.set_option(boost::asio::socket_base::linger(true, 0), ignored);
}

void Link::Impl::report_down(Fell fell, Taken taken, const std::string& reason, Return how) {
    const auto epoch = epoch_;
    observer_.link_down(id_, fell != Fell::connecting, taken, reason);
    if (epoch != epoch_) return;  // stopped meanwhile
    const double random = std::uniform_real_distribution<>(0, 1)(random_);
    const Duration wait = backoff_.wait(fell, monotonic_now() - up_since_, random);
    if (how == Return::at_once || wait == Duration::zero()) return begin_round();
    enter(State::awaiting_retry);
    arm_timer(wait);
}

void Link::Impl::drop_connection() {
    sealer_.reset();
    ssl_.reset();
    secret_ = {};
    ERR_clear_error();
    unwritten_.clear();
    error_code ignored;
    socket_.close(ignored);
}

void Link::Impl::arm_timer(Duration wait) {
    timer_.expires_after(wait);
    timer_.async_wait(if_still_current([this](const error_code& error) {
        if (!error) on_timer();
    }));
}

void Link::Impl::on_timer() {
    const auto limit =
        " within " + std::to_string(options_.connect_timeout / milliseconds(1)) + " ms";
    switch (state_) {
        case State::awaiting_addresses:
            return use_known_addresses("no answer" + limit);
        case State::awaiting_tcp:
            return address_failed("no TCP connection" + limit);
        case State::awaiting_tls:
            return address_failed("no TLS handshake" + limit);
        case State::awaiting_retry:
            return begin_round();
        case State::stopped:
        case State::idle:
        case State::in_flight:
        case State::lost:
            return;  // these set no deadline, and entering them cancelled the last
    }
}

std::string Link::Impl::describe(const std::string& reason) const {
    return options_.host + " (" + to_text(round_[round_at_]) + "): " + reason;
}

Link::Link(boost::asio::io_context& io, TlsContext& tls, LinkId id, LinkOptions options,
           LinkObserver& observer)
    : impl_(std::make_shared<Impl>(io, tls, id, std::move(options), observer)) {}

Link::~Link() {
    impl_->stop();
}

void Link::start() {
    impl_->start();
}
bool Link::send(std::string_view request) {
    return impl_->send(request);
}
bool Link::seal(std::string_view request, SealedRecord& record) {
    return impl_->seal(request, record);
}
bool Link::is_next(const SealedRecord& record) const {
    return impl_->is_next(record);
}
bool Link::send(const SealedRecord& record) {
    return impl_->send(record);
}
void Link::abort(const std::string& reason) {
    impl_->abort(reason);
}
void Link::stop() {
    impl_->stop();
}
bool Link::up() const {
    return impl_->up();
}
bool Link::in_flight() const {
    return impl_->state_ == Impl::State::in_flight;
}
Time Link::wire_time() const {
    return impl_->framed_ ? impl_->framer_.wire_time() : impl_->stamps_.taken();
}
void Link::touch() const {
    if (!up()) return;
    touch_lines(impl_->state_);
    touch_lines(impl_->sealer_);
    touch_lines(impl_->framer_);
    impl_->hand_over({});
}
FrameState Link::frame_state() const {
    return impl_->framer_.state();
}
bool Link::seals() const {
    return up() && impl_->sealer_;
}

LinkFactory links_over(boost::asio::io_context& io, TlsContext& tls, Frames* frames) {
    return [&io, &tls, frames](LinkId id, LinkOptions options, LinkObserver& observer) {
        if (options.sealed) options.frames = frames;
        return std::make_unique<Link>(io, tls, id, std::move(options), observer);
    };
}

}  // namespace scram
