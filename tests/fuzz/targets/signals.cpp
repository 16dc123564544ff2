// What a hostile source writes: records of 64 bytes of anything, straight into the engine, under a
// plan with a rule of every kind.
//
// Input: records. A signal's name is nobody's to read, so here it says what else happens in the
// world before the record comes (struct Meanwhile).
#include <algorithm>
#include <array>
#include <cmath>
#include <utility>
#include <vector>

#include "core/base/check.h"
#include "core/engine/engine.h"
#include "tests/fuzz/every_rule.h"
#include "tests/fuzz/input.h"
#include "tests/fuzz/witness.h"

namespace {

using namespace scram;
using namespace scram::fuzz;

enum class Happens : std::uint8_t {
    nothing,
    source_joins,
    source_leaves,
    source_vanishes,
    link_up,
    link_down,
    answer,
    trip,
    rearm,
    rearm_forced,
    count
};

// Where a request's name stands. All zero: the record comes at once, as it is.
struct Meanwhile {
    std::uint16_t wait_ms;
    std::uint8_t from;  // the source that sends it
    std::uint8_t
        repairs;  // bits: version, source, sequence, kind, family and metric are made right
    std::uint8_t happens;
    std::uint8_t which;  // a family or link
    std::uint8_t how;    // an answer's class
};
static_assert(sizeof(Meanwhile) <= SCRAM_NAME_SIZE);

// ---- The world around the engine ----------------------------------------------------------------

class World {
  public:
    explicit World(Step& step) : engine_(plan()), step_(step) {}

    void take(scram_signal record) {
        Meanwhile meanwhile;
        std::memcpy(&meanwhile, record.name, sizeof meanwhile);
        if (meanwhile.wait_ms != 0 || meanwhile.happens != 0) end_batch();
        wait(milliseconds(meanwhile.wait_ms % 8192));
        happen(meanwhile);
        const auto from = id_at<SourceId>(meanwhile.from % plan().sources.size());
        if (engine_.phase(from) != SourcePhase::attached) join(from);
        send(from, repaired(record, from, meanwhile.repairs));
        check_values();
    }

    // What came together is judged at the latest when the loop's turn ends.
    void end_batch() {
        if (!std::exchange(batch_open_, false)) return;
        input([&] { engine_.on_batch_ended(now_, step_); });
        check_values();
    }

  private:
    template <class Call>
    void input(Call&& call) {
        step_.clear();
        call();
        witness_.see(engine_, step_, now_);
        for (const Action& action : step_.actions) {
            if (action.kind == ActionKind::abort_link) lost_.push_back(action.link);
            if (action.kind == ActionKind::open_gate) check_open(action.family);
        }
    }

    void check_open(FamilyId id) {
        check(!engine_.family(id).latched, "a gate opens with its family's arming");
        check(engine_.rule_that_holds(id) == none<RuleId>() || rearm_forced_[index(id)],
              "no gate opens while a rule holds, unless somebody forced it");
        rearm_forced_[index(id)] = false;
    }

    // The engine is called at its deadlines, as by the driver.
    void wait(Duration span) {
        const Time end = now_ + span;
        while (engine_.next_deadline() <= end) {
            now_ = std::max(now_, engine_.next_deadline());
            input([&] { engine_.on_time(now_, step_); });
            check(engine_.next_deadline() > now_, "the loop never spins");
            lose_links();
        }
        now_ = end;
    }

    void lose_links() {
        while (!lost_.empty()) {
            const LinkId link = lost_.back();
            lost_.pop_back();
            input([&] { engine_.on_link_down(link, now_, step_); });
        }
    }

    void join(SourceId source) {
        next_sequence_[index(source)] = 1;
        input([&] { engine_.on_source_joined(source, now_, step_); });
    }

    void happen(const Meanwhile& it) {
        const auto source = id_at<SourceId>(it.from % plan().sources.size());
        const auto link = id_at<LinkId>(it.which % engine_.link_count());
        const bool attached = engine_.phase(source) == SourcePhase::attached;
        const auto what =
            static_cast<Happens>(it.happens % static_cast<std::uint8_t>(Happens::count));
        switch (what) {
            case Happens::source_joins:
                if (!attached) join(source);
                break;
            case Happens::source_leaves:
                if (attached) input([&] { engine_.on_source_left(source, now_, step_); });
                break;
            case Happens::source_vanishes:
                if (attached) input([&] { engine_.on_source_vanished(source, now_, step_); });
                break;
            case Happens::link_up:
                if (engine_.phase(link) == LinkPhase::down)
                    input([&] { engine_.on_link_up(link, now_, step_); });
                break;
            case Happens::link_down:
                if (engine_.phase(link) != LinkPhase::down) lost_.push_back(link);
                break;
            case Happens::answer:
                answer(link, it.how);
                break;
            case Happens::trip:
            case Happens::rearm:
            case Happens::rearm_forced:
                operate(what, it.which);
                break;
            case Happens::nothing:
            case Happens::count:
                break;
        }
        lose_links();
    }

