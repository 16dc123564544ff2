// What the readers of answers share: the parser with its memory, and single values. For core/okx
// alone, since simdjson's header is large.
#pragma once

#include <simdjson.h>

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "core/okx/answer.h"

namespace scram {

class AnswerJson {
  public:
    // The whole text is checked before any of it counts: a lazy reader would take a truncated
    // answer's first half for a confirmation. What `root` leads to is good until the next.
    bool open(std::string_view body, simdjson::dom::object& root);
    std::size_t capacity() const { return parser_.capacity(); }

  private:
    simdjson::dom::parser parser_{answer_body_max};
    std::vector<char> padded_ = std::vector<char>(answer_body_max + simdjson::SIMDJSON_PADDING);
};

// As text or as number, also with a sub-code ("51008_1000"): the digits in front; no_code if it is
// none.
std::uint32_t code_of(simdjson::dom::element value);

// OKX writes its numbers as text: digits and nothing else.
std::optional<std::uint64_t> whole_number(std::string_view text);

// As a time of the exchange's clock, what is too far from today is none.
bool is_plausible(WallMillis time);

}  // namespace scram
