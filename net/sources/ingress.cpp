#include "net/sources/ingress.h"

#include <fmt/format.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cerrno>
#include <cstring>
#include <list>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "core/model/plan.h"
#include "net/clock.h"
#include "net/sources/ingress_messages.h"
#include "net/sources/ring_readers.h"
#include "net/sources/stamp.h"
#include "net/unix/acceptor.h"

namespace scram {
namespace {

using Descriptor = boost::asio::posix::stream_descriptor;

constexpr std::size_t unattached_most = 256;
constexpr int messages_per_turn = 16;  // then the others have their turn: a flood starves nobody
constexpr int messages_waiting_max = 1024;  // more than a socket's buffer holds of the smallest

using Records = std::array<scram_signal, SCRAM_BATCH_MAX>;

}  // namespace

struct Ingress::Impl : std::enable_shared_from_this<Impl> {
    struct Connection {
        Connection(boost::asio::io_context& io, int fd, Time now)
            : descriptor(io, fd), peer(peer_of(fd)), since(now) {}
        Descriptor descriptor;
        Peer peer;
        Time since;
        std::optional<SourceId> source;
        Time attached_at{};
        bool has_ring = false;
        bool goodbye = false;
    };
    using ConnectionPtr = std::shared_ptr<Connection>;

    Impl(boost::asio::io_context& loop, Listener listener, Gates& region, SourceAdmission& asked,
         SignalSink& to)
        : io(loop),
          gates(region),
          admission(asked),
          signals(to),
          door(
              loop, std::move(listener), [this](int fd) { on_connection(fd); },
              [this] { tell_exhausted(); }),
          patience_timer(loop),
          feeds(to) {}

    // A crowd that does not attach keeps no maker out: of its user's, or of all, the one longest
    // there makes room.
    void on_connection(int fd) {
        const auto connection = std::make_shared<Connection>(io, fd, monotonic_now());
        const uid_t uid = connection->peer.uid;
        make_room(unattached_per_user_max,
                  [uid](const Connection& c) { return c.peer.uid == uid; });
        make_room(unattached_max, [](const Connection&) { return true; });
        connections.push_back(connection);
        if (!std::exchange(is_patient, true)) watch_patience();
        read_next(connection);
    }

    void tell_exhausted() {
        std::vector<const Peer*> peers;
        for (const ConnectionPtr& one : connections) peers.push_back(&one->peer);
        const Peer* most = of_most_frequent_user(peers);
        if (most != nullptr) admission.turned_away(*most, Rejection::no_descriptor);
    }

    template <class Test>
    void make_room(std::size_t most, Test test) {
        ConnectionPtr longest;
        std::size_t count = 0;
        for (const ConnectionPtr& one : connections) {
            if (one->source || !test(*one)) continue;
            if (count++ == 0) longest = one;
        }
        if (count >= most) turn_away(longest, Rejection::connection_limit);
    }

    void turn_away(const ConnectionPtr& connection, Rejection why) {
        admission.turned_away(connection->peer, why);
        end(ConnectionPtr(connection), {});
    }

    // As long as there is one to wait for.
    void watch_patience() {
        patience_timer.expires_after(1s);
        patience_timer.async_wait([self = shared_from_this()](auto error) {
            if (error || self->stopped) return;
            self->end_the_silent();
            self->is_patient = std::any_of(self->connections.begin(), self->connections.end(),
                                           [](const ConnectionPtr& c) { return !c->source; });
            if (self->is_patient) self->watch_patience();
        });
    }

    void end_the_silent() {
        const Time too_old = monotonic_now() - attach_patience;
        const std::list<ConnectionPtr> now = connections;  // turn_away() removes one
        for (const ConnectionPtr& one : now) {
            if (!one->source && one->since < too_old) turn_away(one, Rejection::idle_timeout);
        }
    }

    void check_rights() {
        const std::list<ConnectionPtr> now = connections;  // refuse_and_end() removes one
        for (const ConnectionPtr& one : now) {
            if (!one->source || admission.may_stay(*one->source, one->peer)) continue;
            admission.turned_away(one->peer, Rejection::revoked);
            refuse(one, "a reload revoked the right to publish");
            end(one, "a reload revoked its right to publish");
        }
    }

    void read_next(const ConnectionPtr& connection) {
        connection->descriptor.async_wait(Descriptor::wait_read,
                                          [self = shared_from_this(), connection](auto error) {
                                              // Asio may have it queued when poll() ends it.
                                              if (error || !connection->descriptor.is_open())
                                                  return;
                                              if (self->read_some(connection, messages_per_turn))
                                                  self->read_next(connection);
                                          });
    }

