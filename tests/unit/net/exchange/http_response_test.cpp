#include "net/exchange/http_response.h"

#include <doctest/doctest.h>

#include <vector>

#include "tests/unit/net/exchange/link_rig.h"

using namespace scram;
using scram::testing::contains;
using Step = HttpResponseParser::Step;

namespace {

const std::string plain = "HTTP/1.1 200 OK\r\nContent-Length: 12\r\n\r\n{\"code\":\"0\"}";
const std::string chunked =
    "HTTP/1.1 429 Too Many Requests\r\nTransfer-Encoding: chunked\r\n\r\n"
    "5;name=value\r\nhello\r\n7\r\n, world\r\n0\r\nTrailer: x\r\n\r\n";
const std::string interim =
    "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" + plain;
const std::string empty_body = "HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n";

struct Fed {
    Step step = Step::need_more;
    std::size_t consumed = 0;
};

Fed feed(HttpResponseParser& parser, std::string_view bytes) {
    Fed fed;
    fed.step = parser.feed(bytes, fed.consumed);
    return fed;
}

Fed feed_one_by_one(HttpResponseParser& parser, std::string_view bytes) {
    Fed all;
    for (std::size_t i = 0; i < bytes.size() && all.step == Step::need_more; ++i) {
        const Fed one = feed(parser, bytes.substr(i, 1));
        all.step = one.step;
        all.consumed += one.consumed;
    }
    return all;
}

std::string broken_by(std::string_view bytes) {
    HttpResponseParser parser;
    REQUIRE(feed(parser, bytes).step == Step::broken);
    return parser.broken_reason();
}

}  // namespace

TEST_CASE("http answer: status, body and keep-alive are read") {
    HttpResponseParser parser;
    CHECK(feed(parser, plain).step == Step::done);
    CHECK(parser.answer().status == 200);
    CHECK(parser.answer().body == "{\"code\":\"0\"}");
    CHECK(parser.answer().keep_alive);
}

TEST_CASE("http answer: a chunked body is put together") {
    HttpResponseParser parser;
    const Fed fed = feed(parser, chunked);
    CHECK(fed.step == Step::done);
    CHECK(fed.consumed == chunked.size());
    CHECK(parser.answer().status == 429);
    CHECK(parser.answer().body == "hello, world");
}

TEST_CASE("http answer: interim answers are passed over") {
    HttpResponseParser parser;
    CHECK(feed(parser, interim).step == Step::done);
    CHECK(parser.answer().status == 200);
}

TEST_CASE("http answer: interim answers without end are broken") {
    std::string many;
    for (int i = 0; i < 100; ++i) many += "HTTP/1.1 100 Continue\r\n\r\n";
    CHECK(contains(broken_by(many), "interim"));
}

TEST_CASE("http answer: Connection: close and HTTP/1.0 end the connection") {
    for (const std::string_view bytes :
         {std::string_view(empty_body),
          std::string_view("HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok")}) {
        HttpResponseParser parser;
        REQUIRE(feed(parser, bytes).step == Step::done);
        CHECK_FALSE(parser.answer().keep_alive);
    }
}

TEST_CASE("http answer: a body in an encoding that nobody asked for is not handed up") {
    const auto encoded = [](const std::string& headers) {
        HttpResponseParser parser;
        const std::string bytes = "HTTP/1.1 200 OK\r\n" + headers + plain.substr(17);
        REQUIRE(feed(parser, bytes).step == Step::done);
        CHECK(parser.answer().status == 200);
        CHECK(parser.answer().body.empty() == !parser.answer().encoding.empty());
        return std::string(parser.answer().encoding);
    };
    CHECK(encoded("") == "");
    CHECK(encoded("Content-Encoding: identity\r\n") == "");
    CHECK(encoded("content-encoding: IDENTITY\r\n") == "");
    CHECK(encoded("Content-Encoding:\r\n") == "");
    CHECK(encoded("Content-Encoding: gzip\r\n") == "gzip");
    CHECK(encoded("CONTENT-ENCODING: identity, br\r\n") == "identity, br");
    CHECK(encoded("Content-Encoding: identity\r\nContent-Encoding: zstd\r\n") == "zstd");
}

TEST_CASE("http answer: a body without a length goes on to the end of the stream") {
    HttpResponseParser parser;
    CHECK(feed(parser, "HTTP/1.1 502 Bad Gateway\r\n\r\n<html>").step == Step::need_more);
    CHECK(feed(parser, "</html>").step == Step::need_more);
    CHECK(parser.end_of_stream() == Step::done);
    CHECK(parser.answer().body == "<html></html>");
    CHECK_FALSE(parser.answer().keep_alive);
}

TEST_CASE("http answer: the end of the stream anywhere inside an answer breaks it") {
    for (const auto& whole : {plain, chunked, interim}) {
        for (std::size_t size = 0; size < whole.size(); ++size) {
            CAPTURE(size);
            HttpResponseParser parser;
            REQUIRE(feed(parser, whole.substr(0, size)).step == Step::need_more);
            CHECK(parser.end_of_stream() == Step::broken);
            CHECK(contains(parser.broken_reason(), "the peer closed"));
        }
    }
}

