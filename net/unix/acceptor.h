// A Unix socket that scramd listens at: it hands over each connection as it comes.
#pragma once

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <string>

#include "net/unix/socket.h"

namespace scram {

class Acceptor {
  public:
    // `on_connection` owns the non-blocking descriptor that it gets.
    // `on_exhausted`: no descriptor is left for one who waits; said once, until there is one again.
    Acceptor(boost::asio::io_context& io, Listener listener,
             std::function<void(int fd)> on_connection, std::function<void()> on_exhausted);

    void open();
    // Makes the socket again if somebody has removed its file, so that nobody could reach it. Says
    // what came of it, once; empty: nothing to say.
    std::string restore();
    // Removes the socket; no connection is handed over any more.
    void close();

  private:
    void await();
    void accept_some();

    std::string path_;
    int type_;
    mode_t mode_;
    bool told_failure_ = false;
    bool exhausted_ = false;
    std::function<void(int fd)> on_connection_;
    std::function<void()> on_exhausted_;
    boost::asio::posix::stream_descriptor listener_;
    boost::asio::steady_timer pause_;
};

}  // namespace scram