    void answer(LinkId link, std::uint8_t how) {
        const bool stays = how < 128;
        const Answer answer{static_cast<AnswerClass>(how % 7), 200, 0};
        if (engine_.phase(link) == LinkPhase::firing) {
            input([&] { engine_.on_answer(link, answer, now_, step_, stays); });
        } else if (engine_.phase(link) == LinkPhase::rehearsing) {
            input([&] { engine_.on_rehearsed(link, how % 2 == 0, answer, now_, step_, stays); });
        } else {
            return;
        }
        if (!stays) lost_.push_back(link);
    }

    void operate(Happens what, std::uint8_t which) {
        const std::array families = {id_at<FamilyId>(which % index(nobodys))};
        const std::array trips = {engine_.family(families[0]).wanted_by};
        const OperatorNote note{"uid 1 (ann)", "drill"};
        if (what == Happens::trip) {
            input([&] { engine_.on_trip(families, note, now_, step_); });
            return;
        }
        const bool force = what == Happens::rearm_forced;
        if (force) forced_[index(families[0])] = rearm_forced_[index(families[0])] = true;
        input([&] { engine_.on_rearm(families, trips, note, force, now_, step_); });
    }

    scram_signal repaired(scram_signal record, SourceId from, std::uint8_t repairs) const {
        if (repairs & 1) record.version = SCRAM_VERSION;
        if (repairs & 2) record.source = static_cast<std::uint16_t>(from);
        if (repairs & 4) record.sequence = next_sequence_[index(from)];
        if (repairs & 8) record.kind = SCRAM_VALUE;
        if (repairs & 16) {
            const auto& its = plan().sources[index(from)].families;
            record.family = static_cast<std::uint16_t>(its[record.family % its.size()]);
            record.metric %= static_cast<std::uint16_t>(plan().metrics.size());
        }
        return record;
    }

    void send(SourceId from, const scram_signal& record) {
        const bool good = is_good(from, record);
        input([&] { engine_.on_signal(from, record, now_, step_); });
        const bool ours = record.version == SCRAM_VERSION && record.source == index(from);
        if (ours) next_sequence_[index(from)] = record.sequence + 1;
        batch_open_ = ours && scram_is_more(record.kind) != 0;
        if (good) return;
        witness_.see_bad(from);
        for (const FamilyId family : plan().sources[index(from)].families) {
            check(engine_.family(family).latched,
                  "a bad record leaves no family of its source armed");
        }
    }

    bool is_good(SourceId from, const scram_signal& record) const {
        if (record.version != SCRAM_VERSION || record.source != index(from)) return false;
        if (record.sequence != next_sequence_[index(from)]) return false;
        if (record.kind == SCRAM_HEARTBEAT) return true;
        const auto& its = plan().sources[index(from)].families;
        return scram_is_value(record.kind) != 0 && record.metric < plan().metrics.size() &&
               std::count(its.begin(), its.end(), static_cast<FamilyId>(record.family)) == 1 &&
               std::isfinite(record.value);
    }

    void check_values() {
        const MetricTable& table = engine_.metrics();
        for (std::size_t f = 0; f < plan().families.size(); ++f) {
            const auto family = id_at<FamilyId>(f);
            for (std::size_t s = 0; s < plan().sources.size(); ++s) {
                const auto& its = plan().sources[s].families;
                const bool may = std::count(its.begin(), its.end(), family) == 1;
                for (std::size_t m = 0; m < plan().metrics.size(); ++m) {
                    const double value =
                        table.value(id_at<SourceId>(s), family, id_at<MetricId>(m));
                    check(std::isfinite(value), "no NaN and no infinity is in the table");
                    check(may || value == 0, "no value is where its source may not publish");
                }
            }
            if (!batch_open_) check_limit(family);
        }
    }

    // A sum that is no number (of two that are too large) is beyond its limit as well.
    void check_limit(FamilyId id) {
        const double sum = engine_.metrics().sum(id, delta);
        if (std::fabs(sum) <= delta_limit) {
            forced_[index(id)] = false;
            return;
        }
        // What is not finite is beyond the limits of others too.
        const RuleId holds = engine_.rule_that_holds(id);
        check(std::isfinite(sum) ? holds == delta_rule : holds != none<RuleId>(),
              "a value beyond its limit holds a rule");
        check(engine_.family(id).latched || forced_[index(id)],
              "beyond its limit a family is latched, unless somebody forced it");
    }

    Engine engine_;
    Step& step_;
    Witness witness_;
    Time now_ = time_from_ns(1'000'000'000'000);
    std::array<std::uint64_t, 2> next_sequence_{1, 1};
    bool batch_open_ = false;             // more may follow, and nothing of it was judged
    std::array<bool, 4> forced_{};        // since it was within its limit
    std::array<bool, 4> rearm_forced_{};  // since it was armed
    std::vector<LinkId> lost_;            // their link_down is under way
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static Step step(plan());  // large, so made once
    Input input(data, size);
    World world(step);
    while (!input.empty()) world.take(input.value<scram_signal>());
    world.end_batch();
    return 0;
}
