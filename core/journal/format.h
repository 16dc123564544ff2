// How a journal's bytes are laid out: a file's head, and the board. Of the core's journal files
// alone.
#pragma once

#include <algorithm>
#include <cstring>
#include <span>

#include "core/journal/journal.h"

namespace scram {

inline constexpr std::array<char, 8> file_magic = {'s', 'c', 'r', 'a', 'm', 'j', 'n', 'l'};
inline constexpr std::array<char, 8> board_magic = {'s', 'c', 'r', 'a', 'm', 'b', 'r', 'd'};
inline constexpr std::uint32_t byte_order_mark = 0x01020304;
inline constexpr std::uint16_t journal_version = 1;
inline constexpr std::size_t record_size = sizeof(JournalRecord);
inline constexpr std::size_t hashed_size = record_size - sizeof(Hash);

// What opens both: whose bytes these are.
struct Format {
    std::array<char, 8> magic{};
    std::uint32_t byte_order = byte_order_mark;
    std::uint16_t version = journal_version;
    std::uint16_t record_bytes = record_size;
    bool operator==(const Format&) const = default;
};

struct FileHead {
    Format format{file_magic};
    std::uint64_t first_sequence = 0;  // of the first numbered record
    std::uint64_t opening = 0;         // unnumbered records before it
    std::uint64_t last_trip = 0;       // so far
    std::uint64_t last_attempt = 0;
    std::int64_t wall_ms = 0;
    Hash before{};  // of the last record of the file before
    std::array<std::byte, 136> spare{};
    Hash hash{};
};
static_assert(sizeof(FileHead) == record_size);

struct BoardHead {
    Format format{board_magic};
    std::uint32_t families = 0;
    std::uint32_t accounts = 0;
    std::uint64_t records = 0;  // the ring's places
    BootId boot{};
    // Up to here, with the names, under `hash`. What follows changes all the time.
    Hash hash{};
    std::uint64_t last = 0;    // sequence of the last record in the ring
    std::uint64_t stored = 0;  // of the last that the files hold
    std::uint64_t last_trip = 0;
    std::uint64_t last_attempt = 0;
    std::array<std::byte, 144> spare{};
};
static_assert(sizeof(BoardHead) == record_size);
inline constexpr std::size_t board_hashed_size = offsetof(BoardHead, hash);

inline constexpr std::size_t name_size = 32;

// Where the parts of a board begin.
struct BoardLayout {
    BoardLayout(std::size_t families, std::size_t accounts, std::size_t records)
        : words(names + (families + accounts) * name_size),
          budgets(words + families * sizeof(Folded::Word)),
          ring(round_up(budgets + accounts * sizeof(Budget::Image))),
          end(ring + records * record_size) {}

    static constexpr std::size_t names = sizeof(BoardHead);
    std::size_t words, budgets, ring, end;

  private:
    static std::size_t round_up(std::size_t size) {
        return (size + record_size - 1) / record_size * record_size;
    }
};

// Bytes of any alignment as a T.
template <class T>
T read_as(std::span<const std::byte> bytes, std::size_t at) {
    T out;
    std::memcpy(&out, bytes.data() + at, sizeof out);
    return out;
}

// Over what a board holds unchanged: its head's first part, and the names up to `names_end`.
inline Hash board_hash(const Hasher& hasher, std::span<const std::byte> board,
                       std::size_t names_end) {
    const Hash head = hasher({}, board.first(board_hashed_size));
    return hasher(head, board.first(names_end).subspan(BoardLayout::names));
}

// The boot as text, as the record of a start tells it.
std::string boot_text(const BootId& boot);

inline std::span<const std::byte> hashed_part(const FileHead& head) {
    return std::as_bytes(std::span(&head, 1)).first(hashed_size);
}

}  // namespace scram
