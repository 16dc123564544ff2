// The other end of the client library: a scramd of a few lines that records every message and
// answers as the test says. One connection at a time, on a thread of its own.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "client/scram.h"

namespace client_test {

// The gate region as scramd would make it, or spoiled.
class GateFile {
  public:
    explicit GateFile(std::uint16_t families = 4);
    ~GateFile();
    GateFile(const GateFile&) = delete;
    GateFile& operator=(const GateFile&) = delete;

    int fd() const { return fd_; }
    scram_gates& head() { return *region_; }
    std::uint32_t& gate(std::size_t family) { return region_->gates[family]; }
    // As of a scramd that writes heartbeats: before a client attaches.
    void halted_after(std::uint32_t ms) { region_->halted_after_ms = ms; }
    void heartbeat(std::int64_t at_ns);
    void seal();
    void truncate(std::size_t size);

  private:
    int fd_;
    scram_gates* region_;
};

struct Reply {
    scram_signal record{};
    std::string text{};
    std::vector<int> fds{};
};

class FakeDaemon {
  public:
    // What goes back for a request; nothing: no answer.
    using Answer = std::function<std::vector<Reply>(const scram_signal& request)>;

    FakeDaemon();
    explicit FakeDaemon(Answer answer);
    ~FakeDaemon();

    const char* path() const { return path_.c_str(); }
    GateFile& gates() { return gates_; }

    // The next message that came, awaited; "" once the client closed its end.
    std::string next();
    std::vector<scram_signal> next_signals();
    void skip_requests(int count);

    void notify(std::uint8_t kind, const std::string& text = {});
    void stop_reading();  // from within an answer: it reads nothing more after this request
    void resume_reading();
    void die();  // closes the connection without a word

    // As a well-behaved scramd answers; ids 7 (source), 2 (family), 5 (metric).
    std::vector<Reply> usual(const scram_signal& request);

  private:
    void serve();
    bool read_one();
    void await_reading();
    void send(const Reply& reply) const;

    std::string folder_;
    std::string path_;
    GateFile gates_;
    Answer answer_;
    int listener_ = -1;
    int connection_ = -1;
    std::mutex mutex_;
    std::condition_variable changed_;
    std::deque<std::string> messages_;
    bool connected_ = false;
    bool reading_ = true;
    std::thread thread_;
};

// CLOCK_MONOTONIC, as scramd's own process reads it.
std::int64_t clock_ns();

Reply refused(const std::string& text);

struct Abandon {
    void operator()(scram_client* client) const { scram_abandon(client); }
};
using Handle = std::unique_ptr<scram_client, Abandon>;

// Attached as "maker-1"; the request for that is taken off the messages.
Handle attach(FakeDaemon& daemon);

// What comes of attaching at that path.
scram_result attach_to(const char* path, const char* name = "maker-1");

std::string last_error(const Handle& client);

}  // namespace client_test
