// A TLS server in a thread that does to its clients what a test tells it to, one client after the
// other.
#pragma once

#include <openssl/ssl.h>

#include <atomic>
#include <functional>
#include <mutex>
#include <string>
#include <thread>

#include "tests/unit/net/certificates.h"

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
    void say_goodbye();  // close_notify
    void send_ticket();  // TLS 1.3
    void reset();        // RST instead of FIN when the visit is over ...
    void reset_now();    // ... or now
    // Reads until the client is gone: "goodbye" (close_notify), "closed" or "reset".
    std::string how_it_ended();
    void await_close();  // the same below TLS, whatever comes

  private:
    int fd_;
    SSL* ssl_;
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
