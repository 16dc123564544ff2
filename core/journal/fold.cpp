// The fold: from a journal's bytes to what they say, as far as they can be believed.
#include <algorithm>
#include <utility>

#include "core/journal/format.h"

namespace scram {
namespace {

using Health = Folded::Health;

class Folder {
  public:
    explicit Folder(const BootId& boot) : boot_(boot) {}

    Folded run(std::span<const std::span<const std::byte>> files,
               std::span<const std::byte> board) {
        for (const auto file : files) {
            if (!is_blank(file)) add_file(file);
        }
        out_.stored_sequence = out_.last_sequence;
        out_.stored_hash = out_.last_hash;
        out_.budgets_known = !any_ || is_other_boot(last_boot_);
        if (!is_blank(board)) add_board(board);
        const bool complete = out_.health <= Health::whole || complete_;
        out_.clean = !any_ || (complete && last_kind_ == RecordKind::stopped);
        // Nor can anything follow where records are missing: more than a board of ours takes over.
        const bool gap = out_.unstored.empty() && out_.last_sequence != out_.stored_sequence;
        if (out_.in_doubt() || gap) out_.file_size = 0;
        return std::move(out_);
    }

  private:
    void add_file(std::span<const std::byte> file) {
        any_ = true;
        auto before = std::exchange(out_.families, {});
        const FileWalk walked = walk(file, hasher_, [this](const auto& record) { see(record); });
        // Without a whole opening, what older files say counts where this one is silent.
        if (!walked.self_contained) out_.families.merge(before);
        if (!walked.self_contained) check_border(walked);
        if (walked.self_contained || walked.health > out_.health) {
            out_.health = walked.health;
            out_.fault = walked.fault;
        }
        const bool writable = walked.health <= Health::torn && walked.self_contained;
        out_.file_size = writable ? walked.size : 0;
        out_.last_trip = std::max(out_.last_trip, walked.last_trip);
        out_.last_attempt = std::max(out_.last_attempt, walked.last_attempt);
        if (walked.size == 0) return;  // no head that could say where it goes on
        out_.last_sequence = walked.last_sequence;
        out_.last_hash = walked.last_hash;
    }

    // A file that leaves the word to the one before counts no more than that one, and not without
    // it.
    void check_border(const FileWalk& walked) {
        if (walked.size == 0 || walked.health > Health::torn) return;
        if (walked.first_sequence != out_.last_sequence + 1 || walked.before != out_.last_hash)
            blame(Health::truncated, "the file before the last is missing");
    }

    void see(const JournalRecord& record) {
        const Texts texts = texts_of(record);
        if (const auto standing = standing_of(record))
            out_.families.insert_or_assign(std::string(texts.subject), *standing);
        out_.drills.see(record);
        out_.last_trip = std::max(out_.last_trip, TripId{record.trip});
        out_.last_attempt = std::max(out_.last_attempt, AttemptId{record.attempt});
        if (record.kind == RecordKind::started) last_boot_ = texts.who;
        if (record.sequence > 0) last_kind_ = record.kind;
    }

    // ---- The board

    void add_board(std::span<const std::byte> board) {
        any_ = true;
        out_.budgets_known = false;
        if (board.size() < sizeof(BoardHead)) return blame(Health::damaged, "the board is cut");
        const auto head = read_as<BoardHead>(board, 0);
        if (head.format != BoardHead{}.format)
            return blame(Health::foreign, "the board is not of this version or machine");
        if (head.families > families_max || head.accounts > accounts_max || head.records == 0 ||
            head.records > board.size() / record_size)
            return blame(Health::damaged, "the board's head was changed");
        const BoardLayout layout(head.families, head.accounts, head.records);
        const std::size_t names_end = layout.words;
        if (layout.end > board.size()) return blame(Health::damaged, "the board is cut");
        if (board_hash(hasher_, board, names_end) != head.hash)
            return blame(Health::damaged, "the board's head was changed");
        read_words(board, head, layout);
        read_budgets(board, head, layout);
        read_ring(board, head, layout);
    }

