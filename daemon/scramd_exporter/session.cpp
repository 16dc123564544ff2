#include "daemon/scramd_exporter/session.h"

#include <sys/socket.h>

#include <boost/asio/write.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/write.hpp>
#include <sstream>

#include "daemon/scramd_exporter/web_page.h"

namespace scram {
namespace {

namespace http = boost::beast::http;

int family_of(int fd) {
    int family = AF_UNIX;
    socklen_t size = sizeof family;
    getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &family, &size);
    return family;
}

template <class Message>
void set_head(Message& message, const WebAnswer& answer) {
    message.version(11);
    message.result(answer.status);
    message.set(http::field::content_type, answer.content_type);
    message.set(http::field::cache_control, "no-store");
    message.set("Content-Security-Policy", web_policy);
    message.set("X-Content-Type-Options", "nosniff");
    message.set("Referrer-Policy", "no-referrer");
    if (answer.status == 405) message.set(http::field::allow, "GET, HEAD");
    message.keep_alive(false);
}

WebAnswer fault(unsigned status, std::string text) {
    return {status, "text/plain; charset=utf-8", std::move(text), false};
}

}  // namespace

WebSession::WebSession(WebServer& server, int fd) : server_(server), stream_(server.io_) {
    const int family = family_of(fd);
    is_local_socket_ = family == AF_UNIX;
    stream_.socket().assign(boost::asio::generic::stream_protocol(family, 0), fd);
    parser_.header_limit(WebServer::header_max);
    parser_.skip(true);  // a body has no meaning here, and is not read
}

void WebSession::start() {
    stream_.expires_after(WebServer::request_time);
    http::async_read_header(stream_, buffer_, parser_,
                            [self = shared_from_this()](boost::beast::error_code error, auto) {
                                self->on_request(error);
                            });
}

void WebSession::on_request(boost::beast::error_code error) {
    if (ended_) return;
    if (error == http::error::header_limit || error == http::error::buffer_overflow)
        return send(fault(431, "the request's header is too long\n"));
    if (error && error.category() == http::make_error_code(http::error::bad_method).category() &&
        error != http::error::end_of_stream && error != http::error::partial_message)
        return send(fault(400, "this is no HTTP request\n"));
    if (error) return end();
    WebAnswer made = answer();
    if (!made.streams || parser_.get().method() == http::verb::head) return send(std::move(made));
    if (!server_.has_room_for_stream())
        return send(fault(503, "too many follow the events already\n"));
    begin_stream(made);
}

WebAnswer WebSession::answer() {
    const auto& request = parser_.get();
    const auto text = [](auto view) { return std::string_view(view.data(), view.size()); };
    const std::string_view host = text(request[http::field::host]);
    // A page of the internet can have its name point here, and then read what is answered.
    if (!server_.any_host_ && !is_local_socket_ && !is_local_host(host))
        return fault(421, "ask for this by address or as localhost, or start it with --public\n");
    return answer_to(
        {text(request.method_string()), text(request.target()), text(request[http::field::accept])},
        [this]() -> const Look& { return server_.look(); });
}

void WebSession::send(WebAnswer answer) {
    set_head(response_, answer);
    response_.content_length(answer.body.size());
    if (parser_.get().method() != http::verb::head) response_.body() = std::move(answer.body);
    stream_.expires_after(WebServer::answer_time);
    http::async_write(stream_, response_, [self = shared_from_this()](auto, auto) { self->end(); });
}

// Its first event is there at once.
void WebSession::begin_stream(const WebAnswer& answer) {
    streams_ = true;
    http::response<http::empty_body> head;
    set_head(head, answer);
    std::ostringstream text;
    text << head.base();
    event_ = std::make_shared<const std::string>(text.str() + answer.body);
    write_event();
}

void WebSession::send_event(const std::shared_ptr<const std::string>& event) {
    if (event_) return;
    event_ = event;
    write_event();
}

void WebSession::write_event() {
    stream_.expires_after(WebServer::event_time);
    boost::asio::async_write(stream_, boost::asio::buffer(*event_),
                             [self = shared_from_this()](auto error, auto) {
                                 self->event_.reset();
                                 if (error) self->end();
                             });
}

void WebSession::close() {
    ended_ = true;
    boost::system::error_code ignored;
    stream_.socket().shutdown(boost::asio::socket_base::shutdown_send, ignored);
    stream_.close();
}

void WebSession::end() {
    if (ended_) return;
    close();
    server_.remove(this);
}

}  // namespace scram