TEST_CASE("http answer: a split at any byte gives the same answer") {
    for (const auto& whole : {plain, chunked, interim, empty_body}) {
        HttpResponseParser at_once;
        REQUIRE(feed(at_once, whole).step == Step::done);
        for (std::size_t split = 0; split < whole.size(); ++split) {
            CAPTURE(split);
            HttpResponseParser parser;
            REQUIRE(feed(parser, whole.substr(0, split)).step == Step::need_more);
            const Fed rest = feed(parser, whole.substr(split));
            CHECK(rest.step == Step::done);
            CHECK(rest.consumed == whole.size() - split);
            CHECK(parser.answer().status == at_once.answer().status);
            CHECK(parser.answer().body == at_once.answer().body);
            CHECK(parser.answer().keep_alive == at_once.answer().keep_alive);
        }
        HttpResponseParser slow;
        CHECK(feed_one_by_one(slow, whole).step == Step::done);
        CHECK(slow.answer().body == at_once.answer().body);
    }
}

TEST_CASE("http answer: bytes behind the answer are left alone") {
    for (const auto& whole : {plain, chunked, interim, empty_body}) {
        HttpResponseParser parser;
        CHECK(feed(parser, whole + "HTTP/1.1 200 OK\r\n").consumed == whole.size());
        parser.reset();
        CHECK(feed_one_by_one(parser, whole + "x").consumed == whole.size());
    }
}

TEST_CASE("http answer: after a reset the next answer is read") {
    HttpResponseParser parser;
    REQUIRE(feed(parser, chunked).step == Step::done);
    parser.reset();
    REQUIRE(feed(parser, plain).step == Step::done);
    CHECK(parser.answer().status == 200);
    CHECK(parser.answer().body == "{\"code\":\"0\"}");
    parser.reset();
    REQUIRE(feed(parser, "HTTP/1.1 200 OK\r\nConte").step == Step::need_more);
    parser.reset();
    CHECK(feed(parser, plain).step == Step::done);
}

TEST_CASE("http answer: an over-long header is refused, whole or dripping") {
    const std::string bytes =
        "HTTP/1.1 200 OK\r\nX: " + std::string(http_header_max, 'x') + "\r\n\r\n";
    CHECK(broken_by(bytes) == "the answer's header is over 8192 bytes");
    HttpResponseParser parser;
    CHECK(feed_one_by_one(parser, bytes).step == Step::broken);
}

TEST_CASE("http answer: a body of 64 KiB passes, one byte more is refused") {
    const auto with_length = [](std::size_t size) {
        return "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(size) + "\r\n\r\n";
    };
    HttpResponseParser parser;
    CHECK(feed(parser, with_length(http_body_max) + std::string(http_body_max, 'x')).step ==
          Step::done);
    CHECK(parser.answer().body.size() == http_body_max);
    // By its length alone, before a byte of it came.
    CHECK(broken_by(with_length(http_body_max + 1)) == "the answer's body is over 65536 bytes");
    CHECK(contains(broken_by("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n10001\r\n" +
                             std::string(http_body_max + 1, 'x')),
                   "body is over"));
    CHECK(contains(broken_by("HTTP/1.1 200 OK\r\n\r\n" + std::string(http_body_max + 1, 'x')),
                   "body is over"));
}

TEST_CASE("http answer: framing without end is refused, however it comes") {
    const std::string head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    const std::string much(http_answer_max, 'x');
    std::string chunks = head;
    while (chunks.size() <= http_answer_max) chunks += "1;" + std::string(1000, 'x') + "\r\ny\r\n";
    const std::vector<std::string> endless = {head + "5;name=" + much, head + "0\r\nX: " + much,
                                              chunks,
                                              head + "5;" + much + "\r\nhello\r\n0\r\n\r\n"};
    for (const auto& bytes : endless) {
        CHECK(broken_by(bytes) == "the answer with its framing is over 147456 bytes");
        HttpResponseParser parser;
        Fed fed;
        for (std::size_t at = 0; fed.step == Step::need_more && at < bytes.size(); at += 5000)
            fed = feed(parser, std::string_view(bytes).substr(at, 5000));
        CHECK(fed.step == Step::broken);
    }
}

TEST_CASE("http answer: the bound is of one answer, not of the connection") {
    const std::string large =
        "HTTP/1.1 200 OK\r\nContent-Length: 60000\r\n\r\n" + std::string(60000, 'x');
    HttpResponseParser parser;
    for (int i = 0; i < 5; ++i) {
        CHECK(feed(parser, large).step == Step::done);
        parser.reset();
    }
    CHECK(feed(parser, plain + std::string(http_answer_max, 'x')).step == Step::done);
}

TEST_CASE("http answer: garbage is called so") {
    const std::vector<std::string> garbage = {
        "SSH-2.0-OpenSSH_9.2\r\n",
        "HTTP/2 200 OK\r\n\r\n",
        "HTTP/1.1 OK\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        std::string(100, '\0'),
    };
    for (const auto& bytes : garbage) {
        CAPTURE(bytes);
        CHECK(contains(broken_by(bytes), "not an HTTP/1.1 answer"));
    }
}
