// The parser behind http_answer.h. Beast wants a header in one piece, so bytes of a header that is
// not whole yet are held here; a body is parsed as it comes.
#include "net/exchange/http_response.h"

#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <optional>

namespace scram {
namespace http = boost::beast::http;
using boost::system::error_code;

namespace {

using Parser = http::response_parser<http::string_body>;

constexpr int interim_max = 16;  // 1xx before one answer; more would let a peer feed us for ever

std::string why_broken(const error_code& error) {
    if (error == http::error::header_limit) {
        return "the answer's header is over " + std::to_string(http_header_max) + " bytes";
    }
    if (error == http::error::body_limit) {
        return "the answer's body is over " + std::to_string(http_body_max) + " bytes";
    }
    if (error == http::error::partial_message) return "the peer closed in the middle of an answer";
    return "not an HTTP/1.1 answer (" + error.message() + ")";
}

// The first that is one: "identity" says that there is none.
std::string_view encoding_of(const Parser& parser) {
    const auto [begin, end] = parser.get().equal_range(http::field::content_encoding);
    for (auto at = begin; at != end; ++at) {
        const std::string_view value(at->value().data(), at->value().size());
        if (!value.empty() && !boost::beast::iequals(at->value(), "identity")) return value;
    }
    return {};
}

}  // namespace

struct HttpResponseParser::Impl {
    std::optional<Parser> parser;
    std::string held;  // not parsed yet: the beginning of a header or of a chunk's head
    std::size_t fed = 0;
    int interims = 0;
    HttpResponse answer;
    std::string broken_reason;

    Impl() { next_message(); }

    void next_message() {
        parser.emplace();
        parser->header_limit(http_header_max);
        parser->body_limit(http_body_max);
        parser->eager(true);
    }

    // Of the answer so far. What is held behind its end is not its own.
    std::size_t length() const { return parser->is_done() ? fed - held.size() : fed; }

    // Parses what is held until more is needed. Interim answers are passed over.
    Step parse() {
        while (true) {
            error_code error;
            const std::size_t used = parser->put(boost::asio::buffer(held), error);
            held.erase(0, used);
            if (error && error != http::error::need_more) return broken(why_broken(error));
            if (length() > http_answer_max) {
                return broken("the answer with its framing is over " +
                              std::to_string(http_answer_max) + " bytes");
            }
            if (!parser->is_done()) return Step::need_more;
            if (parser->get().result_int() / 100 != 1) return finish();
            if (++interims > interim_max) return broken("interim (1xx) answers without end");
            next_message();
        }
    }

    Step finish() {
        answer.status = static_cast<int>(parser->get().result_int());
        answer.keep_alive = parser->keep_alive();
        answer.encoding = encoding_of(*parser);
        if (answer.encoding.empty()) answer.body = parser->get().body();
        return Step::done;
    }

    Step broken(std::string reason) {
        broken_reason = std::move(reason);
        return Step::broken;
    }
};

HttpResponseParser::HttpResponseParser() : impl_(std::make_unique<Impl>()) {}
HttpResponseParser::~HttpResponseParser() = default;
HttpResponseParser::HttpResponseParser(HttpResponseParser&&) noexcept = default;
HttpResponseParser& HttpResponseParser::operator=(HttpResponseParser&&) noexcept = default;

HttpResponseParser::Step HttpResponseParser::feed(std::string_view bytes, std::size_t& consumed) {
    impl_->held.append(bytes);
    impl_->fed += bytes.size();
    const Step step = impl_->parse();
    consumed = bytes.size();
    if (step != Step::done) return step;
    // What is left belongs to the end of `bytes`: had it come earlier, the answer had ended
    // earlier.
    consumed -= impl_->held.size();
    impl_->held.clear();
    return step;
}

HttpResponseParser::Step HttpResponseParser::end_of_stream() {
    if (!impl_->parser->got_some()) return impl_->broken("the peer closed instead of answering");
    error_code error;
    impl_->parser->put_eof(error);
    return error ? impl_->broken(why_broken(error)) : impl_->finish();
}

const HttpResponse& HttpResponseParser::answer() const {
    return impl_->answer;
}
const std::string& HttpResponseParser::broken_reason() const {
    return impl_->broken_reason;
}

bool HttpResponseParser::has_begun() const {
    return impl_->fed > 0;
}

void HttpResponseParser::reset() {
    impl_->next_message();
    impl_->held.clear();
    impl_->fed = 0;
    impl_->interims = 0;
    impl_->answer = {};
    impl_->broken_reason.clear();
}

}  // namespace scram
