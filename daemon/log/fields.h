// What is told of an event: keys and values, in one order, for a line of key=value and for JSON.
#pragma once

#include <fmt/format.h>

#include <string>
#include <string_view>
#include <vector>

#include "core/okx/answer.h"
#include "daemon/common/json.h"

namespace scram {

class Fields {
  public:
    // Left out if it is empty.
    Fields& text(std::string_view key, std::string_view value) {
        if (!value.empty()) fields_.push_back({key, std::string(value), true});
        return *this;
    }
    template <class Number>
    Fields& number(std::string_view key, Number value) {
        fields_.push_back({key, fmt::format("{}", value), false});
        return *this;
    }
    // As JSON has it: null for what is no number there.
    Fields& value(std::string_view key, double value) {
        fields_.push_back({key, json_number(value), false});
        return *this;
    }
    // Left out if it is not so.
    Fields& flag(std::string_view key, bool is_so) {
        if (is_so) fields_.push_back({key, "true", false});
        return *this;
    }

    // " trip=3 rule=delta"
    std::string line() const;
    void add_to(JsonObject& out) const;

  private:
    struct Field {
        std::string_view key;
        std::string value;
        bool is_text = false;
    };
    std::vector<Field> fields_;
};

// An answer of the exchange: http, and where OKX gave one its code, as a text, and why.
void add_answer(JsonObject& to, const Answer& answer);
void add_answer(Fields& to, const Answer& answer);

}  // namespace scram
