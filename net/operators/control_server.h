// The second door: a Unix stream socket for operators, one JSON object a line each way. It frames
// lines and bounds what a peer can cost; what a line means is its handler's.
#pragma once

#include <boost/asio/io_context.hpp>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "core/base/time.h"
#include "net/unix/socket.h"

namespace scram {

inline constexpr std::size_t control_line_max = 16 * 1024;
// A crowd keeps no operator out. All strangers, who hold no right, share one group; each user who
// holds one has his own. In a full group, or in a full room, a newcomer takes the place of the one
// longest there that neither watches nor awaits an outcome.
inline constexpr std::size_t control_clients_max = 512;  // or an eighth of all descriptors
inline constexpr std::size_t control_group_max = 64;
// Until the first line that its rights allow, and for a peer to take what it asked for.
inline constexpr Duration control_patience = 5s;
// What may wait for a watcher that does not read. One that lags further is cut off.
inline constexpr std::size_t control_backlog_max = 1024 * 1024;

// Takes the line that answers a request, then or later; who has gone meanwhile is told nothing.
using ControlAnswer = std::function<void(std::string_view line)>;

struct ControlReply {
    std::string line{};    // without its newline
    bool watch = false;    // from now on the peer gets what announce() is given
    bool granted = false;  // its rights allowed the line: it may stay
    // Set where the answer takes time: it is called with whom to tell, instead of `line`. Until
    // then the peer's next line is not read.
    std::function<void(ControlAnswer)> later{};
    // Set where a second line follows `line`, once something has come about: it is called with whom
    // to tell. What it returns belongs to the connection, which lets go of it when it is told or
    // ends. Until then the peer's next line is not read.
    std::function<std::shared_ptr<void>(ControlAnswer)> outcome{};
};

class ControlHandler {
  public:
    virtual bool holds_a_right(const Peer& peer) const = 0;
    // Asked again of each watcher by check_rights().
    virtual bool may_watch(const Peer&) const { return true; }
    virtual ControlReply on_line(const Peer& peer, std::string_view line) = 0;
    // Its last line: the connection ends with it.
    virtual std::string on_turned_away(const Peer& peer, Rejection why) = 0;

  protected:
    ~ControlHandler() = default;
};

class ControlServer {
  public:
    // `listener` is a SOCK_STREAM of listen_at().
    ControlServer(boost::asio::io_context& io, Listener listener, ControlHandler& handler);
    ~ControlServer();
    ControlServer(const ControlServer&) = delete;
    ControlServer& operator=(const ControlServer&) = delete;

    bool watched()
        const;  // is anybody watching? If not, announce() costs nothing worth making a line for
    void announce(std::string_view line);
    // The rights are others now: ends those who may no longer stay.
    void check_rights();
    void start();
    // Of its socket's file, see Acceptor.
    std::string restore_socket();
    void stop();

  private:
    struct Impl;
    std::shared_ptr<Impl> impl_;
};

}  // namespace scram
