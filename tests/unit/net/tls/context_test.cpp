// Whom a link believes: each refusal is shown by a real server, and says what is wrong.
#include "net/tls/context.h"

#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <fstream>

#include "net/tls/socket_bio.h"
#include "tests/unit/net/exchange/link_rig.h"
#include "tests/unit/net/exchange/scripted_names.h"

using namespace scram;
using namespace scram::testing;

namespace {

// What a link that trusts our authority says about a server.
std::string refusal_of(const ServerSetup& setup, const Trust& options = pki().trusting()) {
    TlsServer server(setup, answer_all);
    Rig rig({.tls = options, .port = server.port()});
    return rig.refusal();
}

std::string refusal_of(const Certificate& certificate) {
    return refusal_of({.certificate = &certificate});
}

std::string option_error(const TlsOptions& options) {
    const auto made = TlsContext::make(options);
    const auto* error = std::get_if<std::string>(&made);
    return error != nullptr ? *error : "";
}

}  // namespace

TEST_CASE("tls: a certificate for another name is refused") {
    const auto other = pki().authority.issue({.alternative_name = "DNS:other.test,IP:127.0.0.9"});
    CHECK(contains(refusal_of(other), "certificate is for another name (expected 127.0.0.1)"));
    name_resolves_to("exchange.test", {"127.0.0.1"});
    CHECK(contains(refusal_of({.certificate = &other}, pki().trusting("exchange.test")),
                   "certificate is for another name (expected exchange.test)"));
}

// A common name is a text for people, and an authority may vouch for it as such.
TEST_CASE("tls: the subject's common name is no host name") {
    const auto nameless =
        pki().authority.issue({.alternative_name = "", .common_name = "exchange.test"});
    name_resolves_to("exchange.test", {"127.0.0.1"});
    CHECK(contains(refusal_of({.certificate = &nameless}, pki().trusting("exchange.test")),
                   "certificate is for another name (expected exchange.test)"));
}

TEST_CASE("tls: authorities that changed since the start are read again") {
    const CertificateAuthority next("the exchange's next authority");
    const auto certificate = next.issue({.alternative_name = "IP:127.0.0.1"});
    const auto text_of = [](const std::string& file) {
        std::ifstream stream(file);
        return std::string(std::istreambuf_iterator<char>(stream), {});
    };
    for (const bool by_itself : {true, false}) {
        CAPTURE(by_itself);
        const TemporaryFile file(text_of(pki().authority.file()));
        TlsServer server({.certificate = &certificate}, answer_all);
        Rig rig({.tls = {.host = "127.0.0.1", .ca_file = file.path()},
                 .port = server.port(),
                 .reconnect_first = 1ms});
        const auto roll_over = [&] { std::ofstream(file.path()) << text_of(next.file()); };
        if (by_itself) roll_over();
        rig.link->start();
        REQUIRE(rig.goes_down());
        CHECK(contains(rig.seen.downs[0].reason, "unknown certificate authority"));
        if (!by_itself) {
            roll_over();
            rig.tls->renew_trust();
        }
        CHECK(rig.comes_up());
    }
}

TEST_CASE("tls: authorities that cannot be read again stay those of the start") {
    const Certificate stranger =
        CertificateAuthority("a stranger").issue({.alternative_name = "IP:127.0.0.1"});
    TlsServer server({.certificate = &stranger}, answer_all);
    auto options = pki().trusting();
    const TemporaryFile file("");
    std::ofstream(file.path()) << std::ifstream(options.ca_file).rdbuf();
    options.ca_file = file.path();
    Rig rig({.tls = options, .port = server.port(), .reconnect_first = 1ms});
    std::ofstream(file.path()) << "nonsense";
    rig.link->start();
    CHECK(rig.run_until([&] {
        return !rig.seen.downs.empty() &&
               contains(rig.seen.downs.back().reason, "the authorities of the start are used");
    }));
}

TEST_CASE("tls: a wildcard covers one whole label and no part of one") {
    name_resolves_to("www.exchange.test", {"127.0.0.1"});
    const auto part = pki().authority.issue({.alternative_name = "DNS:w*.exchange.test"});
    CHECK(contains(refusal_of({.certificate = &part}, pki().trusting("www.exchange.test")),
                   "another name"));
    const auto whole = pki().authority.issue({.alternative_name = "DNS:*.exchange.test"});
    TlsServer server({.certificate = &whole}, answer_all);
    Rig rig({.tls = pki().trusting("www.exchange.test"), .port = server.port()});
    CHECK(rig.start());
}