    static std::string name_at(std::span<const std::byte> board, std::size_t i) {
        const auto bytes =
            read_as<std::array<char, name_size>>(board, BoardLayout::names + i * name_size);
        return {bytes.data(), strnlen(bytes.data(), bytes.size())};
    }

    void read_words(std::span<const std::byte> board, const BoardHead& head,
                    const BoardLayout& layout) {
        for (std::size_t f = 0; f < head.families; ++f) {
            out_.words[name_at(board, f)] = Folded::Word{
                read_as<std::uint64_t>(board, layout.words + f * sizeof(std::uint64_t))};
        }
    }

    void read_budgets(std::span<const std::byte> board, const BoardHead& head,
                      const BoardLayout& layout) {
        const bool known = head.boot != BootId{} && boot_ != BootId{};
        out_.budgets_known = known;
        if (!known || head.boot != boot_) return;  // times of another boot mean nothing in this one
        for (std::size_t a = 0; a < head.accounts; ++a) {
            out_.budgets[name_at(board, head.families + a)] =
                read_as<Budget::Image>(board, layout.budgets + a * sizeof(Budget::Image));
        }
    }

    void read_ring(std::span<const std::byte> board, const BoardHead& head,
                   const BoardLayout& layout) {
        // Beyond what a program can have counted up to, the word itself is damaged.
        if (head.last >= count_max) return blame(Health::damaged, "the board's count was changed");
        if (head.last < out_.last_sequence)
            return blame(Health::truncated, "the board is older than the file");
        const std::uint64_t oldest = head.last > head.records ? head.last - head.records + 1 : 1;
        bool complete = oldest <= out_.last_sequence + 1;
        if (!complete) blame(Health::truncated, missing(out_.last_sequence + 1, oldest - 1));
        Hash before = out_.last_hash;
        std::uint64_t sequence = std::max(oldest, out_.last_sequence + 1);
        for (; sequence <= head.last; ++sequence) {
            const std::size_t place = (sequence - 1) % head.records;
            const auto record = read_as<JournalRecord>(board, layout.ring + place * record_size);
            const bool follows = hasher_(before, record) == record.hash;
            before = record.hash;
            // The first one after a gap has nothing to be checked against.
            const bool right = record.sequence == sequence && (follows || !complete);
            if (!right) {
                complete = false;
                blame(Health::damaged, "record " + std::to_string(sequence) +
                                           " on the board was changed, or is not there");
            }
            if (!follows || !right) continue;
            see(record);
            out_.unstored.push_back(record);
        }
        complete_ = complete;
        if (!complete || out_.unstored.size() > board_records) out_.unstored.clear();
        out_.last_sequence = head.last;
        out_.last_hash = before;
        take_ids(head);
    }

    // A crash between send() and its record leaves the attempt's number here alone.
    void take_ids(const BoardHead& head) {
        const auto take = [](auto& last, std::uint64_t told) {
            const auto known = static_cast<std::uint64_t>(last);
            if (told > known && told < count_max) last = std::remove_cvref_t<decltype(last)>{told};
        };
        take(out_.last_trip, head.last_trip);
        take(out_.last_attempt, head.last_attempt);
    }

    // ---- Words

    static std::string missing(std::uint64_t first, std::uint64_t last) {
        return "records " + std::to_string(first) + " to " + std::to_string(last) + " are missing";
    }

    bool is_other_boot(std::string_view last) const {
        return boot_ != BootId{} && !last.empty() && last != boot_text(boot_);
    }

    // The worst of files and board counts, with its reason.
    void blame(Health health, std::string why) {
        if (health <= out_.health) return;
        out_.health = health;
        out_.fault = std::move(why);
    }

    static constexpr std::uint64_t count_max = std::uint64_t{1} << 48;

    BootId boot_;
    Hasher hasher_;
    Folded out_;
    bool any_ = false;
    bool complete_ = false;  // the board had every record that the files lack
    std::string last_boot_;
    RecordKind last_kind_ = RecordKind::none;
};

}  // namespace

Folded fold(std::span<const std::span<const std::byte>> files, std::span<const std::byte> board,
            const BootId& boot) {
    return Folder(boot).run(files, board);
}

}  // namespace scram
