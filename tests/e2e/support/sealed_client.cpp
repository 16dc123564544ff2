// A link that sends sealed requests to whatever server it is given, for sealed_test.py and
// frames_test.py:
//   sealed_client PORT CA_FILE [ADDRESS DEVICE]
// With a device requests leave as frames too.
// Each line on stdin is answered by a line of JSON on stdout:
//   run N   sends requests until N are answered. Before each, every family's request is sealed,
//   some
//           again with new words; one is sent, and another one is tried and must be refused.
//   stop    ends the connection
#include <fmt/format.h>

#include <array>
#include <boost/asio/io_context.hpp>
#include <cstdlib>
#include <iostream>
#include <random>

#include "net/exchange/link.h"

namespace {

using namespace scram;

constexpr std::size_t families = 8;
constexpr Duration patience = 20s;

struct Candidate {
    std::string target;
    std::string request;
    SealedRecord record;
};

class SealingClient : LinkObserver {
  public:
    SealingClient(TlsContext& tls, LinkOptions options)
        : frames_(options.frames), link_(io_, tls, LinkId{0}, std::move(options), *this) {
        link_.start();
    }

    // What went on meanwhile.
    std::string run(int wanted) {
        answered_ = sealed_ = lost_ = wrong_ = ups_ = 0;
        reasons_.clear();
        while (answered_ < wanted) {
            if (link_.up() && !link_.in_flight()) fire();
            io_.restart();
            if (io_.run_one_for(patience) == 0) break;
        }
        return fmt::format(
            R"({{"answered": {}, "sealed": {}, "lost": {}, "wrong": {}, "ups": {}, "downs": [{}]{}}})",
            answered_, sealed_, lost_, wrong_, ups_, reasons_, frames());
    }

    std::string stop() {
        link_.stop();
        return R"({"stopped": true})";
    }

  private:
    // Since the start.
    std::string frames() const {
        if (frames_ == nullptr) return {};
        std::string text = fmt::format(R"(, "frames": {{"sent": {})", frames_->sent);
        for (std::size_t why = 0; why < frames_->not_sent.size(); ++why)
            text += fmt::format(R"(, "{}": {})", frame_state_names[why], frames_->not_sent[why]);
        return text + "}";
    }

    void fire() {
        for (std::size_t f = 0; f < families; ++f) arm(f);
        for (std::size_t again = random_() % families; again > 0; --again) {
            arm(random_() % families);
        }
        sent_ = random_() % families;
        const Candidate& chosen = candidates_[sent_];
        awaiting_ = chosen.record.none() ? link_.send(chosen.request) : link_.send(chosen.record);
        sealed_ += awaiting_ && !chosen.record.none() ? 1 : 0;
        refuse_another();
    }

    // Families differ in length, as do the signatures' words.
    void arm(std::size_t family) {
        Candidate& its = candidates_[family];
        its.target = fmt::format("/{}/{:x}", std::string(1 + 40 * family, 'f'), random_());
        its.request = fmt::format("GET {} HTTP/1.1\r\nHost: localhost\r\n\r\n", its.target);
        link_.seal(its.request, its.record);
    }

    void refuse_another() {
        const SealedRecord& other = candidates_[(sent_ + 1) % families].record;
        if (link_.is_next(other) || link_.send(other)) ++wrong_;
    }

    void link_up(LinkId, const std::string&, const std::string&) override { ++ups_; }

    void link_down(LinkId, bool, Taken, const std::string& reason) override {
        if (awaiting_) ++lost_;
        awaiting_ = false;
        reasons_ += fmt::format("{}\"{}\"", reasons_.empty() ? "" : ", ", reason);
    }

    void link_answered(LinkId, const HttpResponse& answer, Time) override {
        awaiting_ = false;
        ++answered_;
        if (answer.status != 200 || answer.body != candidates_[sent_].target) ++wrong_;
        refuse_another();
    }

    boost::asio::io_context io_;
    const Frames* frames_;
    Link link_;
    std::array<Candidate, families> candidates_;
    std::size_t sent_ = 0;
    bool awaiting_ = false;
    std::minstd_rand random_{1};
    int answered_ = 0, sealed_ = 0, lost_ = 0, wrong_ = 0, ups_ = 0;
    std::string reasons_;
};

}  // namespace

int main(int argc, char** argv) {
    if (argc != 3 && argc != 5) return 64;
    auto tls = TlsContext::make({.ca_file = argv[2]});
    if (const auto* error = std::get_if<std::string>(&tls)) {
        std::cerr << *error << '\n';
        return 64;
    }
    LinkOptions options{.host = "localhost", .reconnect_first = 1ms};
    options.port = static_cast<std::uint16_t>(std::atoi(argv[1]));
    std::optional<Frames> frames;
    if (argc == 5) {
        options.address = argv[3];
        auto socket = FrameSocket::open(argv[4], true);
        if (const auto* error = std::get_if<std::string>(&socket)) {
            std::cerr << *error << '\n';
            return 64;
        }
        frames.emplace(argv[4], std::move(std::get<0>(socket)));
        options.frames = &*frames;
    }
    SealingClient client(*std::get<0>(tls), std::move(options));
    for (std::string line; std::getline(std::cin, line);) {
        const bool run = line.starts_with("run ");
        std::cout << (run ? client.run(std::atoi(line.c_str() + 4)) : client.stop()) << std::endl;
    }
}
