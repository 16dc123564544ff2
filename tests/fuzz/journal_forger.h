// Journals whose hashes are right and whose fields may be anything: what a hash alone does not
// stop.
#pragma once

#include "core/journal/format.h"
#include "tests/fuzz/journal_story.h"

namespace scram::fuzz {

class Forger {
  public:
    explicit Forger(Input& input) : input_(input) {}

    Remains make() {
        Remains out;
        const std::size_t count = input_.byte() % 4;
        for (std::size_t i = 0; i < count; ++i) out.files.push_back(file());
        if (input_.byte() % 2 != 0) out.board = board();
        return out;
    }

  private:
    // Bits of the first byte: what is made right.
    Bytes file() {
        const std::uint8_t repairs = input_.byte();
        FileHead head;
        read(head, 0, offsetof(FileHead, before));
        if (repairs & 1) head.format = FileHead{}.format;
        if (repairs & 2) head.first_sequence = last_ + 1;
        if (repairs & 4) head.opening %= 4;
        if (repairs & 8) head.before = last_hash_;
        if (repairs & 16) head.hash = hasher_({}, hashed_part(head));
        Bytes out;
        put(head, out);
        const std::size_t count = input_.byte() % 16;
        Hash before = head.hash;
        for (std::size_t i = 0; i < count; ++i) {
            if (i == head.opening) before = head.before, last_ = head.first_sequence - 1;
            put(record(before, i < head.opening ? 0 : last_ + 1), out);
        }
        last_hash_ = before;
        return out;
    }

    JournalRecord record(Hash& before, std::uint64_t due) {
        const std::uint8_t repairs = input_.byte();
        JournalRecord out;
        read(out, 0, offsetof(JournalRecord, texts));
        if (repairs & 1) out.sequence = due;
        if (repairs & 2) out.kind = static_cast<RecordKind>(repairs >> 4);
        if (repairs & 4) {
            put_texts({plan().families[input_.byte() % family_count].name, {}, {}, {}, {}}, out);
        } else {
            const std::string_view texts = input_.take(std::min<std::size_t>(input_.byte(), 152));
            std::copy(texts.begin(), texts.end(), out.texts.begin());
        }
        out.hash = hasher_(before, out);
        if (repairs & 8) out.hash[0] ^= 1;
        before = out.hash;
        if (due > 0) last_ = out.sequence;
        return out;
    }

    Bytes board() {
        const std::uint8_t repairs = input_.byte();
        BoardHead head;
        read(head, 0, board_hashed_size);
        if (repairs & 1) head.format = BoardHead{}.format;
        if (repairs & 2) head.families %= 8, head.accounts %= 4, head.records %= 16;
        if (repairs & 4) head.boot = boot_of(1);
        read(head, offsetof(BoardHead, last), 32);
        if (repairs & 8) head.last = last_ + head.last % 8;
        if (repairs & 16) head.last_trip %= count_max, head.last_attempt %= count_max;
        const BoardLayout layout(head.families % 1024, head.accounts % 32, head.records % 32);
        Bytes out(layout.end);
        write_names(head, layout, out);
        const auto words = bytes_of(input_.take(layout.ring - layout.words));
        std::copy(words.begin(), words.end(), out.begin() + std::ptrdiff_t(layout.words));
        write_words(head, layout, out);
        std::memcpy(out.data(), &head, sizeof head);
        head.hash = board_hash(hasher_, out, layout.words);
        if (repairs & 32) std::memcpy(out.data(), &head, sizeof head);
        write_ring(head, layout, out);
        if (repairs & 64) out.resize(out.size() - std::min<std::size_t>(out.size(), input_.byte()));
        return out;
    }

    void write_names(const BoardHead& head, const BoardLayout& layout, Bytes& out) {
        for (std::size_t at = BoardLayout::names, i = 0; at < layout.words; at += name_size, ++i) {
            const std::uint8_t which = input_.byte();
            const bool account = i >= head.families;
            const std::string_view name = account ? plan().accounts[which % 2].name
                                                  : plan().families[which % family_count].name;
            const std::string_view text = which < 128 ? name : input_.take(name_size);
            std::memcpy(&out[at], text.data(), std::min(text.size(), name_size));
        }
    }

    using Word = Folded::Word;

    // Words that mean something, where a byte says so.
    void write_words(const BoardHead& head, const BoardLayout& layout, Bytes& out) {
        constexpr std::array known = {Word::armed, Word::latched, Word::accepted};
        for (std::size_t f = 0; f < head.families % 1024 && !input_.empty(); ++f) {
            const std::uint8_t which = input_.byte();
            if (which < known.size())
                std::memcpy(&out[layout.words + f * sizeof(Word)], &known[which], sizeof(Word));
        }
    }

    void write_ring(const BoardHead& head, const BoardLayout& layout, Bytes& out) {
        const std::size_t places = (layout.end - layout.ring) / record_size;
        Hash before = last_hash_;
        const std::uint64_t first = last_ + 1;
        for (std::uint64_t s = first; s <= head.last && s - first < places; ++s) {
            const JournalRecord made = record(before, s);
            std::memcpy(&out[layout.ring + (s - 1) % places * record_size], &made, record_size);
        }
    }

    template <class T>
    void read(T& out, std::size_t from, std::size_t size) {
        const std::string_view bytes = input_.take(size);
        std::memcpy(reinterpret_cast<char*>(&out) + from, bytes.data(), bytes.size());
    }
    template <class T>
    static void put(const T& value, Bytes& out) {
        const auto bytes = std::as_bytes(std::span(&value, 1));
        out.insert(out.end(), bytes.begin(), bytes.end());
    }

    Input& input_;
    Hasher hasher_;
    std::uint64_t last_ = 0;
    Hash last_hash_{};
};

}  // namespace scram::fuzz
