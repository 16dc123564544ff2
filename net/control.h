// The second door: a Unix stream socket for operators, one JSON object a line each way. It frames
// lines and bounds what a peer can cost; what a line means is its handler's.
#pragma once

#include <boost/asio/io_context.hpp>
#include <memory>
#include <string>
#include <string_view>

#include "net/unix_socket.h"

namespace scram {

inline constexpr std::size_t control_line_max = 16 * 1024;
// The next one takes the place of the one longest there that does not watch: a crowd that says
// nothing keeps no operator out.
inline constexpr std::size_t control_clients_max = 256;
// What may wait for a peer that does not read. One that lags further is cut off.
inline constexpr std::size_t control_backlog_max = 4 * 1024 * 1024;

struct ControlReply {
    std::string line;    // without its newline
    bool watch = false;  // from now on the peer gets what announce() is given
};

class ControlHandler {
  public:
    virtual ControlReply on_line(const Peer& peer, std::string_view line) = 0;
    // The answer to a line that is longer than control_line_max; the connection ends with it.
    virtual std::string on_long_line() = 0;

  protected:
    ~ControlHandler() = default;
};

class Control {
  public:
    // `listener` is a SOCK_STREAM of listen_at().
    Control(boost::asio::io_context& io, Listener listener, ControlHandler& handler);
    ~Control();
    Control(const Control&) = delete;
    Control& operator=(const Control&) = delete;

    bool watched()
        const;  // is anybody watching? If not, announce() costs nothing worth making a line for
    void announce(std::string_view line);
    void start();
    void stop();

  private:
    struct Impl;
    std::shared_ptr<Impl> impl_;
};

}  // namespace scram
