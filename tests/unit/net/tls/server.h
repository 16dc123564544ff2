// A TLS server in a thread that does to its clients what a test tells it to, one client after the
// other.
#pragma once

#include <openssl/ssl.h>

#include <atomic>
#include <functional>
#include <mutex>
#include <string>
#include <thread>

#include "tests/unit/net/tls/certificates.h"

namespace scram::testing {

// One client as the server sees it. All calls block; false or "" once the client is gone.
class Client {
  public:
    Client(SSL_CTX* context, int fd);
    ~Client();
    Client(const Client&) = delete;
    Client& operator=(const Client&) = delete;

    bool shake_hands();
    std::string read_request();  // up to the empty line
    std::string read_bytes(std::size_t count);
    bool write(const std::string& bytes);
    bool answer(const std::string& body);  // 200 with a Content-Length
    bool write_plain(const std::string& bytes);
    std::string read_plain();
    void say_goodbye();                           // close_notify
    void send_ticket();                           // TLS 1.3
    void renew_keys(bool and_asks_for_new_ones);  // TLS 1.3
    void ask_to_renegotiate();                    // TLS 1.2
    // Finds fault with the next record, whatever it is, and says so by an alert.
    void refuse_next_record();
    void reset();      // RST instead of FIN when the visit is over ...
    void reset_now();  // ... or now
    // Reads until the client is gone: "goodbye" (close_notify), "closed" or "reset".
    std::string how_it_ended();
    void await_close();  // the same below TLS, whatever comes

    // What came, as it came, and (TLS 1.3) of what secret its keys are.
    const std::string& raw() const { return raw_; }
    const std::string& secret() const { return secret_; }

  private:
    friend void keep_secret(const SSL* ssl, const char* line);
    static long keep_raw(BIO* bio, int operation, const char* bytes, std::size_t, int, long,
                         int result, std::size_t* got);

    int fd_;
    SSL* ssl_;
    std::string raw_, secret_;
};

// Lets a server wait for its test. Opened at the latest when the opener goes, so that a failed test
// ends.
class Gate {
  public:
    struct Opener {
        Gate& gate;
        ~Opener() { gate.open(); }
    };
    void open() {
        open_ = true;
        open_.notify_all();
    }
    void wait() const { open_.wait(false); }

  private:
    std::atomic<bool> open_{false};
};

struct ServerSetup {
    const Certificate* certificate = nullptr;
    int version_max = TLS1_3_VERSION;
    std::string address = "127.0.0.1";
    std::uint16_t port = 0;                   // 0: any
    const Certificate* also_sends = nullptr;  // in its chain
    const char* suite = "";                   // of TLS 1.3; none: any
};

class TlsServer {
  public:
    using Behaviour = std::function<void(Client&, int visit)>;  // visit counts from 1

    TlsServer(const ServerSetup& setup, Behaviour behaviour);
    ~TlsServer();
    TlsServer(const TlsServer&) = delete;
    TlsServer& operator=(const TlsServer&) = delete;

    std::uint16_t port() const { return port_; }
    int visits() const { return visits_; }

  private:
    void serve();
    bool set_current(int fd);

    Behaviour behaviour_;
    SSL_CTX* context_;
    std::uint16_t port_;
    int listener_;
    std::atomic<int> visits_{0};
    std::mutex mutex_;
    int current_ = -1;
    bool ending_ = false;
    std::thread thread_;
};

// Answers "pong" to every request for as long as the client stays.
void answer_all(Client& client, int visit);

// The same after the handshake.
void answer_on(Client& client);

// A port of 127.0.0.1 on which nobody listens.
std::uint16_t dead_port();

}  // namespace scram::testing
