// Changes what a story left, as disks, crashes and people do: no hash is made again.
#pragma once

#include "core/journal/format.h"
#include "tests/fuzz/journal_story.h"

namespace scram::fuzz {

enum class Change : std::uint8_t {
    cut_file,
    cut_last_record,
    flip_bit,
    copy_record,
    swap_records,
    zero_tail,
    zero_block,
    remove_file,
    no_board,
    earlier_board,
    cut_board,
    flip_bit_of_board,
    zero_block_of_board,
    reboot,
    swap_files,
    count
};

class Changer {
  public:
    Changer(const Story& story, Input& input) : story_(story), input_(input) {}

    Remains make() {
        out_ = story_.remains;
        while (!input_.empty()) {
            const auto what = input_.byte() % static_cast<std::uint8_t>(Change::count);
            const std::uint8_t which = input_.byte();
            at_ = input_.value<std::uint16_t>();
            other_ = input_.value<std::uint16_t>();
            Bytes none;
            change(static_cast<Change>(what),
                   out_.files.empty() ? none : out_.files[which % out_.files.size()]);
        }
        return std::move(out_);
    }
    bool out_of_order = false;

  private:
    void change(Change what, Bytes& file) {
        switch (what) {
            case Change::cut_file:
                return file.resize(at_ % (file.size() + 1));
            case Change::cut_last_record:
                return file.resize(file.size() - std::min<std::size_t>(file.size(), at_ % 256));
            case Change::flip_bit:
                return flip(file);
            case Change::copy_record:
            case Change::swap_records:
                return move_record(file, what == Change::swap_records);
            case Change::zero_tail:
                return zero(file, file.size());
            case Change::zero_block:
                return zero(file, other_ % 1024);
            case Change::remove_file:
                if (!file.empty()) std::erase(out_.files, Bytes(file));
                return;
            case Change::swap_files:
                out_of_order = true;
                if (!file.empty()) file.swap(out_.files.back());
                return;
            default:
                return change_board(what);
        }
    }
    void change_board(Change what) {
        if (what == Change::no_board) out_.board.clear();
        if (what == Change::earlier_board) out_.board = story_.earlier_board;
        if (what == Change::cut_board) out_.board.resize(at_ % (out_.board.size() + 1));
        if (what == Change::flip_bit_of_board) flip(out_.board);
        if (what == Change::zero_block_of_board) zero(out_.board, other_ % 1024);
        if (what == Change::reboot) out_.boot[14]++;
    }

    void flip(Bytes& bytes) const {
        if (!bytes.empty()) bytes[at_ % bytes.size()] ^= std::byte{std::uint8_t(1 << other_ % 8)};
    }
    void zero(Bytes& bytes, std::size_t size) const {
        const std::size_t from = at_ % (bytes.size() + 1);
        const auto begin = bytes.begin() + std::ptrdiff_t(from);
        std::fill_n(begin, std::min(size, bytes.size() - from), std::byte{});
    }
    void move_record(Bytes& file, bool swap) const {
        const std::size_t places = file.size() / record_size;
        if (places == 0) return;
        const auto from = file.begin() + std::ptrdiff_t(at_ % places * record_size);
        const auto to = file.begin() + std::ptrdiff_t(other_ % places * record_size);
        if (swap && from != to) std::swap_ranges(from, from + record_size, to);
        if (!swap) std::copy_n(Bytes(from, from + record_size).begin(), record_size, to);
    }

    const Story& story_;
    Input& input_;
    Remains out_;
    std::size_t at_ = 0, other_ = 0;
};

}  // namespace scram::fuzz
