#include "tests/sim/host.h"

#include <algorithm>
#include <span>

namespace scram::sim {
namespace {

constexpr std::size_t ring_records = 256;
constexpr std::size_t file_size_max = 64 * 256;

}  // namespace

Host::Host(const Plan&, std::uint64_t seed, Coverage& seen) : seen_(seen), dice_(seed, 6) {
    boot_[0] = 1;
}

// ---- Start --------------------------------------------------------------------------------------

const Folded& Host::read(bool may_be_damaged) {
    damage_ = Damage::none;
    const bool spoilt = dice_.one_in(3);
    if (may_be_damaged && spoilt) spoil();
    std::vector<std::span<const std::byte>> files(files_.begin(), files_.end());
    const auto* board = reinterpret_cast<const std::byte*>(memory_.data());
    folded_ = fold(files, {board, memory_size_}, boot_);
    return folded_;
}

void Host::start(const Plan& plan, const Restored& restored, WallMillis wall, Time now) {
    memory_size_ = Board::size_for(plan, ring_records);
    std::vector<Block> fresh((memory_size_ + sizeof(Block) - 1) / sizeof(Block));
    auto* bytes = reinterpret_cast<std::byte*>(fresh.data());
    board_ = std::make_unique<Board>(std::span(bytes, memory_size_), plan, folded_, restored, boot_,
                                     wall, now);
    memory_ = std::move(fresh);
    ledger_ = std::make_unique<scram::Ledger>(folded_);
    if (folded_.file_size == 0) {
        open_file(wall);
    } else {
        files_.back().resize(folded_.file_size);
    }
    // As daemon/records/journal.cpp: a start waits until its first records are on disk, or an
    // unclean end of the machine right after a clean one would not be seen.
    write_all(wall);
    sync();
}

void Host::open_file(WallMillis wall) {
    files_.push_back(ledger_->head(wall));
    if (files_.size() > 2) files_.erase(files_.begin());
    synced_ = 0;
}

// ---- While it runs ------------------------------------------------------------------------------

void Host::after(const Step& step, const Engine& engine, WallMillis wall) {
    board_->after(step, engine, wall);
}

bool Host::logger(WallMillis wall) {
    if (stalled_ > 0) {
        --stalled_;
        return false;
    }
    const bool writes = !dice_.one_in(3);
    const bool syncs = dice_.one_in(2);
    if (!writes) return false;
    write_all(wall);
    if (syncs) sync();
    return syncs;
}

void Host::write_all(WallMillis wall) {
    while (ledger_->last_sequence() < board_->last()) {
        if (files_.back().size() >= file_size_max) open_file(wall);
        write(board_->record(ledger_->last_sequence() + 1));
    }
}

void Host::sync() {
    synced_ = files_.back().size();
    board_->stored(board_->last());
}

void Host::write(const JournalRecord& record) {
    const auto bytes = std::as_bytes(std::span(&record, 1));
    files_.back().insert(files_.back().end(), bytes.begin(), bytes.end());
    ledger_->add(record);
}

void Host::stop(WallMillis wall, Time now) {
    stalled_ = 0;
    board_->stop(wall, now);
    while (!logger(wall)) continue;
}

// ---- The end ------------------------------------------------------------------------------------

void Host::end_process() {
    lost_ = board_->lost() > 0;
    board_.reset();
}

// What was not synced may be there or not, up to any byte. Shared memory is gone.
void Host::end_machine() {
    end_process();
    memory_.clear();
    memory_size_ = 0;
    ++boot_[0];
    Bytes& last = files_.back();
    const std::size_t kept = synced_ + dice_.below(last.size() - synced_ + 1);
    if (kept < last.size()) seen_.note(Seen::journal_cut);
    last.resize(kept);
}

void Host::spoil() {
    Bytes& last = files_.back();
    const bool has_board = memory_size_ > 0;
    auto* board = reinterpret_cast<std::byte*>(memory_.data());
    switch (dice_.below(6)) {
        case 0:
            damage_ = Damage::file_flipped;
            for (int i = dice_.between(1, 3); i > 0 && !last.empty(); --i)
                last[dice_.below(last.size())] ^= static_cast<std::byte>(1 << dice_.below(8));
            seen_.note(Seen::journal_flipped);
            return;
        case 1:
            damage_ = has_board ? Damage::file_cut : Damage::none;
            if (has_board) last.resize(dice_.below(last.size() + 1));
            return;
        case 2:
            damage_ = has_board ? Damage::file_lost : Damage::none;
            if (has_board) files_.assign(1, {});
            return;
        case 3:
            damage_ = has_board ? Damage::board_lost : Damage::none;
            memory_size_ = 0;
            return;
        case 4:
            damage_ = has_board ? Damage::board_cut : Damage::none;
            memory_size_ = dice_.below(memory_size_ + 1);
            return;
        default:
            damage_ = has_board ? Damage::board_foreign : Damage::none;
            if (has_board) board[dice_.below(8)] ^= std::byte{1};
            return;
    }
}

}  // namespace scram::sim
