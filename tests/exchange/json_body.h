// A POST's JSON body, read field by field as OKX reads it: the first thing wrong is the refusal.
#pragma once

#include <simdjson.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tests/exchange/message.h"

namespace scram::okxsim {

class Fields {
  public:
    explicit Fields(simdjson::dom::element object) : object_(object) {}

    std::string text(std::string_view name);  // must be there and not empty
    std::string text_or(std::string_view name, std::string_view otherwise);
    std::int64_t count(std::string_view name);            // a string of an integer, not negative
    std::int64_t count_or_number(std::string_view name);  // or a number, where clients send those
    std::string family(const std::vector<std::string>& families);  // instFamily, one that exists

    void refuse_for(std::string_view name);  // OKX's answer to a value that it cannot use
    const std::optional<Answer>& refusal() const { return refusal_; }

  private:
    void refused(Answer answer);

    simdjson::dom::element object_;
    std::optional<Answer> refusal_;
};

// Why there is no JSON at all, or nothing and `root` is set; `parser` holds what it points to.
std::optional<Answer> read_json(const Request& request, simdjson::dom::parser& parser,
                                simdjson::dom::element& root);

}  // namespace scram::okxsim