TEST_CASE("tls: an unknown authority is refused") {
    for (const auto& name : {"a stranger", "test authority"}) {
        const auto certificate =
            CertificateAuthority(name).issue({.alternative_name = "IP:127.0.0.1"});
        CHECK(contains(refusal_of(certificate), "unknown certificate authority"));
    }
    CHECK(contains(refusal_of({.certificate = &pki().good}, {.host = "127.0.0.1"}),
                   "unknown certificate authority"));
}

TEST_CASE("tls: self-signed, expired and future certificates are refused by their names") {
    CHECK(contains(refusal_of(self_signed({.alternative_name = "IP:127.0.0.1"})),
                   "certificate is self-signed"));
    CHECK(contains(
        refusal_of(pki().authority.issue(
            {.alternative_name = "IP:127.0.0.1", .valid_from_s = -7200, .valid_to_s = -3600})),
        "certificate expired: set this host's clock if it is ahead, else its owner must renew "
        "it (valid until "));
    CHECK(contains(
        refusal_of(pki().authority.issue(
            {.alternative_name = "IP:127.0.0.1", .valid_from_s = 3600, .valid_to_s = 7200})),
        "certificate is not valid yet: set this host's clock if it is behind, else its owner must "
        "replace it (valid from "));
}

TEST_CASE("tls: a server of TLS 1.1 is refused") {
    CHECK(contains(refusal_of({.certificate = &pki().good, .version_max = TLS1_1_VERSION}),
                   "the peer does not speak TLS 1.2 or later"));
}

TEST_CASE("tls: a server that has no certificate says so by an alert") {
    CHECK(contains(refusal_of(ServerSetup{}), "TLS failed"));
}

TEST_CASE("tls: a refusal names host, address and port") {
    const auto other = pki().authority.issue({.alternative_name = "DNS:other.test"});
    TlsServer server({.certificate = &other}, answer_all);
    name_resolves_to("exchange.test", {"127.0.0.1"});
    Rig rig({.tls = pki().trusting("exchange.test"), .port = server.port()});
    CHECK(contains(rig.refusal(),
                   "exchange.test (127.0.0.1:" + std::to_string(server.port()) + "): "));
}

TEST_CASE("tls: a pin of any certificate in the chain lets pass, each time") {
    for (const auto& pin : {pki().good.pin(), pki().authority.root().pin()}) {
        TlsServer server({.certificate = &pki().good}, answer_all);
        auto options = pki().trusting();
        options.pins = {CertificateAuthority().root().pin(), pin};
        Rig rig({.tls = options, .port = server.port()});
        REQUIRE(rig.start());
        REQUIRE(rig.link->send(ping));
        REQUIRE(rig.is_answered());
        rig.link->abort("again, now resumed");
        REQUIRE(rig.comes_up(2));
        CHECK(contains(rig.seen.ups[1].tls, "resumed"));
    }
}

TEST_CASE("tls: without a pinned key no HTTP byte leaves and no session is kept") {
    for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
        std::atomic<int> requests{0};
        TlsServer server({.certificate = &pki().good, .version_max = version},
                         [&](Client& client, int) {
                             client.shake_hands();
                             requests += client.read_request().empty() ? 0 : 1;
                         });
        auto options = pki().trusting();
        options.pins = {CertificateAuthority().root().pin()};
        Rig rig({.tls = options, .port = server.port(), .reconnect_first = 1ms});
        const auto reason = rig.refusal();
        CHECK(contains(reason, "no certificate of the peer has a pinned key"));
        CHECK(contains(reason, pki().good.pin()));
        REQUIRE(rig.goes_down(3));
        CHECK(contains(rig.seen.downs[2].reason, "no certificate of the peer has a pinned key"));
        CHECK(requests == 0);
    }
}

TEST_CASE("tls: a pin in the certificates sent, but not in the verified chain, does not count") {
    const CertificateAuthority stranger;
    TlsServer server({.certificate = &pki().good, .also_sends = &stranger.root()}, answer_all);
    auto options = pki().trusting();
    options.pins = {stranger.root().pin()};
    Rig rig({.tls = options, .port = server.port()});
    CHECK(contains(rig.refusal(), "no certificate of the peer has a pinned key"));
}

TEST_CASE("tls: sessions are resumed, a TLS 1.3 ticket once only") {
    TlsServer server({.certificate = &pki().good}, answer_all);
    Rig rig({.tls = pki().trusting(), .port = server.port()});
    REQUIRE(rig.start());
    CHECK(contains(rig.seen.ups[0].tls, "TLSv1.3 TLS_"));
    CHECK_FALSE(contains(rig.seen.ups[0].tls, "resumed"));
    REQUIRE(rig.link->send(ping));
    REQUIRE(rig.is_answered());
    // A full handshake brought two tickets; connections that are given up use them up.
    int resumable = 0;
    for (int i = 0; i < 4; ++i) {
        SSL* ssl = rig.tls->new_connection("127.0.0.1");
        resumable += SSL_get_session(ssl) != nullptr ? 1 : 0;
        SSL_free(ssl);
    }
    CHECK(resumable == 2);
}

