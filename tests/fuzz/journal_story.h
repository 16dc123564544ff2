// Journals as scramd leaves them: an input's script is played on a machine whose disk, shared
// memory and boot outlive the processes; each process is an engine with its board, as the daemon
// wires them, and a logger that runs when told.
#pragma once

#include <array>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/journal/journal.h"
#include "tests/fuzz/every_rule.h"
#include "tests/fuzz/input.h"

namespace scram::fuzz {

using Bytes = std::vector<std::byte>;

inline constexpr std::uint64_t count_max = std::uint64_t{1} << 47;  // no program counts up to it

inline Bytes bytes_of(std::string_view text) {
    const auto bytes = std::as_bytes(std::span(text));
    return {bytes.begin(), bytes.end()};
}

inline BootId boot_of(std::uint8_t number) {
    BootId boot{};
    boot[15] = number;
    return boot;
}

// What a start finds.
struct Remains {
    std::vector<Bytes> files;
    Bytes board;
    BootId boot = boot_of(1);

    Folded fold() const {
        const std::vector<std::span<const std::byte>> spans(files.begin(), files.end());
        return scram::fold(spans, board, boot);
    }
    Folded fold_files() const {
        const std::vector<std::span<const std::byte>> spans(files.begin(), files.end());
        return scram::fold(spans, {}, boot_of(255));
    }
};

inline constexpr std::size_t family_count = 4;
inline constexpr std::size_t files_max = 3;
using Standings = std::array<Standing, family_count>;

inline Standings standings_of(const Engine& engine) {
    Standings out;
    for (std::size_t f = 0; f < out.size(); ++f)
        out[f] = standing_of(engine.family(id_at<FamilyId>(f)));
    return out;
}
inline Standings standings_of(const Folded& folded) {
    Standings out;
    for (std::size_t f = 0; f < out.size(); ++f) {
        const auto found = folded.families.find(plan().families[f].name);
        if (found != folded.families.end()) out[f] = found->second;
    }
    return out;
}

// How every family stood after the record with this hash, by the records.
using History = std::map<Hash, Standings>;

// ---- One run of scramd --------------------------------------------------------------------------

class Scramd {
  public:
    // `ring`: the board's places beside those that it takes over.
    Scramd(Remains& remains, Time now, AfterCrash after_crash, std::size_t ring)
        : remains_(remains),
          now_(now),
          folded(remains.fold()),
          before(restored(folded, plan(), after_crash)),
          engine(plan()),
          blocks_((Board::size_for(plan(), ring + folded.unstored.size()) + 255) / 256),
          board(memory(), plan(), folded, before, remains.boot, wall(), now),
          ledger_(folded),
          standings_(standings_of(folded)) {
        input([&] { engine.on_restored(before, now_, step()); });
    }

    template <class Call>
    void input(Call&& call) {
        if (cut_off) return;
        step().clear();
        call();
        board.before(step(), engine);
        for (const Action& action : step().actions) {
            if (action.kind == ActionKind::abort_link) lost_.push_back(action.link);
        }
        cut_off = cut_off_next;
        if (!cut_off) board.after(step(), engine, wall());
    }

    void links_up() {
        for (std::size_t l = 0; l < engine.link_count(); ++l) {
            const auto link = id_at<LinkId>(l);
            if (engine.phase(link) == LinkPhase::down)
                input([&] { engine.on_link_up(link, now_, step()); });
            if (engine.phase(link) == LinkPhase::rehearsing)
                input([&] { engine.on_rehearsed(link, true, {}, now_, step()); });
        }
    }
    void answer(AnswerClass answer_class, bool stays) {
        const Answer answer{answer_class, 200, 0};
        for (std::size_t l = 0; l < engine.link_count(); ++l) {
            const auto link = id_at<LinkId>(l);
            if (engine.phase(link) != LinkPhase::firing) continue;
            input([&] { engine.on_answer(link, answer, now_, step(), stays); });
            if (!stays) lost_.push_back(link);
        }
        lose_links();
    }
    void trip(std::uint8_t mask) {
        std::vector<FamilyId> families;
        for (std::size_t f = 0; f < family_count; ++f) {
            if ((mask >> f & 1) != 0) families.push_back(id_at<FamilyId>(f));
        }
        if (families.empty()) return;
        input([&] { engine.on_trip(families, {"uid 1 (ann)", "news"}, now_, step()); });
    }
    void rearm(FamilyId family) {
        const TripId trip[] = {engine.family(family).wanted_by};
        input([&] {
            engine.on_rearm({&family, 1}, trip, {"uid 1 (ann)", "calm"}, true, now_, step());
        });
    }
    void wait(Duration span) {
        const Time end = now_ + span;
        while (!cut_off && engine.next_deadline() <= end) {
            now_ = std::max(now_, engine.next_deadline());
            input([&] { engine.on_time(now_, step()); });
            check(cut_off || engine.next_deadline() > now_, "the loop never spins");
            lose_links();
        }
        now_ = end;
    }

    // ---- The logger

