// The exporter's HTTP server: one thread, and everything bounded: connections, what one may send,
// how long each step takes.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <list>
#include <memory>
#include <string>

#include "daemon/scramd_exporter/answer.h"
#include "net/unix/acceptor.h"

namespace scram {

class WebSession;

// Whoever connects gets one answer, and the connection ends; a stream of events ends with it or as
// soon as its reader is slow. The newest connection takes the place of the oldest, streams aside.
class WebServer {
  public:
    static constexpr std::size_t connections_max = 64;
    static constexpr std::size_t streams_max = 16;
    static_assert(streams_max < connections_max, "one that is no stream can make room");
    static constexpr std::uint32_t header_max = 8192;  // bytes
    static constexpr Duration request_time = 5s;       // to send it
    static constexpr Duration answer_time = 10s;       // to take the answer
    static constexpr Duration event_time = 5s;         // to take an event

    // `page`: the file. `any_host`: names of other hosts are answered too.
    WebServer(boost::asio::io_context& io, Listener listener, std::string page, bool any_host);
    ~WebServer();

    void start();
    void stop();

  private:
    friend class WebSession;

    void take(int fd);
    void remove(const WebSession* session);
    // Read again where the last one is older than a moment: many who ask cost no more reads.
    const Look& look();
    bool has_room_for_stream() const;
    void await_next_event();
    void send_events();

    std::string page_;
    bool any_host_;
    Acceptor acceptor_;
    boost::asio::steady_timer events_due_;
    boost::asio::io_context& io_;
    std::list<std::shared_ptr<WebSession>> sessions_;  // the oldest first
    Look look_;
    Time looked_at_{};
};

}  // namespace scram
