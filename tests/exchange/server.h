// HTTP/1.1 on a listening port, with or without TLS: reads requests, sends deliveries, in order.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <functional>
#include <memory>

#include "tests/exchange/delivery.h"
#include "tests/exchange/message.h"
#include "tests/exchange/state.h"

namespace scram::okxsim {

using Handler = std::function<Delivery(const Request&)>;

class Server {
  public:
    // `tls` null: plain HTTP. Throws boost::system::system_error if the address cannot be had.
    Server(boost::asio::io_context& io, const boost::asio::ip::tcp::endpoint& endpoint,
           boost::asio::ssl::context* tls, Handler handler);
    ~Server();

    unsigned port() const;
    WireCounts counts() const;
    void drop_all();  // RST on every connection

  private:
    struct Impl;
    std::shared_ptr<Impl> impl_;
};

}  // namespace scram::okxsim
