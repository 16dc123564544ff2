// okxsim: the simulated OKX. HTTPS as OKX speaks it on one port, a plain admin port beside it; the
// ports go to stdout as one line of JSON when both are open.
#include <openssl/ssl.h>

#include <fmt/format.h>
#include <CLI/CLI.hpp>
#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/signal_set.hpp>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <exception>
#include <stdexcept>

#include "tests/exchange/accounts.h"
#include "tests/exchange/admin.h"
#include "tests/exchange/exchange.h"
#include "tests/exchange/server.h"

namespace scram::okxsim {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;

struct Options {
    std::string cert;
    std::string key;
    std::string accounts;
    std::string listen = "127.0.0.1:0";
    std::string admin = "127.0.0.1:0";
    std::string window = "sliding";
    std::string tls_max = "1.3";
    bool log = false;
};

void declare(CLI::App& app, Options& options) {
    app.add_option("--cert", options.cert, "the server's certificate chain, PEM")->required();
    app.add_option("--key", options.key, "its private key, PEM")->required();
    app.add_option("--accounts", options.accounts, "who may trade, TOML")->required();
    app.add_option("--listen", options.listen, "HTTPS, ADDRESS:PORT; port 0: any")
        ->capture_default_str();
    app.add_option("--admin", options.admin, "plain HTTP for makers and tests, loopback only")
        ->capture_default_str();
    app.add_option("--window", options.window, "how 5 requests per 2 s are counted")
        ->check(CLI::IsMember({"sliding", "fixed"}))
        ->capture_default_str();
    app.add_option("--tls-max", options.tls_max, "the newest TLS offered; 1.1: that one only")
        ->check(CLI::IsMember({"1.1", "1.2", "1.3"}))
        ->capture_default_str();
    app.add_flag("--log", options.log, "a line per request on stderr");
}

tcp::endpoint endpoint_from(const std::string& text) {
    const auto colon = std::min(text.rfind(':'), text.size());
    std::string host = text.substr(0, colon);
    if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
    boost::system::error_code error;
    const auto address = asio::ip::make_address(host, error);
    unsigned short port = 0;
    const char* end = text.data() + text.size();
    const auto digits = std::min(text.data() + colon + 1, end);
    const auto parsed = std::from_chars(digits, end, port);
    if (error || parsed.ec != std::errc() || parsed.ptr != end) {
        throw std::runtime_error(text + ": ADDRESS:PORT is expected, such as 127.0.0.1:0");
    }
    return {address, port};
}

tcp::endpoint loopback_from(const std::string& text) {
    const tcp::endpoint endpoint = endpoint_from(text);
    if (endpoint.address().is_loopback()) return endpoint;
    throw std::runtime_error(text + ": the admin port has no lock, so it must be on loopback");
}

// TLS 1.1 is offered alone, for clients that must refuse it; OpenSSL 3 speaks it at level 0 only.
void limit_version(SSL_CTX* context, const std::string& tls_max) {
    if (tls_max == "1.1") {
        SSL_CTX_set_cipher_list(context, "DEFAULT:@SECLEVEL=0");
        SSL_CTX_set_min_proto_version(context, TLS1_1_VERSION);
        SSL_CTX_set_max_proto_version(context, TLS1_1_VERSION);
        return;
    }
    SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
    SSL_CTX_set_max_proto_version(context, tls_max == "1.2" ? TLS1_2_VERSION : TLS1_3_VERSION);
}

asio::ssl::context tls_from(const Options& options) {
    asio::ssl::context tls(asio::ssl::context::tls_server);
    limit_version(tls.native_handle(), options.tls_max);
    boost::system::error_code error;
    tls.use_certificate_chain_file(options.cert, error);
    if (error) throw std::runtime_error(options.cert + ": " + error.message());
    tls.use_private_key_file(options.key, asio::ssl::context::pem, error);
    if (error) throw std::runtime_error(options.key + ": " + error.message());
    return tls;
}

Now now() {
    using namespace std::chrono;
    return {.mono = steady_clock::now().time_since_epoch(),
            .wall = floor<milliseconds>(system_clock::now().time_since_epoch())};
}

Exchange exchange_from(const Options& options) {
    auto file = load_accounts(options.accounts);
    if (const auto* error = std::get_if<std::string>(&file)) throw std::runtime_error(*error);
    return {std::get<AccountsFile>(std::move(file)),
            options.window == "fixed" ? WindowKind::fixed : WindowKind::sliding, now().mono};
}

void log_line(const Request& request, const Delivery& delivery) {
    const std::string first = delivery.pieces.empty() ? "no answer" : delivery.pieces.front();
    fmt::print(stderr, "{} {} -> {}\n", request.method, request.target,
               first.substr(0, first.find('\r')));
}

void run(const Options& options) {
    asio::io_context io(1);
    asio::ssl::context tls = tls_from(options);
    Exchange exchange = exchange_from(options);

    Server https(io, endpoint_from(options.listen), &tls, [&](const Request& request) {
        Delivery delivery = exchange.serve(request, now());
        if (options.log) log_line(request, delivery);
        return delivery;
    });
    Admin admin(exchange,
                {.counts = [&] { return https.counts(); }, .drop = [&] { https.drop_all(); }});
    Server plain(io, loopback_from(options.admin), nullptr,
                 [&](const Request& request) { return admin.serve(request, now()); });

    asio::signal_set signals(io, SIGTERM, SIGINT);
    signals.async_wait([&](auto, int) { io.stop(); });
    fmt::print("{{\"https\":{},\"admin\":{}}}\n", https.port(), plain.port());
    std::fflush(stdout);
    io.run();
}

}  // namespace
}  // namespace scram::okxsim

int main(int argc, char** argv) {
    CLI::App app("okxsim: a simulated OKX for tests, demo and bench");
    scram::okxsim::Options options;
    scram::okxsim::declare(app, options);
    CLI11_PARSE(app, argc, argv);
    try {
        scram::okxsim::run(options);
        return 0;
    } catch (const std::exception& error) {
        fmt::print(stderr, "okxsim: {}\n", error.what());
        return 1;
    }
}
