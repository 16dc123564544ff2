// Where sources attach and publish: a Unix SEQPACKET socket whose messages are core/signal.h's
// records, and for each source that wants it a ring in shared memory. It reads, and answers
// requests; whether a source may attach and what a signal means is decided by those behind
// SignalSink.
#pragma once

#include <boost/asio/io_context.hpp>
#include <memory>
#include <string>
#include <string_view>
#include <variant>

#include "core/base/ids.h"
#include "core/base/time.h"
#include "core/signal.h"
#include "net/sources/gates.h"
#include "net/unix/socket.h"

namespace scram {

// Until a connection attaches.
inline constexpr Duration attach_patience = 10s;
// Connections of one user that have not attached. The newest takes the oldest's place.
inline constexpr std::size_t unattached_per_user_max = 64;

class SignalSink {
  public:
    // A source's name and process; its id, or why it may not attach (what was expected).
    virtual std::variant<SourceId, std::string> attach(std::string_view name, const Peer& peer) = 0;
    // Asked again of each that is attached by check_rights().
    virtual bool may_stay(SourceId, const Peer&) { return true; }
    virtual std::variant<FamilyId, std::string> resolve_family(SourceId source,
                                                               std::string_view name) = 0;
    virtual std::variant<MetricId, std::string> resolve_metric(std::string_view name) = 0;
    // Source none: a drill.
    virtual void signal(SourceId source, const scram_signal& signal, Time read_at) = 0;
    // What it published ends with one that has more to follow, and nothing follows.
    virtual void batch_ended(SourceId source, Time read_at) = 0;
    // More of its signals than before found its ring full.
    virtual void signals_lost(SourceId source, Time seen_at) = 0;
    virtual void left(SourceId source) = 0;
    // `reason`: its connection closed without goodbye, or it broke the protocol.
    virtual void vanished(SourceId source, const std::string& reason) = 0;
    // One that had not attached.
    virtual void turned_away(const Peer& peer, Rejection why) = 0;

  protected:
    ~SignalSink() = default;
};

class Ingress {
  public:
    // `listener` is a SOCK_SEQPACKET of listen_at().
    Ingress(boost::asio::io_context& io, Listener listener, Gates& gates, SignalSink& sink);
    ~Ingress();
    Ingress(const Ingress&) = delete;
    Ingress& operator=(const Ingress&) = delete;

    void start();
    // Of its socket's file, see Acceptor.
    std::string restore_socket();

    // The rights are others now: ends sources that may no longer publish, as vanished.
    void check_rights();

    // Reads what the rings hold, of each only so much that it holds up no other. True if there was
    // anything. The socket is read by `io`.
    bool poll();
    // Reads all that the source has published until now, from its ring and its socket.
    void read(SourceId source);
    // The way of a signal without one, to keep it warm: the sink gets an empty one of source none.
    void drill();
    // Before blocking in `io`: has sources ring the doorbell from now on, and polls once more.
    // True: block, whatever is published wakes it. False: wake() and go on.
    bool fall_asleep();
    void wake();

    // Tells every source that scramd ends (SCRAM_CLOSING), closes, removes the socket. Reports
    // nothing.
    void stop();

  private:
    struct Impl;
    std::shared_ptr<Impl> impl_;
};

}  // namespace scram
