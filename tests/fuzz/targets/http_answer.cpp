// The peer at the other end of a link: any bytes, in pieces of any size, one answer after another.
// However they are cut, they must be read alike.
//
// Input: the sizes of the first pieces, one byte each (0: the rest at once), used in turn; from
// byte 4 on, the stream.
#include <array>
#include <string>
#include <vector>

#include "core/base/check.h"
#include "net/exchange/http_response.h"
#include "tests/fuzz/input.h"

namespace {

using namespace scram;
using Step = HttpResponseParser::Step;
using Sizes = std::array<std::uint8_t, 4>;

// All that a reader says of one stream: its answers, and how it ended.
struct Transcript {
    struct Read {
        int status;
        bool keep_alive;
        std::string body;
        bool operator==(const Read&) const = default;
    };
    std::vector<Read> answers;
    bool broken = false;
    bool operator==(const Transcript&) const = default;
};

class Reading {
  public:
    Transcript read(std::string_view stream, const Sizes& sizes) {
        for (std::size_t i = 0; !stream.empty() && !said_.broken; ++i) {
            const std::size_t size = sizes[i % sizes.size()];
            const std::string_view piece = stream.substr(0, size == 0 ? stream.size() : size);
            stream.remove_prefix(piece.size());
            feed(piece);
        }
        if (!said_.broken) note(parser_.end_of_stream());
        read_afresh();
        return said_;
    }

  private:
    // A piece may hold the end of one answer and the whole of others.
    void feed(std::string_view piece) {
        while (!piece.empty() && !said_.broken) {
            std::size_t consumed = 0;
            const Step step = parser_.feed(piece, consumed);
            check(consumed <= piece.size(), "no more is consumed than was given");
            check(step != Step::need_more || consumed == piece.size(),
                  "more is wanted, so all is taken");
            check(step != Step::done || consumed > 0, "an answer ends with a byte of its own");
            note(step);
            piece.remove_prefix(consumed);
        }
    }

    void note(Step step) {
        if (step == Step::need_more) return;
        if (step == Step::broken) {
            check(!parser_.broken_reason().empty(), "what is broken has a reason");
            said_.broken = true;
            return;
        }
        const HttpResponse& answer = parser_.answer();
        check(answer.status / 100 != 1, "an interim answer is passed over");
        check(answer.body.size() <= http_body_max, "a body is bounded");
        check(answer.encoding.empty() || answer.body.empty(), "what is encoded is not handed up");
        said_.answers.push_back({answer.status, answer.keep_alive, std::string(answer.body)});
        parser_.reset();
    }

    // The link's next connection: nothing of the last one is left.
    void read_afresh() {
        constexpr std::string_view plain = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}";
        parser_.reset();
        std::size_t consumed = 0;
        check(parser_.feed(plain, consumed) == Step::done && consumed == plain.size() &&
                  parser_.answer().status == 200 && parser_.answer().body == "{}",
              "after a reset the next answer is read");
    }

    HttpResponseParser parser_;
    Transcript said_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    fuzz::Input input(data, size);
    const auto sizes = input.value<Sizes>();
    const Transcript at_once = Reading().read(input.rest(), Sizes{});
    check(Reading().read(input.rest(), sizes) == at_once,
          "a stream is read alike however it is cut");
    return 0;
}
