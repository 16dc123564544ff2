// The board: plain stores into shared memory, in an order that leaves it right after each of them.
#include <algorithm>

#include "core/base/check.h"
#include "core/base/store_order.h"
#include "core/journal/format.h"

namespace scram {
namespace {

using Word = Folded::Word;

template <class T>
std::span<T> part(std::span<std::byte> memory, std::size_t at, std::size_t count) {
    return {reinterpret_cast<T*>(memory.data() + at), count};
}

Word word_of(const Standing& standing) {
    if (standing.unfinished) return Word::latched;
    if (is_held(standing)) return Word::held;
    return standing.latched ? Word::accepted : Word::armed;
}

}  // namespace

std::string boot_text(const BootId& boot) {
    constexpr char digits[] = "0123456789abcdef";
    std::string out;
    for (const std::uint8_t byte : boot) {
        out.push_back(digits[byte >> 4]);
        out.push_back(digits[byte & 15]);
    }
    return out;
}

// ---- While it runs ------------------------------------------------------------------------------

void Board::before(const Step& step, const Engine& engine) {
    for (const Action& action : step.actions) {
        if (action.kind == ActionKind::close_gate) words_[index(action.family)] = Word::latched;
        if (action.kind != ActionKind::fire) continue;
        words_[index(action.family)] = Word::latched;
        budgets_[index(action.account)] = engine.budget(action.account).image();
        last_attempt_ = action.attempt;
        head_->last_attempt = static_cast<std::uint64_t>(action.attempt);
    }
    in_order();
}

void Board::touch(FamilyId family) const {
    (void)*static_cast<const volatile Word*>(&words_[index(family)]);
    (void)*static_cast<const volatile std::uint64_t*>(&head_->last_attempt);
}

void Board::after(const Step& step, const Engine& engine, WallMillis wall) {
    if (step.actions.empty() && step.events.empty()) return;
    Time now{};
    for (const Event& event : step.events) {
        now = event.at;
        if (event.kind == EventKind::tripped) {
            last_trip_ = event.trip;
            head_->last_trip = static_cast<std::uint64_t>(event.trip);
        }
        const auto record = record_of(event, engine, wall);
        if (!record || !append(*record)) continue;
        if (const auto standing = standing_of(*record)) standings_[index(event.family)] = *standing;
    }
    if (untold_ > 0) tell_loss(wall, now);
    for (std::size_t f = 0; f < standings_.size(); ++f) {
        const Standing standing = standing_of(engine.family(id_at<FamilyId>(f)));
        // While a loss is to be told, there is no use in counting each that finds no room.
        if (standing != standings_[f] && (room() > 0 || untold_ == 0))
            append_standing(f, engine.plan(), standing, {}, wall, now);
        words_[f] = word_of(standing);
    }
    for (std::size_t a = 0; a < budgets_.size(); ++a)
        budgets_[a] = engine.budget(id_at<AccountId>(a)).image();
}

void Board::write_again(std::span<std::byte> memory, const Engine& engine, const BootId& boot) {
    write_head(memory, engine.plan(), boot);
    std::copy(kept_.begin(), kept_.end(), ring_.begin());
    for (std::size_t f = 0; f < words_.size(); ++f)
        words_[f] = word_of(standing_of(engine.family(id_at<FamilyId>(f))));
    for (std::size_t a = 0; a < budgets_.size(); ++a)
        budgets_[a] = engine.budget(id_at<AccountId>(a)).image();
}

void Board::stop(WallMillis wall, Time now) {
    if (untold_ > 0) return;  // an end that a record cannot tell of is none in peace
    JournalRecord record;
    record.kind = RecordKind::stopped;
    record.wall_ms = wall.value;
    record.monotonic_ns = ns_of(now);
    append(record);
}

void Board::stored(std::uint64_t sequence) {
    stored_ = sequence;
    head_->stored = sequence;
}

bool Board::append(JournalRecord record) {
    if (room() == 0) {
        ++lost_;
        ++untold_;
        return false;
    }
    record.sequence = last_ + 1;
    record.hash = last_hash_ = hasher_(last_hash_, record);
    ring_[last_ % ring_.size()] = kept_[last_ % kept_.size()] = record;
    in_order();
    head_->last = ++last_;
    return true;
}

// Once there is room again, and some to spare: how every family stands follows by itself, where no
// record has told it.
void Board::tell_loss(WallMillis wall, Time now) {
    if (room() < ring_.size() / 4) return;
    JournalRecord record;
    record.kind = RecordKind::lost;
    record.wall_ms = wall.value;
    record.monotonic_ns = ns_of(now);
    record.trip = static_cast<std::uint64_t>(last_trip_);
    record.attempt = static_cast<std::uint64_t>(last_attempt_);
    record.value = static_cast<double>(untold_);
    append(record);
    untold_ = 0;
}

void Board::append_standing(std::size_t family, const Plan& plan, const Standing& standing,
                            std::string_view why, WallMillis wall, Time now) {
    JournalRecord record;
    record.kind = RecordKind::standing;
    record.wall_ms = wall.value;
    record.monotonic_ns = ns_of(now);
    record.trip = static_cast<std::uint64_t>(standing.trip);
    record.flags = flags_of(standing);
    put_texts({plan.families[family].name, {}, {}, {}, why}, record);
    if (append(record)) standings_[family] = standing;
}

// ---- At the start -------------------------------------------------------------------------------

std::size_t Board::size_for(const Plan& plan, std::size_t records) {
    return BoardLayout(plan.families.size(), plan.accounts.size(), records).end;
}

Board::Board(std::span<std::byte> memory, const Plan& plan, const Folded& folded,
             const Restored& restored, const BootId& boot, WallMillis wall, Time now)
    : last_trip_(restored.last_trip),
      last_attempt_(restored.last_attempt),
      last_hash_(folded.last_hash),
      last_(folded.last_sequence),
      stored_(folded.unstored.empty() ? folded.last_sequence : folded.stored_sequence),
      standings_(plan.families.size()) {
    const BoardLayout fixed(plan.families.size(), plan.accounts.size(), 0);
    check(memory.size() >= fixed.end + record_size, "a board has room for a record");
    words_ = part<Word>(memory, fixed.words, plan.families.size());
    budgets_ = part<Budget::Image>(memory, fixed.budgets, plan.accounts.size());
    ring_ = part<JournalRecord>(memory, fixed.ring, (memory.size() - fixed.ring) / record_size);
    check(folded.unstored.size() <= ring_.size(), "what was not stored fits into the ring");
    head_ = part<BoardHead>(memory, 0, 1).data();
    write_head(memory, plan, boot);
    kept_.resize(ring_.size());
    for (const JournalRecord& record : folded.unstored) {
        const std::size_t at = (record.sequence - 1) % ring_.size();
        ring_[at] = kept_[at] = record;
    }
    open(plan, folded, restored, boot, wall, now);
}

void Board::write_head(std::span<std::byte> memory, const Plan& plan, const BootId& boot) {
    *head_ = BoardHead{};
    head_->families = static_cast<std::uint32_t>(plan.families.size());
    head_->accounts = static_cast<std::uint32_t>(plan.accounts.size());
    head_->records = ring_.size();
    head_->boot = boot;
    head_->last = last_;
    head_->stored = stored_;
    head_->last_trip = static_cast<std::uint64_t>(last_trip_);
    head_->last_attempt = static_cast<std::uint64_t>(last_attempt_);
    std::size_t at = BoardLayout::names;
    const auto put = [&](std::string_view name) {
        name.copy(reinterpret_cast<char*>(memory.data() + at), name_size - 1);
        at += name_size;
    };
    for (const FamilySpec& family : plan.families) put(family.name);
    for (const AccountSpec& account : plan.accounts) put(account.name);
    head_->hash = board_hash(hasher_, memory, at);
}

void Board::open(const Plan& plan, const Folded& folded, const Restored& restored,
                 const BootId& boot, WallMillis wall, Time now) {
    JournalRecord started;
    started.kind = RecordKind::started;
    started.wall_ms = wall.value;
    started.monotonic_ns = ns_of(now);
    const std::string who = boot_text(boot);
    put_texts({{}, {}, who, {}, name(folded.health)}, started);
    append(started);
    for (Word& word : words_) word = Word::armed;
    for (const Restored::Family& family : restored.latched) {
        const Standing standing{true, family.unfinished, family.accepted, family.trip};
        append_standing(index(family.family), plan, standing, family.why, wall, now);
        words_[index(family.family)] = word_of(standing);
    }
    for (std::size_t a = 0; a < budgets_.size() && a < restored.budgets.size(); ++a)
        budgets_[a] = restored.budgets[a];
}

}  // namespace scram
