// The engine in a storm: random makers, operators, links and answers, by seed, with a world around
// it that keeps its own books. What must hold is checked after every input.
#include <doctest/doctest.h>

#include <algorithm>
#include <random>
#include <source_location>
#include <string>
#include <utility>

#include "tests/unit/core/desk.h"

using namespace scram;
using namespace scram::test;

namespace {

// REQUIRE counts each call, which costs more than the storm itself.
void must(bool holds, std::source_location at = std::source_location::current()) {
    if (!holds) FAIL("a promise is broken, see line ", at.line());
}

// The chance of the storm, the same for the same seed everywhere.
class Dice {
  public:
    explicit Dice(std::uint64_t seed) : random_(seed) {}
    std::size_t below(std::size_t n) { return static_cast<std::size_t>(random_() % n); }
    bool one_in(std::size_t n) { return below(n) == 0; }
    Duration up_to(Duration most) {
        return Duration{
            static_cast<std::int64_t>(below(static_cast<std::size_t>(most.count()) + 1))};
    }

  private:
    std::mt19937_64 random_;
};

constexpr Duration silence = 700ms;
constexpr RuleId stale_rule{2};

Plan random_plan(Dice& dice) {
    Plan plan = plan_of({dice.below(8) + 1, 3, static_cast<std::uint8_t>(dice.below(5) + 1)});
    BudgetSpec& budget = plan.accounts[0].budget;
    budget.slots = static_cast<std::uint8_t>(dice.below(5) + 1);
    budget.reserve = static_cast<std::uint8_t>(dice.below(budget.slots));
    plan.timings.rehearse_every = 1s;
    add_limit(plan, 100).over = dice.one_in(2) ? Over::sum : Over::each;
    add_drawdown(plan, 100).per = dice.one_in(2) ? Per::all : Per::family;
    add_stale(plan, silence).sources = {maker, other_maker};
    add_rule(plan, "gone", RuleKind::gone);
    add_rule(plan, "bad", RuleKind::bad);
    add_change(plan, 150, dice.up_to(2s) + 1ns).hold_for = dice.up_to(300ms);
    add_count(plan, 900, dice.up_to(2s) + 1ns).confirm = 2;
    add_divergence(plan, 150).hold_for = dice.up_to(300ms);
    RuleSpec& rolling = add_drawdown(plan, 150);
    rolling.within = dice.up_to(2s) + 1ns;
    rolling.shadow = dice.one_in(2);
    for (RuleSpec& rule : plan.rules) {
        if (rule.metric != none<MetricId>() && dice.one_in(2)) rule.warn = {0.5, 0.8};
    }
    return plan;
}

class Storm {
  public:
    explicit Storm(std::uint64_t seed)
        : dice_(seed),
          plan_(random_plan(dice_)),
          desk_(plan_),
          links_(desk_.engine.link_count()),
          closed_(plan_.families.size()),
          seen_(plan_.sources.size(), desk_.now),
          attached_(plan_.sources.size(), true) {
        check_all();
    }

    void blow(std::size_t inputs) {
        for (std::size_t i = 0; i < inputs; ++i) {
            pass_until(desk_.now + dice_.up_to(dice_.one_in(5) ? 1500ms : 60ms));
            random_input();
            check_all();
        }
    }

    // Quiet: every link comes up, every answer is good. What was tripped must be confirmed.
    void calm_down() {
        calm_ = true;
        for (LinkBook& book : links_) {
            if (book.at == never && book.next != Next::nothing) book.at = desk_.now + 10ms;
        }
        pass_until(desk_.now + 40s);
        for (const FamilyId family : all_families(plan_)) {
            const Cancel cancel = desk_.engine.family(family).cancel;
            must(cancel == Cancel::confirmed || cancel == Cancel::idle);
        }
    }

    std::size_t fired() const { return fired_.size(); }
    std::size_t silences() const { return silences_; }

  private:
    enum class Next { nothing, answer, rehearsed, down, up };
    struct LinkBook {
        Next next = Next::nothing;  // what the network does with this link
        Time at = never;            // and when
        Time busy_since{};
        bool busy = false;
    };

    // ---- time

