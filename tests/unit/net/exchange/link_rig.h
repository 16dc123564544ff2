// A link, what it reported, and a loop that is run until something has happened.
#pragma once

#include <doctest/doctest.h>

#include <boost/asio/io_context.hpp>
#include <functional>
#include <optional>
#include <vector>

#include "net/exchange/link.h"
#include "tests/unit/net/tls/server.h"

namespace scram::testing {

inline bool contains(std::string_view text, std::string_view part) {
    return text.find(part) != std::string_view::npos;
}

inline std::unique_ptr<TlsContext> tls_context(TlsOptions options) {
    auto made = TlsContext::make(std::move(options));
    if (const auto* error = std::get_if<std::string>(&made)) FAIL(*error);
    return std::move(std::get<0>(made));
}

// Whom a link is to reach, and whom it believes.
struct Trust {
    std::string host{};
    std::string ca_file{};
    std::vector<std::string> pins{};

    TlsOptions options() const { return {.ca_file = ca_file, .pins = pins}; }
};

struct Watcher : LinkObserver {
    struct Up {
        std::string address, tls;
    };
    struct Down {
        bool was_up;
        Taken taken;
        std::string reason;
    };
    struct Answer {
        int status;
        bool keep_alive;
        std::string body;
    };
    std::vector<Up> ups;
    std::vector<Down> downs;
    std::vector<Answer> answers;
    std::vector<std::string> order;  // "up", "down", "answer"
    bool in_call = false;            // set by a test around its calls of the link
    std::function<void(const std::string& event)> then = [](const std::string&) {};

    void link_up(LinkId, const std::string& address, const std::string& tls) override {
        ups.push_back({address, tls});
        note("up");
    }
    void link_down(LinkId, bool was_up, Taken taken, const std::string& reason) override {
        downs.push_back({was_up, taken, reason});
        note("down");
    }
    void link_answered(LinkId, const HttpResponse& answer, Time) override {
        answers.push_back({answer.status, answer.keep_alive, std::string(answer.body)});
        note("answer");
    }

  private:
    void note(const std::string& event) {
        CHECK_FALSE(in_call);
        order.push_back(event);
        then(event);
    }
};

inline const std::string ping = "GET /ping HTTP/1.1\r\nHost: exchange.test\r\n\r\n";

// By default a link does not come back within the test's life unless it does so at once.
struct Rig {
    struct Wish {
        Trust tls;
        std::uint16_t port = 0;
        Duration connect_timeout = 60s;
        Duration reconnect_first = 1h;
        std::size_t address_offset = 0;
        bool wire_stamps = false;
        Frames* frames = nullptr;
        bool sealed = true;
        std::uint64_t records_max = Sealer::numbers_max;
        Duration resolve_every = 1h;
    };

    explicit Rig(const Wish& wish)
        : tls(tls_context(wish.tls.options())),
          link(std::in_place, io, *tls, LinkId{1},
               LinkOptions{.host = wish.tls.host,
                           .port = wish.port,
                           .connect_timeout = wish.connect_timeout,
                           .reconnect_first = wish.reconnect_first,
                           .reconnect_max = 1h,
                           .address_offset = wish.address_offset,
                           .wire_stamps = wish.wire_stamps,
                           .frames = wish.frames,
                           .sealed = wish.sealed,
                           .records_max = wish.records_max,
                           .resolve_every = wish.resolve_every},
               seen) {}

    // True once `condition` holds; false if it does not within a time that no healthy run needs.
    bool run_until(const std::function<bool()>& condition) {
        const auto give_up = std::chrono::steady_clock::now() + 20s;
        while (!condition() && std::chrono::steady_clock::now() < give_up) {
            io.restart();
            io.run_one_for(10ms);
        }
        return condition();
    }
    bool comes_up(std::size_t times = 1) {
        return run_until([&] { return seen.ups.size() >= times && link->up(); });
    }
    bool goes_down(std::size_t times = 1) {
        return run_until([&] { return seen.downs.size() >= times; });
    }
    bool is_answered(std::size_t times = 1) {
        return run_until([&] { return seen.answers.size() >= times; });
    }
    bool start() {
        link->start();
        return comes_up();
    }
    // Why the first attempt to connect failed.
    std::string refusal() {
        link->start();
        REQUIRE(goes_down());
        CHECK_FALSE(seen.downs[0].was_up);
        CHECK(seen.ups.empty());
        return seen.downs[0].reason;
    }

    boost::asio::io_context io;
    Watcher seen;
    std::unique_ptr<TlsContext> tls;
    std::optional<Link> link;
};

// Of requests that leave as frames too, by the loopback device; null: that is not to be had here.
inline std::unique_ptr<Frames> frames_of_loopback() {
    auto socket = FrameSocket::open("lo", true);
    if (const auto* error = std::get_if<std::string>(&socket)) {
        MESSAGE("skipped: " << *error);
        return nullptr;
    }
    return std::make_unique<Frames>("lo", std::move(std::get<0>(socket)));
}

// An authority and a good server certificate, for 127.0.0.1 and exchange.test.
struct Pki {
    CertificateAuthority authority;
    Certificate good = authority.issue({.alternative_name = "IP:127.0.0.1,DNS:exchange.test"});

    Trust trusting(const std::string& host = "127.0.0.1") const {
        return {.host = host, .ca_file = authority.file(), .pins = {}};
    }
};

inline const Pki& pki() {
    static const Pki one;
    return one;
}

// A server with a certificate that is believed.
inline const ServerSetup good{.certificate = &pki().good};

inline Rig::Wish to(const TlsServer& server, Duration connect_timeout = 60s) {
    return {.tls = pki().trusting(), .port = server.port(), .connect_timeout = connect_timeout};
}

}  // namespace scram::testing
