// Reads HTTP/1.1 answers off a connection's bytes, one at a time (Boost.Beast's parser behind a
// plain header, since Beast is slow to compile). Bounded: a header over 8 KiB or a body over 64 KiB
// is an error, and so is an answer that its framing (chunk extensions, trailers, interim 1xx
// answers, which are skipped) makes far larger than both.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

namespace scram {

inline constexpr std::size_t http_header_max = 8 * 1024;
inline constexpr std::size_t http_body_max = 64 * 1024;
// An answer from its first byte to its last, whatever it consists of.
inline constexpr std::size_t http_answer_max = 2 * (http_header_max + http_body_max);

struct HttpResponse {
    int status = 0;
    bool keep_alive = true;  // false: the connection ends after this answer
    std::string_view body;   // valid until the parser is fed or reset
    // Content-Encoding, though none is ever asked for; valid as long. Then there is no body, since
    // what came as one cannot be read.
    std::string_view encoding{};
};

class HttpResponseParser {
  public:
    HttpResponseParser();
    ~HttpResponseParser();
    HttpResponseParser(HttpResponseParser&&) noexcept;
    HttpResponseParser& operator=(HttpResponseParser&&) noexcept;

    enum class Step { need_more, done, broken };

    // Consumes from `bytes`; `consumed` says how many. After `done`, answer() holds until reset(),
    // and bytes behind the answer are not consumed.
    Step feed(std::string_view bytes, std::size_t& consumed);
    // The peer closed its side: `done` if that completes an answer without a length, else `broken`.
    Step end_of_stream();
    const HttpResponse& answer() const;
    const std::string& broken_reason() const;
    bool has_begun() const;  // at least a byte was fed since reset()
    void reset();

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace scram
