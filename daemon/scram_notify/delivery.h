// Brings a target what the spool has for it, one request at a time, until it is taken. Each target
// has its own, and none waits for another.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <string>

#include "daemon/scram_notify/config.h"
#include "daemon/scram_notify/post.h"
#include "daemon/scram_notify/spool.h"
#include "net/exchange/name_lookup.h"

namespace scram {

class Delivery {
  public:
    static constexpr Duration pause_first = 1s;  // doubles per failure, with some chance ...
    static constexpr Duration pause_max = 300s;  // ... up to this
    static constexpr int refusals_max = 5;       // of one notice, which then is set aside

    // `say` writes a line to the log. What is referred to outlives this and the loop.
    Delivery(boost::asio::io_context& io, Receiver receiver, std::string host,
             std::function<void(const std::string&)> say);

    // Delivers from now on.
    void start(Spool& spool, std::size_t target);
    // There may be something to deliver; urgent: a pause after a failure ends, unless the receiver
    // has asked for it.
    void kick(bool is_urgent);

    boost::asio::awaitable<PostResult> send(Notice notice);
    const Receiver& receiver() const { return receiver_; }

  private:
    boost::asio::awaitable<void> run();
    boost::asio::awaitable<void> deliver(std::uint64_t number, Notice notice);
    boost::asio::awaitable<std::string> look_up();
    boost::asio::awaitable<void> pause(Duration at_least);
    void set_aside(std::uint64_t number, const Notice& notice, const std::string& said);
    void ill(const std::string& why);
    void well();

    Receiver receiver_;
    std::string host_;
    std::function<void(const std::string&)> say_;
    Spool* spool_ = nullptr;
    std::size_t target_ = 0;
    boost::asio::steady_timer came_, paused_, found_;
    NameLookup lookup_;
    std::string lookup_error_;
    std::vector<Endpoint> addresses_;
    Duration next_pause_ = pause_first;
    bool is_ill_ = false;
    bool pause_is_asked_for_ = false;
};

}  // namespace scram
