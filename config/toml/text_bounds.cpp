#include "config/toml/text_bounds.h"

#include <fmt/format.h>

#include <algorithm>

namespace scram::config {
namespace {

// Knows of TOML what it takes to tell brackets and dots from the inside of strings and comments.
class BoundsReader {
  public:
    explicit BoundsReader(std::string_view text) : text_(text) {}

    std::optional<TextFault> read() {
        while (at_ < text_.size()) {
            take(text_[at_]);
            if (nesting_ > nesting_max)
                return fault(
                    fmt::format("expected brackets nested at most {} levels deep", nesting_max));
            if (key_parts_ > key_parts_max)
                return fault(
                    fmt::format("expected a key of at most {} parts between dots", key_parts_max));
            ++at_;
        }
        return std::nullopt;
    }

  private:
    void take(char c) {
        switch (c) {
            case '"':
            case '\'':
                return skip_string(c);
            case '#':
                at_ = std::min(text_.find('\n', at_), text_.size()) - 1;
                return;
            case '\n':
                ++line_;
                line_begin_ = at_ + 1;
                key_parts_ = 1;
                return;
            case '[':
            case '{':
                ++nesting_;
                key_parts_ = 1;
                return;
            case ']':
            case '}':
                nesting_ -= nesting_ > 0 ? 1 : 0;
                return;
            case '.':
                ++key_parts_;
                return;
            case '=':
            case ',':
                key_parts_ = 1;
                return;
            default:
                return;
        }
    }

    // To its closing quote, to the line's end if it has none, or to the end of three quotes.
    void skip_string(char quote) {
        const std::string three(3, quote);
        if (text_.substr(at_).starts_with(three)) return skip_long_string(quote, three);
        for (++at_; at_ < text_.size() && text_[at_] != quote; ++at_) {
            if (text_[at_] == '\n') {
                --at_;  // the line's end is counted by who called
                return;
            }
            if (quote == '"' && text_[at_] == '\\') ++at_;
        }
    }

    void skip_long_string(char quote, const std::string& three) {
        for (at_ += 3; at_ < text_.size() && !text_.substr(at_).starts_with(three); ++at_) {
            if (quote == '"' && text_[at_] == '\\') ++at_;
            if (at_ < text_.size() && text_[at_] == '\n') {
                ++line_;
                line_begin_ = at_ + 1;
            }
        }
        at_ += 2;
    }

    // Columns count characters, not bytes.
    TextFault fault(std::string message) const {
        const std::string_view before = text_.substr(line_begin_, at_ - line_begin_);
        const auto characters = std::count_if(before.begin(), before.end(), [](char c) {
            return (static_cast<unsigned char>(c) & 0xc0) != 0x80;
        });
        return {{line_, static_cast<std::uint32_t>(characters) + 1}, std::move(message)};
    }

    std::string_view text_;
    std::size_t at_ = 0;
    std::size_t line_begin_ = 0;
    std::uint32_t line_ = 1;
    std::size_t nesting_ = 0;
    std::size_t key_parts_ = 1;
};

}  // namespace

std::optional<TextFault> beyond_bounds(std::string_view text) {
    return BoundsReader(text).read();
}

}  // namespace scram::config
