// An ordinary bot, as one would write it with Boost: io.run() waits for a value on a Unix socket;
// a breach is signed and sent there and then, by Beast over Asio's TLS stream on a connection that
// has been open for long. What the kill switch is compared with.
//
//   scram_bench_bot HOST PORT CA_FILE SOCKET KEY SECRET PASSPHRASE CONNECTIONS CPU
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <fmt/format.h>
#include <array>
#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/datagram_protocol.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/ssl.hpp>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <memory>
#include <string>
#include <vector>

#include "bench/clock.h"

namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using asio::ip::tcp;
using Request = http::request<http::string_body>;
using Response = http::response<http::string_body>;
using boost::system::error_code;

constexpr double limit = 25;

struct Options {
    std::string host, port, ca_file, socket, key, secret, passphrase;
};

std::string timestamp() {
    using namespace std::chrono;
    const auto now = system_clock::now();
    const std::time_t seconds = system_clock::to_time_t(now);
    const auto millis = duration_cast<milliseconds>(now.time_since_epoch()).count() % 1000;
    std::tm utc{};
    gmtime_r(&seconds, &utc);
    return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", utc.tm_year + 1900,
                       utc.tm_mon + 1, utc.tm_mday, utc.tm_hour, utc.tm_min, utc.tm_sec, millis);
}

std::string sign(const std::string& secret, const std::string& text) {
    std::array<unsigned char, EVP_MAX_MD_SIZE> mac{};
    unsigned size = 0;
    HMAC(EVP_sha256(), secret.data(), static_cast<int>(secret.size()),
         reinterpret_cast<const unsigned char*>(text.data()), text.size(), mac.data(), &size);
    std::array<unsigned char, 64> base64{};
    const int length = EVP_EncodeBlock(base64.data(), mac.data(), static_cast<int>(size));
    return {reinterpret_cast<const char*>(base64.data()), static_cast<std::size_t>(length)};
}

Request mass_cancel(const Options& options) {
    const std::string path = "/api/v5/trade/mass-cancel";
    const std::string body = R"({"instType":"OPTION","instFamily":"BTC-USD","lockInterval":"0"})";
    const std::string now = timestamp();
    Request request(http::verb::post, path, 11, body);
    request.set(http::field::host, options.host);
    request.set(http::field::user_agent, "bot");
    request.set(http::field::content_type, "application/json");
    request.set("OK-ACCESS-KEY", options.key);
    request.set("OK-ACCESS-SIGN", sign(options.secret, now + "POST" + path + body));
    request.set("OK-ACCESS-TIMESTAMP", now);
    request.set("OK-ACCESS-PASSPHRASE", options.passphrase);
    request.prepare_payload();
    return request;
}

[[noreturn]] void give_up(const char* what, const error_code& error) {
    fmt::print(stderr, "scram_bench_bot: {}: {}\n", what, error.message());
    std::exit(1);
}

class Connection {
  public:
    Connection(asio::io_context& io, asio::ssl::context& tls, const Options& options)
        : stream_(io, tls) {
        tcp::resolver resolver(io);
        asio::connect(stream_.next_layer(), resolver.resolve(options.host, options.port));
        stream_.next_layer().set_option(tcp::no_delay(true));
        stream_.handshake(asio::ssl::stream_base::client);
    }

    void cancel(const Options& options) {
        request_ = mass_cancel(options);
        http::async_write(stream_, request_, [this](error_code error, std::size_t) {
            if (error) give_up("write", error);
            read();
        });
    }

  private:
    void read() {
        response_ = {};
        http::async_read(stream_, buffer_, response_, [](error_code error, std::size_t) {
            if (error) give_up("read", error);
        });
    }

    asio::ssl::stream<tcp::socket> stream_;
    boost::beast::flat_buffer buffer_;
    Request request_;
    Response response_;
};

class Bot {
  public:
    Bot(asio::io_context& io, asio::ssl::context& tls, Options options, std::size_t connections)
        : options_(std::move(options)), values_(io, Datagram::endpoint(options_.socket)) {
        for (std::size_t i = 0; i < connections; ++i)
            pool_.push_back(std::make_unique<Connection>(io, tls, options_));
        await_value();
    }

  private:
    using Datagram = asio::local::datagram_protocol;

    void await_value() {
        values_.async_receive(asio::buffer(&value_, sizeof value_),
                              [this](error_code error, std::size_t) {
                                  if (error) give_up("receive", error);
                                  if (value_ > limit)
                                      pool_[turn_++ % pool_.size()]->cancel(options_);
                                  await_value();
                              });
    }

    Options options_;
    Datagram::socket values_;
    std::vector<std::unique_ptr<Connection>> pool_;
    std::size_t turn_ = 0;
    double value_ = 0;
};

void run(char** argv) {
    asio::io_context io(1);
    asio::ssl::context tls(asio::ssl::context::tls_client);
    tls.load_verify_file(argv[3]);
    tls.set_verify_mode(asio::ssl::verify_peer);
    Bot bot(io, tls, {argv[1], argv[2], argv[3], argv[4], argv[5], argv[6], argv[7]},
            static_cast<std::size_t>(std::atoi(argv[8])));
    scram::bench::stay_on(std::atoi(argv[9]));
    scram::bench::urgent_when_woken();
    std::puts("ready");
    std::fflush(stdout);
    io.run();
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 10) {
        fmt::print(stderr,
                   "usage: scram_bench_bot HOST PORT CA_FILE SOCKET KEY SECRET PASSPHRASE "
                   "CONNECTIONS CPU\n");
        return 2;
    }
    try {
        run(argv);
        return 0;
    } catch (const std::exception& error) {
        fmt::print(stderr, "scram_bench_bot: {}\n", error.what());
        return 1;
    }
}