    // The engine is called at its deadlines; the network does what it has in store.
    void pass_until(Time end) {
        for (;;) {
            const auto book =
                std::min_element(links_.begin(), links_.end(),
                                 [](const LinkBook& a, const LinkBook& b) { return a.at < b.at; });
            const Time next = std::min(book->at, desk_.engine.next_deadline());
            if (next > end) break;
            advance(std::max(next, desk_.now));
            if (desk_.engine.next_deadline() <= desk_.now) {
                desk_.time();
                check_all();
                must(desk_.engine.next_deadline() > desk_.now);  // else it would spin
                check_nothing_left_undone(desk_.now);
            } else {
                network_does(*book);
                check_all();
            }
        }
        advance(end);
    }

    void advance(Time to) {
        // Nothing may become due between two deadlines.
        if (to > desk_.now) check_nothing_left_undone(to - 1ns);
        desk_.now = to;
    }

    // ---- what happens

    void network_does(LinkBook& book) {
        const LinkId id = link(static_cast<std::size_t>(&book - links_.data()));
        const Next next = std::exchange(book.next, Next::nothing);
        book.at = never;
        if (next != Next::up) book.busy = false;
        switch (next) {
            case Next::nothing:
                return;
            case Next::answer:
                return desk_.answer(id, calm_ ? AnswerClass::confirmed : random_class());
            case Next::rehearsed:
                return desk_.rehearsed(id, calm_ || !dice_.one_in(5));
            case Next::down:
                book = {Next::up, desk_.now + dice_.up_to(400ms), {}, false};
                return desk_.down(id);
            case Next::up:
                return desk_.up(id);
        }
    }

    AnswerClass random_class() {
        using enum AnswerClass;
        constexpr AnswerClass all[] = {confirmed, confirmed, nothing_left, failed,
                                       ambiguous, throttled, refused,      AnswerClass::clock};
        return all[dice_.below(std::size(all))];
    }

    void random_input() {
        const SourceId source = id_at<SourceId>(dice_.below(plan_.sources.size()));
        const std::vector<FamilyId> family = {id_at<FamilyId>(dice_.below(plan_.families.size()))};
        switch (dice_.below(14)) {
            case 0:
                return dice_.one_in(2) ? desk_.trip(all_families(plan_)) : desk_.trip(family);
            case 1:
            case 2:
                return desk_.rearm(family, dice_.one_in(3));
            case 3:
                return desk_.rearm(all_families(plan_), true);
            case 4:
                return come_or_go(source);
            case 5:
                return drop_a_link();
            case 6:
                return desk_.adopt(plan_);
            case 7:
                return spoil(family[0]);
            default:
                return live(source, family[0]);
        }
    }

    void live(SourceId source, FamilyId family) {
        if (!attached_[index(source)]) return;
        const double value = static_cast<double>(dice_.below(230)) - 115;
        note_life(source);
        desk_.publish(source, family, dice_.one_in(2) ? delta : pnl, value);
    }

    // Only of the third source, which no rule watches for silence.
    void spoil(FamilyId family) {
        if (!attached_[2]) return;
        scram_signal signal = desk_.record(SourceId{2}, family, delta, 1);
        signal.version = 77;
        desk_.hand_in(SourceId{2}, signal);
    }

    void come_or_go(SourceId source) {
        const bool was = attached_[index(source)];
        attached_[index(source)] = !was;
        note_life(source);
        if (!was) return desk_.join(source);
        dice_.one_in(2) ? desk_.leave(source) : desk_.vanish(source);
    }

    void drop_a_link() {
        LinkBook& book = links_[dice_.below(links_.size())];
        if (book.next != Next::up && book.next != Next::down) book.next = Next::down;
        book.at = std::min(book.at, desk_.now);
    }

    void note_life(SourceId source) { seen_[index(source)] = desk_.now; }

    // ---- the world's books

    void check_all() {
        bool any_fire = false;
        for (const Action& action : std::exchange(desk_.actions, {})) {
            any_fire = any_fire || action.kind == ActionKind::fire;
            must(!(any_fire && action.kind == ActionKind::close_gate));  // gates go first
            perform(action);
        }
        for (const Event& event : std::exchange(desk_.events, {})) check_event(event);
        for (const FamilyId family : all_families(plan_)) {
            const Switch& its = desk_.engine.family(family);
            must(its.latched == closed_[index(family)]);
            must(!(its.latched && its.cancel == Cancel::idle));
        }
    }

