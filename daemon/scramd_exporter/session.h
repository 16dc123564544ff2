// One connection of the exporter.
#pragma once

#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/beast/core/basic_stream.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <memory>
#include <string>

#include "daemon/scramd_exporter/server.h"

namespace scram {

class WebSession : public std::enable_shared_from_this<WebSession> {
  public:
    // Owns `fd`, a connected socket that does not block.
    WebSession(WebServer& server, int fd);

    void start();
    void close();
    bool streams() const { return streams_; }
    // Left out if the one before is still being taken.
    void send_event(const std::shared_ptr<const std::string>& event);

  private:
    using Response = boost::beast::http::response<boost::beast::http::string_body>;

    void on_request(boost::beast::error_code error);
    WebAnswer answer();
    void send(WebAnswer answer);
    void begin_stream(const WebAnswer& answer);
    void write_event();
    void end();

    WebServer& server_;
    boost::beast::basic_stream<boost::asio::generic::stream_protocol> stream_;
    bool is_local_socket_ = false;
    boost::beast::flat_buffer buffer_{WebServer::header_max};
    boost::beast::http::request_parser<boost::beast::http::empty_body> parser_;
    Response response_;
    std::shared_ptr<const std::string> event_;  // that is being written; none: the last was taken
    bool streams_ = false;
    bool ended_ = false;
};

}  // namespace scram
