// Where sources attach and publish: a Unix SEQPACKET socket whose messages are core/signal.h's
// records, and for each source that wants it a ring in shared memory. It reads, and answers
// requests. Whether a source may attach is SourceAdmission's to say, and what a signal means
// SignalSink's.
#pragma once

#include <boost/asio/io_context.hpp>
#include <memory>
#include <string>

#include "core/base/ids.h"
#include "core/base/time.h"
#include "net/sources/gates.h"
#include "net/sources/signal_sink.h"
#include "net/sources/source_admission.h"
#include "net/unix/socket.h"

namespace scram {

// Until a connection attaches.
inline constexpr Duration attach_patience = 10s;
// Connections of one user that have not attached. The newest takes the oldest's place.
inline constexpr std::size_t unattached_per_user_max = 64;

class Ingress {
  public:
    // `listener` is a SOCK_SEQPACKET of listen_at().
    Ingress(boost::asio::io_context& io, Listener listener, Gates& gates,
            SourceAdmission& admission, SignalSink& signals);
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
    // Nobody publishes by the socket.
    bool has_only_rings() const;
    // Reads all that the source has published until now, from its ring and its socket.
    void read(SourceId source);
    // The way of a signal without one, to keep it warm: `sink` gets an empty one of source none.
    void drill(SignalSink& sink);
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