    // False: the connection has ended.
    bool read_some(const ConnectionPtr& connection, int messages_max) {
        for (int i = 0; i < messages_max; ++i) {
            const ssize_t size = recv(connection->descriptor.native_handle(), records.data(),
                                      sizeof records, MSG_DONTWAIT | MSG_TRUNC);
            if (size < 0 && errno == EINTR) continue;
            if (size < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return true;
            if (size <= 0)
                return end(connection, size == 0 ? "its connection closed without detaching"
                                                 : std::strerror(errno));
            if (!on_message(connection, static_cast<std::size_t>(size))) return false;
        }
        return true;
    }

    bool on_message(const ConnectionPtr& connection, std::size_t size) {
        const Time now = monotonic_now();
        if (size % sizeof(scram_signal) != 0 || size > sizeof records) {
            return refuse_and_end(connection,
                                  fmt::format("a message of {} bytes: 1 to {} records of 64 "
                                              "bytes are expected",
                                              size, +SCRAM_BATCH_MAX));
        }
        const std::size_t count = size / sizeof(scram_signal);
        if (records[0].kind == SCRAM_DOORBELL && count == 1 && connection->source)
            return on_doorbell(connection);
        if (records[0].kind >= SCRAM_ATTACH) {
            const scram_signal request = records[0];
            if (count == 1) return on_request(connection, request);
            return refuse_and_end(connection, "a request must be alone in its message");
        }
        if (!connection->source) return refuse_and_end(connection, "a signal before SCRAM_ATTACH");
        if (connection->has_ring) return refuse_and_end(connection, "a signal beside its ring");
        publish(*connection, count, now);
        return true;
    }

    // One message is one batch.
    void publish(const Connection& connection, std::size_t count, Time now) {
        for (std::size_t i = 0; i + 1 < count; ++i) {
            records[i].kind = scram_with_more(records[i].kind);
        }
        for (std::size_t i = 0; i < count; ++i) {
            clear_foreign_stamp(records[i], connection.attached_at, now);
            signals.signal(*connection.source, records[i], now);
        }
        if (scram_is_more(records[count - 1].kind) != 0)
            signals.batch_ended(*connection.source, now);
    }

    bool poll() {
        const bool any = feeds.poll();
        end_broken();
        return any;
    }

    void read_all(SourceId source) {
        const auto of_source = [&](const ConnectionPtr& c) { return c->source == source; };
        const auto found = std::find_if(connections.begin(), connections.end(), of_source);
        if (found == connections.end()) return;
        const ConnectionPtr connection = *found;
        feeds.read(source);
        end_broken();
        if (connection->descriptor.is_open()) read_some(connection, messages_waiting_max);
    }

    void end_broken() {
        while (const auto source = feeds.broken()) {
            const auto of_source = [&](const ConnectionPtr& c) { return c->source == source; };
            refuse_and_end(
                ConnectionPtr(*std::find_if(connections.begin(), connections.end(), of_source)),
                "a number out of order in its ring");
        }
    }

    // False: the connection has ended.
    bool on_doorbell(const ConnectionPtr& connection) {
        if (!poll() && connection->has_ring) feeds.look_behind(*connection->source);
        end_broken();
        return connection->descriptor.is_open();
    }

    bool on_request(const ConnectionPtr& connection, const scram_signal& request) {
        if (request.version != SCRAM_VERSION) {
            return refuse_and_end(
                connection, fmt::format("record version {}: this scramd speaks {}", request.version,
                                        +SCRAM_VERSION));
        }
        switch (request.kind) {
            case SCRAM_ATTACH:
                return attach(connection, request);
            case SCRAM_GOODBYE:
                return goodbye(connection, request);
            case SCRAM_FAMILY:
            case SCRAM_METRIC:
                return resolve(connection, request);
            default:
                return refuse_and_end(connection,
                                      fmt::format("unknown request kind {}", request.kind));
        }
    }

    bool attach(const ConnectionPtr& connection, const scram_signal& request) {
        const auto name = name_of(request);
        if (!name || connection->source) {
            return refuse(connection, name ? "already attached" : "an empty or unclosed name");
        }
        const auto result = admission.attach(*name, connection->peer);
        if (const auto* why = std::get_if<std::string>(&result)) return refuse(connection, *why);
        connection->source = std::get<SourceId>(result);
        scram_signal answer = answer_of(SCRAM_OK);
        answer.source = static_cast<std::uint16_t>(*connection->source);
        connection->attached_at = monotonic_now();
        answer.published_ns = ns_of(connection->attached_at);
        answer.sequence = SCRAM_KNOWS_BATCHES | SCRAM_KNOWS_RESTARTS;
        auto ring = request.sequence == SCRAM_WANTS_RING ? Ring::make() : std::nullopt;
        const std::array fds = {gates.fd(), ring ? ring->fd() : -1};
        send_message(connection->descriptor.native_handle(), answer, {},
                     std::span(fds).first(ring ? 2 : 1));
        connection->has_ring = ring.has_value();
        if (!ring) return true;
        ring->close_fd();
        feeds.add(*connection->source, std::move(*ring), connection->attached_at);
        return true;
    }

    bool resolve(const ConnectionPtr& connection, const scram_signal& request) {
        const auto name = name_of(request);
        if (!name) return refuse(connection, "an empty or unclosed name");
        if (!connection->source) return refuse(connection, "attach first");
        scram_signal answer = answer_of(SCRAM_OK);
        const auto take = [&](const auto& result, std::uint16_t& id) {
            if (const auto* why = std::get_if<std::string>(&result))
                return refuse(connection, *why);
            id = static_cast<std::uint16_t>(std::get<0>(result));
            send_message(connection->descriptor.native_handle(), answer, {});
            return true;
        };
        if (request.kind == SCRAM_METRIC)
            return take(admission.resolve_metric(*name), answer.metric);
        return take(admission.resolve_family(*connection->source, *name), answer.family);
    }

    bool goodbye(const ConnectionPtr& connection, const scram_signal& request) {
        if (connection->source && !connection->has_ring && request.sequence != 0)
            look_for_gap(*connection->source, request.sequence);
        send_message(connection->descriptor.native_handle(), answer_of(SCRAM_OK), {});
        connection->goodbye = true;
        return end(connection, {});
    }

    // By the socket a lost signal took a number. Of the last one nothing else would show.
    void look_for_gap(SourceId source, std::uint64_t last_number) {
        scram_signal end{};
        end.sequence = last_number + 1;
        end.published_ns = ns_of(monotonic_now());
        end.source = static_cast<std::uint16_t>(source);
        end.version = SCRAM_VERSION;
        end.kind = SCRAM_HEARTBEAT;
        signals.signal(source, end, monotonic_now());
    }

    bool refuse(const ConnectionPtr& connection, std::string_view why) {
        send_message(connection->descriptor.native_handle(), answer_of(SCRAM_REFUSED), why);
        return true;
    }

    bool refuse_and_end(const ConnectionPtr& connection, const std::string& why) {
        refuse(connection, why);
        if (!connection->source) admission.turned_away(connection->peer, Rejection::protocol_error);
        return end(connection, "it broke the protocol: " + why);
    }

    bool end(const ConnectionPtr& connection, const std::string& reason) {
        connection->descriptor.close();
        connections.remove(connection);
        if (!connection->source) return false;
        feeds.drain_and_remove(*connection->source);
        if (connection->goodbye) {
            admission.left(*connection->source);
        } else {
            admission.vanished(*connection->source, reason);
        }
        return false;
    }

    void stop() {
        stopped = true;
        door.close();
        patience_timer.cancel();
        for (const ConnectionPtr& connection : connections) {
            send_message(connection->descriptor.native_handle(), answer_of(SCRAM_CLOSING),
                         "scramd ends on purpose");
            connection->descriptor.close();
        }
        feeds.clear();
        connections.clear();
    }

    boost::asio::io_context& io;
    Gates& gates;
    SourceAdmission& admission;
    SignalSink& signals;
    Acceptor door;
    boost::asio::steady_timer patience_timer;
    const std::size_t unattached_max = share_of_descriptors(unattached_most);
    std::list<ConnectionPtr> connections;  // the one longest there first
    bool is_patient = false;               // its timer runs
    RingReaders feeds;
    Records records{};
    bool stopped = false;
};

Ingress::Ingress(boost::asio::io_context& io, Listener listener, Gates& gates,
                 SourceAdmission& admission, SignalSink& signals)
    : impl_(std::make_shared<Impl>(io, std::move(listener), gates, admission, signals)) {}

void Ingress::start() {
    impl_->door.open();
}

std::string Ingress::restore_socket() {
    return impl_->door.restore();
}

void Ingress::check_rights() {
    impl_->check_rights();
}

void Ingress::drill(SignalSink& sink) {
    impl_->feeds.drill(sink);
}

void Ingress::read(SourceId source) {
    impl_->read_all(source);
}

bool Ingress::poll() {
    return impl_->poll();
}

bool Ingress::has_only_rings() const {
    return std::ranges::none_of(impl_->connections, [](const Impl::ConnectionPtr& its) {
        return its->source && !its->has_ring;
    });
}

bool Ingress::fall_asleep() {
    impl_->gates.fall_asleep();
    return !impl_->poll();
}

void Ingress::wake() {
    impl_->gates.wake();
}

Ingress::~Ingress() {
    if (!impl_->stopped) impl_->stop();
}

void Ingress::stop() {
    impl_->stop();
}

}  // namespace scram
