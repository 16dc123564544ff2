// A journal file: how one is begun, and how one is read, whatever its bytes.
#include <algorithm>

#include "core/journal/format.h"

namespace scram {
namespace {

using Health = Folded::Health;

bool all_zero(std::span<const std::byte> bytes) {
    return std::all_of(bytes.begin(), bytes.end(), [](std::byte b) { return b == std::byte{0}; });
}

// Where the zeros at its end begin.
std::size_t zeros_from(std::span<const std::byte> bytes) {
    const auto last =
        std::find_if(bytes.rbegin(), bytes.rend(), [](std::byte b) { return b != std::byte{0}; });
    return static_cast<std::size_t>(bytes.rend() - last);
}

std::string foreign_because(const Format& format) {
    if (format.magic != file_magic) return "it does not begin as a journal does";
    if (format.byte_order != byte_order_mark)
        return "it was written by a machine of another byte order";
    return "it is of version " + std::to_string(format.version) + "; this program reads version " +
           std::to_string(journal_version);
}

// One walk through one file.
class Walker {
  public:
    Walker(std::span<const std::byte> file, const Hasher& hasher,
           const std::function<void(const JournalRecord&)>& see)
        : file_(file), hasher_(hasher), see_(see), zeros_from_(zeros_from(file)) {}

    FileWalk run() {
        if (!read_head()) return out_;
        read_opening();
        read_records();
        return out_;
    }

  private:
    bool read_head() {
        if (file_.size() < record_size) {
            const auto known = std::min(file_.size(), file_magic.size());
            const bool ours = std::memcmp(file_.data(), file_magic.data(), known) == 0;
            blame(ours ? Health::torn : Health::foreign, 0, "it ends within its head");
            return false;
        }
        head_ = read_as<FileHead>(file_, 0);
        if (head_.format != FileHead{}.format) {
            blame(Health::foreign, 0, foreign_because(head_.format));
            return false;
        }
        if (hasher_({}, hashed_part(head_)) != head_.hash || head_.first_sequence == 0) {
            blame(Health::damaged, 0, "its head was changed");
            head_ = FileHead{};  // its records may still be right
        } else {
            out_.last_sequence = head_.first_sequence - 1;
        }
        out_.first_sequence = head_.first_sequence;
        out_.last_trip = TripId{head_.last_trip};
        out_.last_attempt = AttemptId{head_.last_attempt};
        out_.before = out_.last_hash = head_.before;
        out_.size = record_size;
        return true;
    }

    void read_opening() {
        const std::uint64_t count = std::min<std::uint64_t>(head_.opening, records());
        Hash before = head_.hash;
        for (place_ = 1; place_ <= count; ++place_) {
            const JournalRecord record = at(place_);
            const bool right = hasher_(before, record) == record.hash && record.sequence == 0;
            before = record.hash;
            if (!right && zeros_follow()) return cut_opening();
            if (!right) {
                blame(Health::damaged, place_, "it was changed, or belongs elsewhere");
                continue;
            }
            see_(record);
            keep();
        }
        if (count < head_.opening) return cut_opening();
        out_.self_contained = out_.health == Health::whole;
    }

    void cut_opening() {
        blame(Health::torn, place_, "the file ends within its opening");
        place_ = records() + 1;
    }

    void read_records() {
        const std::size_t first = place_;
        Hash before = head_.before;
        for (; place_ <= records(); ++place_) {
            const JournalRecord record = at(place_);
            const bool right = hasher_(before, record) == record.hash;
            before = record.hash;
            const std::uint64_t due = head_.first_sequence + (place_ - first);
            if (!right && zeros_follow())
                return blame(Health::torn, place_, "zeros follow, as after a power failure");
            if (!right) blame(Health::damaged, place_, "it was changed, or one before is missing");
            if (right && record.sequence != due)
                blame(Health::damaged, place_, "its number is not the next");
            if (right && record.sequence > out_.last_sequence) take(record);
        }
        if (file_.size() % record_size != 0) blame(Health::torn, place_, "the file ends within it");
    }

