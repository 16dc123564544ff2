// What the loop asks of a link to the exchange. Over TLS it is net/exchange/link.h's Link; in a
// test of the loop, a script.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "core/base/ids.h"
#include "core/base/time.h"
#include "net/tls/sealer.h"
#include "net/wire/frames.h"

namespace scram {

struct LinkOptions;
class LinkObserver;

class ExchangeLink {
  public:
    virtual ~ExchangeLink() = default;

    virtual void start() = 0;
    // Hands the whole request to TLS and the kernel before it returns (a small rest that the kernel
    // does not take is sent as soon as it does). Precondition: up() and no request in flight; else
    // nothing is sent, and false.
    // False: no byte of it left or will, and the connection is lost: link_down(Taken::nothing) will
    // follow, and the request may go out on another link at once.
    // Where the records are ours it seals now, at the price of a third of a microsecond.
    virtual bool send(std::string_view request) = 0;

    // Encrypts `request` as the record that the peer expects next. Good until a record leaves on
    // this connection; any number may be sealed for the same place. Does not allocate. False, and
    // `record` is none: not up, or the records are not ours, or it is over request_max.
    virtual bool seal(std::string_view request, SealedRecord& record) = 0;
    // Whether `record` is still the next of this connection.
    virtual bool is_next(const SealedRecord& record) const = 0;
    // As send(request), from bytes sealed before. Precondition: is_next(record) too; else nothing
    // is sent, and false.
    virtual bool send(const SealedRecord& record) = 0;

    // Has the kernel look at the connection as for a request, and sends nothing.
    virtual void touch() const = 0;

    // Ends the connection with RST, so that bytes still under way are dead, and reconnects at once.
    // link_down follows. A link that is not up has nothing to abort and goes on as it was.
    virtual void abort(const std::string& reason) = 0;
    // Says close_notify, closes, and stays down. No callback follows.
    virtual void stop() = 0;

    virtual bool up() const = 0;
    // The kernel's TX stamp of the request sent last, known with its answer at the latest; stays
    // until the next is sent, also when the link is lost. Time{}: none.
    virtual Time wire_time() const = 0;
    virtual bool seals() const = 0;  // it is up, and its records are ours to seal
    // Whether the next request leaves as a frame too, and if not, why.
    virtual FrameState frame_state() const { return FrameState::off; }
};

using LinkFactory =
    std::function<std::unique_ptr<ExchangeLink>(LinkId, const LinkOptions&, LinkObserver&)>;

}  // namespace scram
