// Fuzzing: each file of targets/ reads one kind of hostile bytes, and says by check() what must
// hold whatever they are. libFuzzer looks for bytes that break it (`./dev fuzz TARGET --seconds
// N`); those of corpus/TARGET/ are read again by every `./dev test`, with any compiler
// (replay.cpp).
//
// A new target is one file targets/NAME.cpp and a folder corpus/NAME with a few inputs, each named
// by what it is. What libFuzzer adds to build/fuzz/work/NAME is folded into the corpus, as
// few files as reach the same code, by
//     build/fuzz/bin/fuzz_NAME -set_cover_merge=1 -use_counters=0 -use_cmp=0 tests/fuzz/corpus/NAME
//         build/fuzz/work/NAME
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <type_traits>

// What a target defines. Returns 0.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace scram::fuzz {

// Takes an input apart from its front. Behind its end stand zeros.
class Input {
  public:
    Input(const std::uint8_t* data, std::size_t size)
        : rest_(reinterpret_cast<const char*>(data), size) {}

    bool empty() const { return rest_.empty(); }
    std::string_view rest() const { return rest_; }

    std::string_view take(std::size_t size) {
        const std::string_view taken = rest_.substr(0, size);
        rest_.remove_prefix(taken.size());
        return taken;
    }
    template <class T>
    T value() {
        static_assert(std::is_trivially_copyable_v<T>);
        T out{};
        const std::string_view bytes = take(sizeof out);
        if (!bytes.empty()) std::memcpy(&out, bytes.data(), bytes.size());
        return out;
    }
    std::uint8_t byte() { return value<std::uint8_t>(); }

  private:
    std::string_view rest_;
};

}  // namespace scram::fuzz
