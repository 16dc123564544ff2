// A short text of fixed size, cut at its end if need be.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace scram {

template <std::size_t N>
class FixedText {
  public:
    FixedText() {}  // not `= default`, which would have `{}` fill bytes that are never read
    explicit FixedText(std::string_view text)
        : size_(static_cast<std::uint8_t>(text.substr(0, N).size())) {
        static_assert(N < 256);
        text.copy(text_.data(), size_);
    }
    std::string_view view() const { return {text_.data(), size_}; }

  private:
    std::uint8_t size_ = 0;
    std::array<char, N> text_;
};

}  // namespace scram