    void store() {
        tell_history();
        if (!has_file_) begin_file();
        for (std::uint64_t s = board.stored() + 1; s <= board.last(); ++s) {
            const auto bytes = std::as_bytes(std::span(&board.record(s), 1));
            remains_.files.back().insert(remains_.files.back().end(), bytes.begin(), bytes.end());
            ledger_.add(board.record(s));
        }
        board.stored(board.last());
    }
    void begin_file() {
        std::erase_if(remains_.files, [](const Bytes& file) { return is_blank(file); });
        if (!has_file_ && folded.file_size > 0) {
            remains_.files.back().resize(folded.file_size);
        } else {
            remains_.files.push_back(ledger_.head(wall()));
            if (remains_.files.size() > files_max) remains_.files.erase(remains_.files.begin());
            ahead = ahead || board.stored() < folded.last_sequence;
        }
        has_file_ = true;
    }
    void stop() {
        if (cut_off) return;
        board.stop(wall(), now_);
        stopped = true;
        store();
    }
    // It ends here: its memory stays.
    void leave() {
        tell_history();
        remains_.board.assign(memory().begin(), memory().end());
    }

    Time now() const { return now_; }
    std::span<std::byte> memory() { return std::as_writable_bytes(std::span(blocks_)); }

  private:
    struct alignas(256) Block {
        std::array<std::byte, 256> bytes{};
    };

    void tell_history() {
        if (history == nullptr) return;
        for (; told_ < board.last(); ++told_) {
            const JournalRecord& record = board.record(told_ + 1);
            const auto standing = standing_of(record);
            for (std::size_t f = 0; f < family_count && standing; ++f) {
                if (texts_of(record).subject == plan().families[f].name) standings_[f] = *standing;
            }
            (*history)[record.hash] = standings_;
        }
    }
    void lose_links() {
        while (!lost_.empty()) {
            const LinkId link = lost_.back();
            lost_.pop_back();
            if (engine.phase(link) != LinkPhase::down)
                input([&] { engine.on_link_down(link, now_, step()); });
        }
    }
    WallMillis wall() const { return WallMillis{1'700'000'000'000 + ns_of(now_) / 1'000'000}; }
    static Step& step() {
        static Step made(plan());  // large, so made once
        return made;
    }

    Remains& remains_;
    Time now_;

  public:
    const Folded folded;
    const Restored before;
    Engine engine;
    bool cut_off_next = false;  // a crash between the next step's actions and their records
    bool cut_off = false;
    bool stopped = false;
    bool ahead = false;  // a file's opening told what only its records tell in their order
    History* history = nullptr;

  private:
    std::vector<Block> blocks_;

  public:
    Board board;

  private:
    Ledger ledger_;
    Standings standings_;
    std::uint64_t told_ = folded.last_sequence;
    bool has_file_ = false;
    std::vector<LinkId> lost_;
};

// ---- The script ---------------------------------------------------------------------------------

enum class Happens : std::uint8_t {
    trip,
    answer,
    rearm,
    wait,
    store,
    new_file,
    remember_board,
    links_up,
    crash,  // bits: between actions and records, with the machine. The next starts it again
    peace,
    nothing,
    count
};

// What a script leaves, and what was so.
struct Story {
    Remains remains;
    Bytes earlier_board;
    History history;
    Standings standings;  // when it ended
    bool cut_off = false, stopped = false, lost = false, ahead = false;
};

class Player {
  public:
    // A count, and so many times what happens and to whom; at the latest then it ends by a crash.
    explicit Player(Input& input) {
        ring_ = input.byte() % 2 == 0 ? 32 : 128;
        story_.history[Hash{}] = {};
        start();
        const std::size_t count = input.byte() % 64;
        for (std::size_t i = 0; i < count && !input.empty(); ++i) {
            const auto what = input.byte() % static_cast<std::uint8_t>(Happens::count);
            if (ended_) start();
            play(static_cast<Happens>(what), input.byte());
        }
        if (!ended_) end();
    }
    const Story& story() const { return story_; }

  private:
    void play(Happens what, std::uint8_t how) {
        Scramd& scramd = *scramd_;
        switch (what) {
            case Happens::trip:
                return scramd.trip(how);
            case Happens::answer:
                return scramd.answer(static_cast<AnswerClass>(how % 7), how < 128);
            case Happens::rearm:
                return scramd.rearm(id_at<FamilyId>(how % family_count));
            case Happens::wait:
                return scramd.wait(milliseconds(how * 40));
            case Happens::store:
                return scramd.store();
            case Happens::new_file:
                scramd.store();
                return scramd.begin_file();
            case Happens::remember_board:
                story_.earlier_board.assign(scramd.memory().begin(), scramd.memory().end());
                return;
            case Happens::links_up:
                return scramd.links_up();
            case Happens::crash:
                scramd.cut_off_next = (how & 1) != 0;
                if (scramd.cut_off_next) scramd.trip(how >> 4);
                end();
                if ((how & 2) != 0) reboot();
                return;
            case Happens::peace:
                scramd.stop();
                return end();
            case Happens::nothing:
            case Happens::count:
                return;
        }
    }

    void start() {
        const Time now = scramd_ ? scramd_->now() + 1s : time_from_ns(1'000'000'000'000);
        scramd_.reset();
        scramd_ = std::make_unique<Scramd>(story_.remains, now, AfterCrash::armed, ring_);
        scramd_->history = &story_.history;
        scramd_->links_up();
        ended_ = false;
    }
    void end() {
        scramd_->leave();
        ended_ = true;
        story_.standings = standings_of(scramd_->engine);
        story_.cut_off = scramd_->cut_off;
        story_.stopped = scramd_->stopped;
        story_.ahead = story_.ahead || scramd_->ahead;
        story_.lost = scramd_->board.lost() > 0;
    }
    void reboot() {
        story_.remains.board.clear();
        story_.remains.boot[15]++;
    }

    std::size_t ring_;
    Story story_;
    std::unique_ptr<Scramd> scramd_;
    bool ended_ = true;
};

}  // namespace scram::fuzz