    void perform(const Action& action) {
        switch (action.kind) {
            case ActionKind::close_gate:
                must(!closed_[index(action.family)]);
                closed_[index(action.family)] = true;
                return;
            case ActionKind::open_gate:
                must(closed_[index(action.family)]);
                closed_[index(action.family)] = false;
                return;
            case ActionKind::fire:
                note_fire();
                return send(action, Next::answer);
            case ActionKind::rehearse:
                return send(action, Next::rehearsed);
            case ActionKind::abort_link:
                links_[index(action.link)] = {Next::down, desk_.now + dice_.up_to(50ms), {}, false};
                return;
            case ActionKind::resign:
                return;
        }
    }

    void send(const Action& action, Next answer) {
        LinkBook& book = links_[index(action.link)];
        must(!book.busy);  // one request in flight per link
        const bool silent = !calm_ && dice_.one_in(6);
        const Duration way = dice_.up_to(dice_.one_in(4) && !calm_ ? 900ms : 40ms);
        book = {answer, silent ? never : desk_.now + way, desk_.now, true};
        if (silent) book.next = Next::nothing;
        if (!silent && !calm_ && dice_.one_in(12)) book.next = Next::down;
    }

    void note_fire() {
        fired_.push_back(desk_.now);
        const auto in_window = std::count_if(fired_.begin(), fired_.end(),
                                             [&](Time at) { return at > desk_.now - 2s; });
        must(in_window <= plan_.accounts[0].budget.slots);
    }

    void check_event(const Event& event) {
        if (event.kind != EventKind::tripped || event.rule != stale_rule) return;
        const std::size_t source = index(event.source);
        if (!attached_[source]) return;
        must(event.at == seen_[source] + silence);  // to the nanosecond
        ++silences_;
    }

    void check_nothing_left_undone(Time at) {
        for (const LinkBook& book : links_) {
            const bool overdue = book.busy && book.busy_since + plan_.timings.answer_timeout <= at;
            must(!overdue);
        }
        bool idle_link = false;
        for (std::size_t l = 0; l < links_.size(); ++l)
            idle_link = idle_link || desk_.engine.phase(link(l)) == LinkPhase::idle;
        for (const FamilyId family : all_families(plan_)) {
            const Switch& its = desk_.engine.family(family);
            const auto purpose = its.repeat         ? Budget::Purpose::repeat
                                 : its.failures > 1 ? Budget::Purpose::retry
                                                    : Budget::Purpose::trip;
            const bool could_go = its.cancel == Cancel::due && its.release != Release::waiting &&
                                  its.due_at <= at && idle_link &&
                                  desk_.engine.budget(account).next_take(at, purpose) <= at;
            must(!could_go);
        }
        check_silences(at);
    }

    void check_silences(Time at) {
        for (const SourceId source : {maker, other_maker}) {
            if (!attached_[index(source)] || seen_[index(source)] + silence > at) continue;
            must(desk_.engine.rule_that_holds(A) != none<RuleId>());
        }
    }

    Dice dice_;
    Plan plan_;
    Desk desk_;
    bool calm_ = false;
    std::vector<LinkBook> links_;
    std::vector<bool> closed_;
    std::vector<Time> seen_;
    std::vector<bool> attached_;
    std::vector<Time> fired_;
    std::size_t silences_ = 0;
};

}  // namespace

TEST_CASE("storm: no deadline is missed, no budget broken, no trip forgotten, in 1000 storms") {
    std::size_t fired = 0;
    std::size_t silences = 0;
    for (std::uint64_t seed = 1; seed <= 1000; ++seed) {
        CAPTURE(seed);
        Storm storm(seed);
        storm.blow(120);
        storm.calm_down();
        fired += storm.fired();
        silences += storm.silences();
    }
    CHECK(fired > 10'000);  // it was a storm
    CHECK(silences > 1000);
}
