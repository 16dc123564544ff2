// The status page: a file in shared memory in which the loop keeps its status, and which others
// read without asking it, also while it hangs and after its end. docs/interfaces.md has its layout.
//
// Two buffers hold a text each. The writer fills the one that is not the latest, a piece at a time,
// and then names it the latest; a reader that took longer than the writer for a whole round sees by
// the buffer's sequence number that it has to read again. Every other field is one word, and right
// by itself. The writer only stores, and waits for nobody.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <variant>

#include "core/base/time.h"

namespace scram {

inline constexpr std::string_view page_magic = "scramSTA";
inline constexpr std::uint32_t page_version = 1;
// A loop that turns writes its heartbeat about so often ...
inline constexpr Duration page_beat_interval = 100ms;
// ... and one that has not for so long has not moved.
inline constexpr Duration page_stale_after = 1s;
inline constexpr std::size_t page_text_max = std::size_t{64} << 20;

enum class PageState : std::uint32_t { running = 1, ended = 2 };

struct PageHeader {
    std::array<char, 8> magic{};
    std::uint32_t version = 0;
    std::uint32_t stale_after_ms = 0;
    std::uint64_t size = 0;      // of the file
    std::uint64_t text_max = 0;  // of each buffer's text
    std::uint32_t pid = 0;       // as the writer's own namespace has it
    PageState state{};
    std::array<std::uint8_t, 16> boot{};  // the kernel's boot id; zero: not known
    std::int64_t started_ns = 0;          // CLOCK_MONOTONIC, as all `_ns`
    std::int64_t started_wall_ms = 0;     // since 1970, as all `_wall_ms`
    std::int64_t heartbeat_ns = 0;
    std::int64_t heartbeat_wall_ms = 0;
    std::uint32_t latest = 0;  // buffer 0 or 1; 2: no text yet
    std::uint32_t unused[9]{};
};
static_assert(sizeof(PageHeader) == 128 && std::is_trivially_copyable_v<PageHeader>);

// Its text follows it.
struct PageBuffer {
    std::uint64_t sequence = 0;  // odd: being written
    std::uint64_t length = 0;    // of the text; 0: it had no room, see `wanted`
    std::uint64_t wanted = 0;    // how long it is
    std::int64_t taken_ns = 0;   // when its making began
    std::int64_t taken_wall_ms = 0;
    std::uint64_t unused[3]{};
};
static_assert(sizeof(PageBuffer) == 64 && std::is_trivially_copyable_v<PageBuffer>);

// Where the buffers are, whose texts have `text_max` bytes each, a multiple of 64.
constexpr std::size_t page_buffer_at(std::uint32_t buffer, std::size_t text_max) {
    return sizeof(PageHeader) + buffer * (sizeof(PageBuffer) + text_max);
}
constexpr std::size_t page_size_for(std::size_t text_max) {
    return page_buffer_at(2, text_max);
}

struct PageMoment {
    Time at{};
    WallMillis wall{};
};

class PageWriter {
  public:
    // `memory` is zero, page-aligned and as long as page_size_for() some text_max, and outlives it.
    PageWriter(std::span<std::byte> memory, std::uint32_t pid,
               const std::array<std::uint8_t, 16>& boot, PageMoment now);

    void beat(PageMoment now);
    // A text of `length` bytes begins, which was made from `taken` on; its pieces follow by add(),
    // and publish() shows it. One that has no room is not shown: a reader is told how long it is.
    void begin(std::size_t length, PageMoment taken);
    void add(std::string_view piece);
    void publish();
    // An end in order.
    void end(PageMoment now);

    std::size_t text_max() const { return text_max_; }

  private:
    PageHeader& header() const;
    PageBuffer& buffer() const;

    std::span<std::byte> memory_;
    std::size_t text_max_;
    std::uint32_t filling_ = 0;
    std::size_t filled_ = 0;
};

// `out.size()` bytes from `at` on; false: there are not so many.
using PageReadAt = std::function<bool(std::size_t at, std::span<std::byte> out)>;

struct PageContent {
    PageHeader header;
    PageBuffer buffer;  // all zero: there is no text yet
    std::string text;
};

// What a file of `size` bytes holds, or why that cannot be read. Whoever wrote the file, this ends:
// it reads a bounded number of times and no more than page_text_max bytes each.
std::variant<PageContent, std::string> read_page(std::size_t size, const PageReadAt& read_at);

// How its writer is.
enum class PageLife : std::uint8_t {
    moves,
    hangs,  // it is there, and has not written its heartbeat in time
    gone,   // it crashed or was killed
    ended,  // in order
};

// `writer_is_there`: the kernel says that a process holds the page's lock.
PageLife life_of(const PageHeader& header, Time now, const std::array<std::uint8_t, 16>& boot,
                 bool writer_is_there);

}  // namespace scram
