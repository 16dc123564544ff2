// A link whose other end is the test: what is sent on it can be read there, is opened with the keys
// of its connection, and is answered, lost or refused as the test says.
#pragma once

#include <doctest/doctest.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <optional>
#include <string>
#include <vector>

#include "net/clock.h"
#include "net/exchange/link.h"
#include "tests/unit/net/tls/opener.h"

namespace scram::test {

struct SentRequest {
    std::string bytes;
    bool was_ready = false;  // sealed before it was to leave
};

class ScriptedLink final : public ExchangeLink {
  public:
    ScriptedLink(boost::asio::io_context& io, LinkId id, LinkObserver& observer)
        : io_(io), id_(id), observer_(observer) {}

    // ---- The script.
    void come_up() {
        const std::string secret(32, static_cast<char>('a' + ++connections_ % 26));
        sealer_ = Sealer::make(
            suite, {reinterpret_cast<const unsigned char*>(secret.data()), secret.size()});
        REQUIRE(sealer_);
        opener_.emplace(suite, secret);
        number_ = 0;
        tell([this] { observer_.link_up(id_, "192.0.2.1:443", "TLSv1.3"); });
    }
    // Its link_down is on its way when this returns.
    void lose(Taken taken, const std::string& reason) {
        REQUIRE(up());
        sealer_.reset();
        in_flight_ = false;
        tell([=, this] { observer_.link_down(id_, true, taken, reason); });
    }
    // The kernel takes no byte of the next request.
    void refuse_next() { refuses_ = true; }
    void answer(const std::string& body, int status = 200) {
        REQUIRE(in_flight_);
        tell([=, this] {
            in_flight_ = false;
            observer_.link_answered(id_, {status, true, body}, monotonic_now());
        });
    }
    bool in_flight() const { return in_flight_; }
    std::vector<SentRequest> sent;
    std::vector<std::string> aborts;

    // ---- ExchangeLink
    void start() override {}
    void stop() override { sealer_.reset(); }
    bool up() const override { return sealer_.has_value(); }
    bool seals() const override { return up(); }
    bool seal(std::string_view request, SealedRecord& record) override {
        if (up()) return sealer_->seal(request, record);
        record = SealedRecord();
        return false;
    }
    bool is_next(const SealedRecord& record) const override {
        return up() && sealer_->is_next(record);
    }
    bool send(const SealedRecord& record) override { return send(record, true); }
    bool send(std::string_view request) override {
        SealedRecord record;
        return seal(request, record) && send(record, false);
    }
    void touch() const override {}
    void abort(const std::string& reason) override {
        if (!up()) return;
        aborts.push_back(reason);
        lose(in_flight_ ? Taken::unknown : Taken::nothing, "aborted: " + reason);
    }
    Time wire_time() const override { return {}; }

  private:
    static constexpr int suite = 0x1301;

    bool send(const SealedRecord& record, bool was_ready) {
        if (in_flight_ || !is_next(record)) return false;
        const std::string_view bytes = sealer_->spend(record);
        if (std::exchange(refuses_, false)) {
            lose(Taken::nothing, "the kernel takes nothing");
            return false;
        }
        const auto opened = opener_->open(bytes, number_++);
        REQUIRE(opened);
        sent.push_back({opened->text, was_ready});
        return in_flight_ = true;
    }
    // Never within a call of the link.
    template <class What>
    void tell(What what) {
        boost::asio::post(io_, std::move(what));
    }

    boost::asio::io_context& io_;
    const LinkId id_;
    LinkObserver& observer_;
    std::optional<Sealer> sealer_;  // while it is up
    std::optional<testing::Opener> opener_;
    std::uint64_t number_ = 0;
    int connections_ = 0;
    bool in_flight_ = false;
    bool refuses_ = false;
};

}  // namespace scram::test