// A resumed handshake shows no certificate: who is resumed has proven to be another.
TEST_CASE("tls: a session of one host is not offered to another") {
    TlsServer server({.certificate = &pki().good}, answer_all);
    Rig rig({.tls = pki().trusting(), .port = server.port()});
    REQUIRE(rig.start());
    REQUIRE(rig.link->send(ping));
    REQUIRE(rig.is_answered());
    const auto resumes = [&](const std::string& host) {
        SSL* ssl = rig.tls->new_connection(host);
        const bool kept = SSL_get_session(ssl) != nullptr;
        SSL_free(ssl);
        return kept;
    };
    CHECK_FALSE(resumes("exchange.test"));
    CHECK_FALSE(resumes("127.0.0.2"));
    CHECK(resumes("127.0.0.1"));
}

TEST_CASE("tls: there is no connection to a peer that would have nothing to prove") {
    CHECK(tls_context({})->new_connection("") == nullptr);
}

TEST_CASE("tls: TLS 1.2 is spoken, and resumed again and again") {
    TlsServer server({.certificate = &pki().good, .version_max = TLS1_2_VERSION}, answer_all);
    Rig rig({.tls = pki().trusting(), .port = server.port()});
    REQUIRE(rig.start());
    for (std::size_t i = 1; i <= 3; ++i) {
        REQUIRE(rig.link->send(ping));
        REQUIRE(rig.is_answered(i));
        rig.link->abort("again");
        REQUIRE(rig.comes_up(i + 1));
        CHECK(contains(rig.seen.ups[i].tls, "TLSv1.2"));
        CHECK(contains(rig.seen.ups[i].tls, "resumed"));
    }
}

TEST_CASE("tls: a server that lost its ticket keys gets a full handshake") {
    std::optional<TlsServer> server(std::in_place, ServerSetup{.certificate = &pki().good},
                                    answer_all);
    const std::uint16_t port = server->port();
    Rig rig({.tls = pki().trusting(), .port = port, .reconnect_first = 1ms});
    REQUIRE(rig.start());
    REQUIRE(rig.link->send(ping));
    REQUIRE(rig.is_answered());
    server.reset();
    REQUIRE(rig.goes_down());
    server.emplace(ServerSetup{.certificate = &pki().good, .port = port}, answer_all);
    REQUIRE(rig.comes_up(2));
    CHECK_FALSE(contains(rig.seen.ups[1].tls, "resumed"));
}

TEST_CASE("tls: bad options are told with what was expected") {
    CHECK(contains(option_error({.ca_file = "/nowhere/ca.pem"}),
                   "ca_file /nowhere/ca.pem: expected a readable file of PEM certificates"));
    const TemporaryFile no_pem("not a certificate\n");
    CHECK(contains(option_error({.ca_file = no_pem.path()}), "ca_file"));
    const auto good = pki().good.pin();
    for (const auto& pin : {std::string("sha1/AAAA"), good.substr(0, good.size() - 1), good + "=",
                            "sha256/" + std::string(44, '!'), std::string()}) {
        CAPTURE(pin);
        CHECK(contains(option_error({.pins = {pin}}), "44 characters of Base64"));
    }
    CHECK(option_error({.pins = {good}}).empty());
}

TEST_CASE("tls: SNI is sent for names only") {
    const auto context = tls_context({});
    const auto sni = [&](const std::string& host) {
        SSL* ssl = context->new_connection(host);
        const char* name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
        const std::string text = name != nullptr ? name : "";
        SSL_free(ssl);
        return text;
    };
    CHECK(sni("www.okx.com") == "www.okx.com");
    CHECK(sni("127.0.0.1").empty());
    CHECK(sni("::1").empty());
}

TEST_CASE("tls: writing to a closed socket is an error, not a signal") {
    const auto context = tls_context({});
    int pair[2];
    REQUIRE(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0);
    close(pair[1]);
    SSL* ssl = context->new_connection("exchange.test");
    TlsSocket socket;
    REQUIRE(socket.attach(ssl, pair[0]));
    const int result = SSL_connect(ssl);
    CHECK(context->failure_text(ssl, SSL_get_error(ssl, result)) == "Broken pipe");
    SSL_free(ssl);
    close(pair[0]);
}
