// Rules with windows, times and confirmations, against a model that remembers every sample and
// works out by itself, for the shortest and for the longest_meant window that may be meant, what
// holds at each moment. What the rules say lies between the two; and they are called at the
// deadlines that they asked for, and at no other time.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <set>
#include <vector>

#include "core/rules/rules.h"
#include "tests/unit/core/engine/rig.h"

using namespace scram;
using namespace scram::test;

namespace {

struct Published {
    Time at;
    double value;
};

Duration longest_meant(Duration within) {
    return 64 * Duration{(within.count() + 62) / 63};
}

// One condition on one source's value, by the words of core/rules/rules.h.
class Model {
  public:
    Model(const RuleSpec& rule, Duration within) : rule_(rule), within_(within) {}

    void publish(Published sample) {
        look_until(sample.at);
        history_.push_back(sample);
        moments_.insert(sample.at + within_);
        settle(sample.at, true);
    }
    bool tripped(Time now) {
        look_until(now + 1ns);
        return holds_ && samples_ >= rule_.confirm && now - since_ >= rule_.hold_for;
    }

  private:
    // Without a sample, what holds changes only when one leaves the window.
    void look_until(Time end) {
        while (!moments_.empty() && *moments_.begin() < end) {
            settle(*moments_.begin(), false);
            moments_.erase(moments_.begin());
        }
    }
    void settle(Time now, bool is_sample) {
        if (!breached(now)) {
            holds_ = false;
            return;
        }
        if (!holds_) since_ = now;
        samples_ = holds_ ? samples_ + (is_sample ? 1 : 0) : 1;
        holds_ = true;
    }
    bool breached(Time now) const {
        if (history_.empty()) return false;
        const double last = history_.back().value;
        double low = last;
        double high = last;
        double rises = 0;
        for (std::size_t i = history_.size() - 1; i-- > 0 && history_[i + 1].at > now - within_;) {
            low = std::min(low, history_[i].value);
            high = std::max(high, history_[i].value);
            const double after = history_[i + 1].value;
            rises += after >= history_[i].value ? after - history_[i].value : std::max(after, 0.0);
        }
        switch (rule_.kind) {
            case RuleKind::limit:
                return std::fabs(last) > rule_.limit;
            case RuleKind::drawdown:
                return high - last > rule_.limit;
            case RuleKind::change:
                return std::max(last - low, high - last) > rule_.limit;
            default:
                return rises > rule_.limit;
        }
    }

    RuleSpec rule_;
    Duration within_;
    std::vector<Published> history_;
    std::multiset<Time> moments_;
    bool holds_ = false;
    Time since_{};
    std::uint32_t samples_ = 0;
};

class Trial {
  public:
    explicit Trial(std::uint64_t seed)
        : random_(seed),
          plan_(random_plan()),
          rules_(plan_),
          table_(1, 1, 1),
          out_(rules_.breaches_max()),
          at_least_(plan_.rules[0], plan_.rules[0].within),
          at_most_(plan_.rules[0], longest_meant(plan_.rules[0].within)) {}

    void run(int steps) {
        for (int i = 0; i < steps; ++i) {
            pass_until(now_ + pause());
            if (random_() % 4 != 0) publish(static_cast<double>(random_() % 200));
            check();
        }
    }
    std::size_t trips = 0;
    std::size_t silent_trips = 0;  // while nothing was published
    std::size_t silent_ends = 0;
    bool good = true;

  private:
    Plan random_plan() {
        constexpr RuleKind kinds[] = {RuleKind::limit, RuleKind::drawdown, RuleKind::change,
                                      RuleKind::count};
        constexpr std::uint32_t confirms[] = {1, 1, 2, 5};
        Plan plan = plan_of({});
        plan.metrics = {"value"};
        RuleSpec& rule = add_rule(plan, "rule", kinds[random_() % 4]);
        rule.metric = MetricId{};
        rule.within = rule.kind == RuleKind::limit ? Duration{} : Duration{1 + random_() % 5000};
        rule.limit = static_cast<double>(rule.kind == RuleKind::count ? random_() % 900 + 1
                                                                      : random_() % 190 + 5);
        rule.hold_for = random_() % 3 == 0 ? Duration{random_() % 4000} : Duration{};
        rule.confirm = confirms[random_() % 4];
        return plan;
    }
    Duration pause() {
        constexpr std::uint64_t most[] = {1, 10, 200, 2000, 20'000};
        return Duration{random_() % most[random_() % 5]};
    }
    void pass_until(Time end) {
        while (rules_.next_deadline() <= end) {
            const Time due = rules_.next_deadline();
            good = good && due >= now_;
            now_ = std::max(now_, due);
            const bool before = tripped();
            rules_.on_time(table_, now_, out_);
            good = good && rules_.next_deadline() > now_;  // else the daemon would spin
            silent_ends += before && !tripped() ? 1 : 0;
            silent_trips += out_.size();
            count_trips();
            check();
        }
        now_ = end;
    }
    void publish(double value) {
        const double before = table_.value(maker, A, MetricId{});
        const bool first = table_.store(maker, A, MetricId{}, value, now_);
        rules_.on_value(table_, {maker, A, MetricId{}, value, before, first, now_}, out_);
        at_least_.publish({now_, value});
        at_most_.publish({now_, value});
        count_trips();
    }
    void count_trips() {
        trips += out_.size();
        good = good && out_.size() <= 1;
        out_.clear();
    }
    bool tripped() const { return rules_.holds(A) != none<RuleId>(); }
    void check() {
        good = good && (tripped() || !at_least_.tripped(now_));
        good = good && (!tripped() || at_most_.tripped(now_));
    }

    std::mt19937_64 random_;
    Plan plan_;
    RuleSet rules_;
    MetricTable table_;
    Breaches out_;
    Model at_least_, at_most_;
    Time now_ = time_from_ns(1'000'000);
};

}  // namespace

TEST_CASE(
    "rules: between the shortest and the longest_meant window meant, at any moment, in 4000 "
    "trials") {
    std::size_t trips = 0, silent_trips = 0, silent_ends = 0;
    for (std::uint64_t seed = 1; seed <= 4000; ++seed) {
        CAPTURE(seed);
        Trial trial(seed);
        trial.run(120);
        REQUIRE(trial.good);
        trips += trial.trips;
        silent_trips += trial.silent_trips;
        silent_ends += trial.silent_ends;
    }
    CHECK(trips > 10'000);
    CHECK(silent_trips > 500);
    CHECK(silent_ends > 1000);
}
