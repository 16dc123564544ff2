// One warm TLS connection to the exchange. It resolves, connects, shakes hands, sends ready bytes,
// reads answers and comes back by itself when it is lost. It decides nothing about cancels: what to
// send, when to give an answer up and what an answer means is the engine's.
//
// Threading: everything on the io_context's one thread. No function here blocks; names are looked
// up in threads that nobody waits for (net/exchange/name_lookup.h). Callbacks never run inside a
// call of the same link (send, abort, start, stop), so a caller may act on links from within them.
//
// No peer holds the loop, in whatever phase: a turn takes so much from the socket (TlsTurn in
// net/tls/socket_bio.h: 16 reads, 16 KiB, 200 us and what the step then begun takes), and what is
// over goes on in a turn of its own, behind all that waits. A handshake is given up over
// handshake_bytes_max, an answer over answer_bytes_max or answer_reads_max, as they came.
#pragma once

#include <boost/asio/io_context.hpp>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "core/base/ids.h"
#include "core/base/time.h"
#include "core/okx/taken.h"
#include "net/exchange/exchange_link.h"
#include "net/exchange/http_response.h"
#include "net/tls/context.h"
#include "net/tls/sealer.h"

namespace scram {

// TLS alone, with its chain of certificates: usually 3 to 6 KiB.
inline constexpr std::size_t handshake_bytes_max = 64 * 1024;
// From one answer to the next, with all framing and whatever TLS says for its own part.
inline constexpr std::size_t answer_bytes_max = 256 * 1024;
inline constexpr std::size_t answer_reads_max = 4096;

struct Frames;

struct LinkOptions {
    std::string host;
    std::uint16_t port = 443;
    Duration connect_timeout = 3s;    // for each address, TCP and TLS together
    Duration reconnect_first = 50ms;  // after a failure: doubles, with jitter of +-50 % ...
    Duration reconnect_max = 5s;      // ... up to this; back to the first after an answer was read
    // Which of the name's addresses to start from (modulo their number), so that a pool spreads
    // over the edge. The rest are tried in turn, IPv6 and IPv4 alternating.
    std::size_t address_offset = 0;
    bool wire_stamps = false;  // ask the kernel when a request left (net/wire/tx_timestamps.h)
    Frames* frames = nullptr;  // sealed requests leave as frames as well; null: they do not
    // With TLS 1.3, write records that we seal ourselves (net/tls/sealer.h); else OpenSSL writes.
    bool sealed = true;
    // Of one connection; then a new one takes over between two requests.
    std::uint64_t records_max = Sealer::numbers_max / 2;
    // "192.0.2.1": this address of the name alone, which is then not looked up.
    std::string address{};
    // While it is up too, so that it knows the name's present addresses when it is lost and the
    // name server is silent. Those that the name was last known by are used, and no others.
    Duration resolve_every = 60s;
};

// When is it certain that the peer took nothing of a request (Taken::nothing)? There are two
// proofs, and all else is `unknown`.
//
// 1. The kernel refused the request's first byte (send() failed): none left this host.
// 2. The peer had ended its side (close_notify or FIN), and by then had none of the request's
// bytes.
//    Every segment says how far the peer's kernel has received, the one with the FIN or the alert
//    too. If our kernel, which has read it, still counts all of the request as unacknowledged
//    (SIOCOUTQ), then the request had not arrived when the peer ended; and a server that has ended
//    its side processes no further request on the connection (RFC 9112, 9.6). The connection is
//    then ended with RST.
//
// With frames (net/wire/framer.h) the first holds only where none left before. The second holds as
// it is: a peer that had a frame's bytes when it ended acknowledges them with its end, and our
// kernel drops a segment that acknowledges what it has not sent, until it has.
//
// A RST alone is no proof, though nothing is acknowledged: a peer may have read the request within
// the delay of its acknowledgement (40 ms), have counted it and have been reset then, and the
// number in the RST itself is not taken over by our kernel.
class LinkObserver {
  public:
    // TLS is done and the peer verified; the link takes bytes.
    virtual void link_up(LinkId link, const std::string& peer_address, const std::string& tls) = 0;
    // An up link was lost, or (was_up false) an attempt to connect failed. `reason` is for a person
    // and names the host. A request in flight got no answer; what the peer took of it, see Taken
    // below. Without a request in flight there was `nothing` to take.
    virtual void link_down(LinkId link, bool was_up, Taken taken, const std::string& reason) = 0;
    // The whole answer to the request in flight; the link is idle again, unless keep_alive is
    // false: then link_down follows. `read_at` was taken when its last byte had been read.
    virtual void link_answered(LinkId link, const HttpResponse& answer, Time read_at) = 0;

  protected:
    ~LinkObserver() = default;
};

class Link final : public ExchangeLink {
  public:
    Link(boost::asio::io_context& io, TlsContext& tls, LinkId id, LinkOptions options,
         LinkObserver& observer);
    ~Link() override;
    Link(const Link&) = delete;
    Link& operator=(const Link&) = delete;

    void start() override;
    bool send(std::string_view request) override;
    bool seal(std::string_view request, SealedRecord& record) override;
    bool is_next(const SealedRecord& record) const override;
    bool send(const SealedRecord& record) override;
    void touch() const override;
    void abort(const std::string& reason) override;
    void stop() override;
    bool up() const override;
    bool in_flight() const;
    Time wire_time() const override;
    bool seals() const override;
    FrameState frame_state() const override;

  private:
    struct Impl;
    std::shared_ptr<Impl> impl_;
};

// `io`, `tls` and `frames` outlive what it makes. Where records are sealed, requests leave as
// frames too, unless `frames` is null.
LinkFactory links_over(boost::asio::io_context& io, TlsContext& tls, Frames* frames = nullptr);

}  // namespace scram
