// A Unix socket that scramd listens at: it hands over each connection as it comes.
#pragma once

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <string>

#include "net/unix_socket.h"

namespace scram {

class Door {
  public:
    // `on_connection` owns the non-blocking descriptor that it gets.
    Door(boost::asio::io_context& io, Listener listener, std::function<void(int fd)> on_connection);

    void open();
    // Removes the socket; no connection is handed over any more.
    void close();

  private:
    void await();
    void accept_some();

    std::string path_;
    std::function<void(int fd)> on_connection_;
    boost::asio::posix::stream_descriptor listener_;
    boost::asio::steady_timer pause_;
};

}  // namespace scram
