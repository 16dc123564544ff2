// The floor of requests that leave as frames: the packet socket takes the segment, then send() the
// same bytes. It learns how a segment looks as scramd's links do (net/exchange/link_receive.cpp).
#include <array>
#include <stdexcept>
#include <string_view>
#include <variant>

#include "bench/connection.h"
#include "bench/contenders.h"
#include "net/unique_fd.h"
#include "net/wire/framer.h"
#include "net/wire/frames.h"
#include "net/wire/tx_timestamps.h"

namespace scram::bench {
namespace {

constexpr Nanos frame_answers_take = 50'000'000;

std::unique_ptr<FrameSocket> open_on(const std::string& device) {
    auto opened = FrameSocket::open(device, false);
    if (const auto* error = std::get_if<std::string>(&opened)) throw std::runtime_error(*error);
    return std::move(std::get<std::unique_ptr<FrameSocket>>(opened));
}

class Connection {
  public:
    Connection(const Address& to, Frames& frames) : fd_(connect_to(to)), framer_(&frames) {
        framer_.begin(fd_.get());
        if (!stamps_.begin(fd_.get(), 0, TxTimestamps::Content::frames))
            throw std::runtime_error("the kernel does not give back what it sent");
    }

    void send(std::string_view bytes, std::uint32_t words) {
        framer_.send(bytes, words);
        framer_.bytes_left();
        read_before_ = read_;
        send_all(fd_.get(), bytes.data(), bytes.size());
        stamps_.expect(written_ += bytes.size());
        is_asked_ = true;
    }

    // And makes the next segment's headers, once the peer has acknowledged all.
    void read_answer() {
        if (!is_asked_ && framer_.state() == FrameState::ready) return;
        std::array<char, 4096> answer;
        for (ssize_t n; (n = recv(fd_.get(), answer.data(), answer.size(), MSG_DONTWAIT)) > 0;) {
            read_ += static_cast<std::uint64_t>(n);
            is_asked_ = false;
        }
        if (const auto report = stamps_.collect(fd_.get()))
            framer_.learn(*report, stamps_.taken(), written_, read_before_);
        if (!is_asked_) framer_.look(fd_.get(), written_, read_);
    }

  private:
    UniqueFd fd_;
    Framer framer_;
    TxTimestamps stamps_;
    std::uint64_t written_ = 0;
    std::uint64_t read_ = 0;
    std::uint64_t read_before_ = 0;  // the last request
    bool is_asked_ = false;
};

class FramingFloor : public Contender {
  public:
    FramingFloor(const Address& to, std::size_t connections, const std::string& device, Cpus cpus)
        : frames_(device, open_on(device)), cpu_(cpus.client) {
        for (std::size_t i = 0; i < connections; ++i) connections_.emplace_back(to, frames_);
        for (Connection& connection : connections_) connection.send(bytes(), words_);
        rest_until(wall_now() + frame_answers_take);
        read_answers();
    }

    Nanos pull(std::size_t target) override {
        const Nanos now = wall_now();
        connections_[target % connections_.size()].send(bytes(), words_);
        return now;
    }
    void read_answers() override {
        for (Connection& connection : connections_) connection.read_answer();
    }
    void idle() override {
        frames_.socket->exercise();
        read_answers();
    }
    int cpu() const override { return cpu_; }
    const Frames* frames() const override { return &frames_; }

  private:
    std::string_view bytes() const { return {bytes_.data(), bytes_.size()}; }

    std::array<char, request_bytes> bytes_{};
    std::uint32_t words_ = 0;  // checksum_words() of bytes that are all zero
    Frames frames_;
    std::vector<Connection> connections_;
    int cpu_;
};

}  // namespace

std::unique_ptr<Contender> make_framing_floor(const Address& to, std::size_t connections,
                                              const std::string& device, Cpus cpus) {
    return std::make_unique<FramingFloor>(to, connections, device, cpus);
}

}  // namespace scram::bench
