// Where sources attach and publish: a Unix SEQPACKET socket whose messages are core/signal.h's
// records. It reads, and answers requests; whether a source may attach and what a signal means is
// decided by those behind SignalSink.
#pragma once

#include <boost/asio/io_context.hpp>
#include <memory>
#include <string>
#include <string_view>
#include <variant>

#include "core/ids.h"
#include "core/signal.h"
#include "core/time.h"
#include "net/gates.h"
#include "net/unix_socket.h"

namespace scram {

class SignalSink {
  public:
    // A source's name and process; its id, or why it may not attach (what was expected).
    virtual std::variant<SourceId, std::string> attach(std::string_view name, const Peer& peer) = 0;
    virtual std::variant<FamilyId, std::string> resolve_family(SourceId source,
                                                               std::string_view name) = 0;
    virtual std::variant<MetricId, std::string> resolve_metric(std::string_view name) = 0;
    virtual void signal(SourceId source, const scram_signal& signal, Time read_at) = 0;
    virtual void left(SourceId source) = 0;
    // `reason`: its connection closed without goodbye, or it broke the protocol.
    virtual void vanished(SourceId source, const std::string& reason) = 0;

  protected:
    ~SignalSink() = default;
};

class Ingress {
  public:
    // `listener` is a SOCK_SEQPACKET of listen_at().
    Ingress(boost::asio::io_context& io, Listener listener, const Gates& gates, SignalSink& sink);
    ~Ingress();
    Ingress(const Ingress&) = delete;
    Ingress& operator=(const Ingress&) = delete;

    void start();
    // Tells every source that scramd ends (SCRAM_CLOSING), closes, removes the socket. Reports
    // nothing.
    void stop();

  private:
    struct Impl;
    std::shared_ptr<Impl> impl_;
};

}  // namespace scram
