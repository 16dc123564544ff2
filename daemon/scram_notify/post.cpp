#include "daemon/scram_notify/post.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/host_name_verification.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>
#include <charconv>

#include "net/clock.h"

namespace scram {
namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using Error = boost::system::error_code;
using Request = http::request<http::string_body>;
constexpr auto whole = asio::as_tuple(asio::use_awaitable);
constexpr std::uint32_t head_max = 16384;  // bytes of an answer

PostResult failed(std::string_view what, const Error& error) {
    const bool timed_out = error == boost::beast::error::timeout;
    return {PostResult::What::later,
            fmt::format("{}: {}", what, timed_out ? "no answer in time" : error.message()),
            {}};
}

Request request_of(const Receiver& to, std::string body, const std::string& id) {
    Request out{http::verb::post, to.address.target, 11};
    out.set(http::field::host, to.address.host_header());
    out.set(http::field::user_agent, "scram-notify");
    out.set(http::field::content_type, "application/json");
    out.set("X-Scram-Notice", id);
    out.keep_alive(false);
    out.body() = std::move(body);
    out.prepare_payload();
    return out;
}

template <class Stream>
asio::awaitable<PostResult> exchange(Stream& stream, Request& request) {
    const auto [not_sent, sent] = co_await http::async_write(stream, request, whole);
    if (not_sent) co_return failed("the request could not be sent", not_sent);
    boost::beast::flat_buffer buffer{head_max};
    http::response_parser<http::empty_body> parser;
    parser.header_limit(head_max);
    const auto [error, read] = co_await http::async_read_header(stream, buffer, parser, whole);
    if (error) co_return failed("no answer that is HTTP", error);
    const auto retry_after = parser.get()[http::field::retry_after];
    co_return result_of(parser.get().result_int(), {retry_after.data(), retry_after.size()});
}

// Each address gets its share of the time that is left.
asio::awaitable<Error> connect(boost::beast::tcp_stream& stream, std::vector<Endpoint> addresses,
                               Time end) {
    Error error = asio::error::host_not_found;
    for (std::size_t i = 0; i < addresses.size(); ++i) {
        const auto left = end - monotonic_now();
        if (left <= Duration::zero()) co_return error;
        stream.expires_after(left / static_cast<std::int64_t>(addresses.size() - i));
        const auto [why] = co_await stream.async_connect(addresses[i], whole);
        error = why;
        if (!error) break;
        stream.close();
    }
    co_return error;
}

// Made for each request, so that authorities that have changed on the disk count. Empty, or what is
// wrong.
std::string set_up(asio::ssl::context& tls, const std::string& ca_file) {
    using Tls = asio::ssl::context;
    Error error;
    tls.set_options(Tls::no_sslv2 | Tls::no_sslv3 | Tls::no_tlsv1 | Tls::no_tlsv1_1);
    tls.set_verify_mode(asio::ssl::verify_peer);
    tls.set_default_verify_paths(error);
    if (error) return "the system's certificate authorities: " + error.message();
    if (!ca_file.empty()) tls.load_verify_file(ca_file, error);
    return error ? fmt::format("ca_file {}: {}", ca_file, error.message()) : std::string();
}

bool is_address(const std::string& host) {
    Error error;
    (void)asio::ip::make_address(host, error);
    return !error;
}

asio::awaitable<PostResult> over_tls(const Receiver& to, boost::beast::tcp_stream& tcp,
                                     Request& request) {
    asio::ssl::context tls(asio::ssl::context::tls_client);
    if (std::string why = set_up(tls, to.config.ca_file); !why.empty())
        co_return PostResult{PostResult::What::later, std::move(why), {}};
    asio::ssl::stream<boost::beast::tcp_stream&> stream(tcp, tls);
    stream.set_verify_callback(asio::ssl::host_name_verification(to.address.host));
    if (!is_address(to.address.host))
        SSL_set_tlsext_host_name(stream.native_handle(), to.address.host.c_str());
    const auto [error] = co_await stream.async_handshake(asio::ssl::stream_base::client, whole);
    if (error) co_return failed("no TLS", error);
    co_return co_await exchange(stream, request);
}

}  // namespace

PostResult result_of(unsigned status, std::string_view retry_after) {
    PostResult out;
    out.said = fmt::format("answered {}", status);
    if (status >= 200 && status < 300)
        out.what = PostResult::What::taken;
    else if (status != 408 && status != 429 && status < 500)
        out.what = PostResult::What::refused;
    std::int64_t seconds = 0;
    const char* end = retry_after.data() + retry_after.size();
    const auto parsed = std::from_chars(retry_after.data(), end, seconds);
    if (parsed.ec == std::errc{} && parsed.ptr == end && seconds > 0)
        out.retry_after = std::chrono::seconds(std::min<std::int64_t>(seconds, 300));
    static_assert(retry_after_max == 300s);
    return out;
}

asio::awaitable<PostResult> post_to(const Receiver& to, std::vector<Endpoint> addresses,
                                    std::string body, std::string id) {
    const Time end = monotonic_now() + to.config.timeout;
    Request request = request_of(to, std::move(body), id);
    boost::beast::tcp_stream tcp(co_await asio::this_coro::executor);
    if (addresses.size() > addresses_max) addresses.resize(addresses_max);
    const Error error = co_await connect(tcp, std::move(addresses), end);
    if (error) co_return failed("cannot connect", error);
    tcp.expires_after(std::max<Duration>(end - monotonic_now(), 1ms));
    if (to.address.is_tls) co_return co_await over_tls(to, tcp, request);
    co_return co_await exchange(tcp, request);
}

}  // namespace scram
