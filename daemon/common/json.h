// JSON, written: what scramd and scramctl say to machines. Reading is simdjson's.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace scram {

// A text as a JSON string with its quotes. Bytes that are no UTF-8 become U+FFFD.
std::string json_string(std::string_view text);
// The length of the UTF-8 sequence that starts `text`, 0 if it starts none.
std::size_t utf8_length(std::string_view text);
// It would move a terminal, or have it show what is written in another order than it stands:
// control characters (C0, DEL, C1), separators of lines, and what sets the direction of text.
bool is_command_to_terminal(std::string_view utf8_sequence);
// The shortest text that reads back as the same double; null for NaN and infinity, which JSON
// lacks.
std::string json_number(double value);

// Builds one object: JsonObject().add("a", 1).add("b", "x").text() is {"a":1,"b":"x"}.
class JsonObject {
  public:
    JsonObject& add(std::string_view key, std::string_view value) {
        return add_raw(key, json_string(value));
    }
    JsonObject& add(std::string_view key, const char* value) {
        return add(key, std::string_view(value));
    }
    JsonObject& add(std::string_view key, double value) { return add_raw(key, json_number(value)); }
    JsonObject& add(std::string_view key, bool value) {
        return add_raw(key, value ? "true" : "false");
    }
    template <class Integer>
    requires std::is_integral_v<Integer> JsonObject& add(std::string_view key, Integer value) {
        return add_raw(key, std::to_string(value));
    }
    // `json` is JSON already.
    JsonObject& add_raw(std::string_view key, std::string_view json) {
        text_.append(text_.size() > 1 ? "," : "").append(json_string(key)).append(":").append(json);
        return *this;
    }
    std::string text() const& { return text_ + "}"; }
    std::string text() && { return std::move(text_ += '}'); }

  private:
    std::string text_ = "{";
};

class JsonArray {
  public:
    JsonArray& add_raw(std::string_view json) {
        text_.append(text_.size() > 1 ? "," : "").append(json);
        return *this;
    }
    std::string text() const& { return text_ + "]"; }
    std::string text() && { return std::move(text_ += ']'); }

  private:
    std::string text_ = "[";
};

}  // namespace scram