    void take(const JournalRecord& record) {
        see_(record);
        out_.last_sequence = record.sequence;
        out_.last_hash = record.hash;
        keep();
    }

    void keep() {
        if (out_.health == Health::whole) out_.size = (place_ + 1) * record_size;
    }

    bool zeros_follow() const { return place_ * record_size >= zeros_from_; }

    // The first fault is told; the worst counts.
    void blame(Health health, std::size_t place, std::string_view what) {
        out_.health = std::max(out_.health, health);
        if (!out_.fault.empty()) return;
        out_.fault = place == 0 ? std::string(what)
                                : "record " + std::to_string(place) + ": " + std::string(what);
    }

    std::size_t records() const { return file_.size() / record_size - 1; }
    JournalRecord at(std::size_t place) const {
        return read_as<JournalRecord>(file_, place * record_size);
    }

    std::span<const std::byte> file_;
    const Hasher& hasher_;
    const std::function<void(const JournalRecord&)>& see_;
    const std::size_t zeros_from_;  // found once: a hostile file asks for it at every record
    FileHead head_;
    FileWalk out_;
    std::size_t place_ = 0;  // of a record, counted from 1; the head is 0
};

}  // namespace

bool is_blank(std::span<const std::byte> file) {
    return all_zero(file);
}

FileWalk walk(std::span<const std::byte> file, const Hasher& hasher,
              const std::function<void(const JournalRecord&)>& see) {
    return Walker(file, hasher, see).run();
}

// ---- Writing ------------------------------------------------------------------------------------

Ledger::Ledger(const Folded& folded)
    : families_(folded.families),
      drills_(folded.drills),
      last_trip_(folded.last_trip),
      last_attempt_(folded.last_attempt),
      last_sequence_(folded.unstored.empty() ? folded.last_sequence : folded.stored_sequence),
      last_hash_(folded.unstored.empty() ? folded.last_hash : folded.stored_hash) {}

void Ledger::add(const JournalRecord& record) {
    if (const auto standing = standing_of(record)) {
        families_.insert_or_assign(std::string(texts_of(record).subject), *standing);
    }
    drills_.see(record);
    last_trip_ = std::max(last_trip_, TripId{record.trip});
    last_attempt_ = std::max(last_attempt_, AttemptId{record.attempt});
    last_sequence_ = record.sequence;
    last_hash_ = record.hash;
}

std::vector<std::byte> Ledger::head(WallMillis wall) const {
    const Hasher hasher;
    FileHead head;
    head.first_sequence = last_sequence_ + 1;
    head.last_trip = static_cast<std::uint64_t>(last_trip_);
    head.last_attempt = static_cast<std::uint64_t>(last_attempt_);
    head.wall_ms = wall.value;
    head.before = last_hash_;
    std::vector<JournalRecord> opening;
    for (const auto& [name, standing] : families_) {
        if (!standing.latched && !standing.unfinished) continue;
        JournalRecord& record = opening.emplace_back();
        record.kind = RecordKind::standing;
        record.wall_ms = wall.value;
        record.trip = static_cast<std::uint64_t>(standing.trip);
        record.flags = flags_of(standing);
        put_texts({name, {}, {}, {}, "carried over from the file before"}, record);
    }
    for (const auto& [account, wall_ms] : drills_.verified())
        opening.push_back(drilled_record(account, wall_ms));
    head.opening = opening.size();
    head.hash = hasher({}, hashed_part(head));
    Hash before = head.hash;
    for (JournalRecord& record : opening) before = record.hash = hasher(before, record);
    std::vector<std::byte> out(sizeof head + opening.size() * record_size);
    std::memcpy(out.data(), &head, sizeof head);
    if (!opening.empty())
        std::memcpy(out.data() + sizeof head, opening.data(), out.size() - sizeof head);
    return out;
}

}  // namespace scram
