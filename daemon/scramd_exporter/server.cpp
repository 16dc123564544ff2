#include "daemon/scramd_exporter/server.h"

#include <unistd.h>

#include <algorithm>

#include "daemon/scramd_exporter/session.h"
#include "net/clock.h"

namespace scram {
namespace {

constexpr Duration look_lives = 100ms;
constexpr Duration event_interval = 1s;

bool streams(const std::shared_ptr<WebSession>& session) {
    return session->streams();
}

}  // namespace

WebServer::WebServer(boost::asio::io_context& io, Listener listener, std::string page,
                     bool any_host)
    : page_(std::move(page)),
      any_host_(any_host),
      acceptor_(
          io, std::move(listener), [this](int fd) { take(fd); }, [] {}),
      events_due_(io),
      io_(io) {}

WebServer::~WebServer() = default;

void WebServer::start() {
    acceptor_.open();
    await_next_event();
}

void WebServer::stop() {
    acceptor_.close();
    events_due_.cancel();
    for (const auto& session : sessions_) session->close();
    sessions_.clear();
}

void WebServer::take(int fd) {
    if (sessions_.size() >= connections_max) {
        const auto oldest = std::find_if_not(sessions_.begin(), sessions_.end(), streams);
        (*oldest)->close();
        sessions_.erase(oldest);
    }
    sessions_.push_back(std::make_shared<WebSession>(*this, fd));
    sessions_.back()->start();
}

void WebServer::remove(const WebSession* session) {
    sessions_.remove_if([session](const auto& its) { return its.get() == session; });
}

bool WebServer::has_room_for_stream() const {
    return std::count_if(sessions_.begin(), sessions_.end(), streams) <
           static_cast<std::ptrdiff_t>(streams_max);
}

const Look& WebServer::look() {
    if (const Time now = monotonic_now(); looked_at_ == Time{} || now - looked_at_ > look_lives) {
        look_ = look_at(page_);
        looked_at_ = now;
    }
    return look_;
}

void WebServer::await_next_event() {
    events_due_.expires_after(event_interval);
    events_due_.async_wait([this](auto error) {
        if (error) return;
        send_events();
        await_next_event();
    });
}

void WebServer::send_events() {
    if (std::none_of(sessions_.begin(), sessions_.end(), streams)) return;
    const auto event = std::make_shared<const std::string>(web_event(look()));
    for (const auto& session : sessions_)
        if (session->streams()) session->send_event(event);
}

}  // namespace scram
