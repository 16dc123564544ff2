// One TLS connection to the exchange, used by one thread that waits: no loop, no sealed records.
// Every wait has a deadline, and ends at once when scram-now is told to stop.
#pragma once

#include <openssl/ssl.h>
#include <sys/socket.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "core/base/time.h"
#include "net/exchange/http_response.h"
#include "net/tls/context.h"
#include "net/tls/socket_bio.h"

namespace scram {

struct NowAddress {
    sockaddr_storage bytes{};
    socklen_t size = 0;
    std::string text() const;  // 127.0.0.1:443, [::1]:443
};

class NowClient {
  public:
    // `stop_fd` becomes readable when all waiting is to end.
    NowClient(TlsContext& tls, int stop_fd) : tls_(tls), stop_fd_(stop_fd) {}
    ~NowClient() { close(); }
    NowClient(const NowClient&) = delete;
    NowClient& operator=(const NowClient&) = delete;

    // TCP and TLS, the peer verified. Empty, or why not.
    std::string connect(const NowAddress& address, Time deadline);
    bool is_open() const { return ssl_ != nullptr; }
    // Whether a request may go out on it: the peer has neither closed nor said anything unasked,
    // which would pass for the request's answer. If not, it is closed, and failure() says why.
    bool is_quiet();

    // Sends a request and waits for its answer, whose body is valid until the next. Nothing: the
    // connection was reset, and failure() says why.
    std::optional<HttpResponse> ask(std::string_view request, Time deadline);
    const std::string& failure() const { return failure_; }

    std::string tls_text() const;  // TLSv1.3 TLS_AES_256_GCM_SHA384
    void close();                  // by RST: nothing that was sent may arrive afterwards

  private:
    struct SslFree {
        void operator()(SSL* ssl) const { SSL_free(ssl); }
    };
    std::string open_tcp(const NowAddress& address, Time deadline);
    std::string shake_hands(Time deadline);
    // One step of OpenSSL, repeated until it is done. Empty, or why it cannot be.
    template <class Step>
    std::string drive(Step step, Time deadline);
    std::string wait(short events, Time deadline);
    std::string go_on(Time deadline) const;
    bool read_answer(Time deadline);
    bool fail(std::string why);

    TlsContext& tls_;
    int stop_fd_;
    int socket_ = -1;
    TlsSocket tls_socket_;  // outlives ssl_
    std::unique_ptr<SSL, SslFree> ssl_;
    HttpResponseParser parser_;
    std::string failure_;
    int last_error_ = 0;  // SSL_get_error of the last step
};

}  // namespace scram
