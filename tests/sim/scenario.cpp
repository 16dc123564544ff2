#include "tests/sim/scenario.h"

#include <fmt/format.h>

#include <algorithm>

namespace scram::sim {
namespace {

template <class Id>
std::vector<Id> some_of(std::size_t count, Dice& dice, std::size_t chance = 2) {
    std::vector<Id> some;
    for (std::size_t i = 0; i < count; ++i) {
        if (dice.below(chance) != 0) some.push_back(id_at<Id>(i));
    }
    if (some.empty()) some.push_back(id_at<Id>(dice.below(count)));
    return some;
}

BudgetSpec random_budget(Dice& dice) {
    BudgetSpec budget;
    if (dice.one_in(3)) budget.slots = static_cast<std::uint8_t>(dice.between(1, 5));
    budget.reserve = static_cast<std::uint8_t>(dice.below(std::min<std::size_t>(budget.slots, 3)));
    budget.guard = dice.one_in(2) ? Duration{1000ms} : Duration{400ms};
    return budget;
}

void add_accounts(Plan& plan, Dice& dice) {
    const int accounts = dice.one_in(2) ? 1 : dice.between(1, 3);
    for (int a = 0; a < accounts; ++a) {
        const auto links = static_cast<std::uint8_t>(dice.one_in(2) ? 5 : dice.between(1, 5));
        plan.accounts.push_back({fmt::format("mm-{}", a + 1), random_budget(dice), links});
    }
}

// Each account has a family, the rest are spread.
void add_families(Plan& plan, Dice& dice) {
    const auto accounts = static_cast<int>(plan.accounts.size());
    const int families =
        std::max(accounts, dice.one_in(4) ? dice.between(6, 12) : dice.between(1, 5));
    const bool locks = dice.one_in(2);
    for (int f = 0; f < families; ++f) {
        const auto a =
            f < accounts ? static_cast<std::size_t>(f) : dice.below(plan.accounts.size());
        const std::string inst_family = fmt::format("F{}-USD", f);
        const milliseconds lock{locks && !dice.one_in(4) ? dice.between(1, 10) * 1000 : 0};
        plan.families.push_back({plan.accounts[a].name + "/" + inst_family,
                                 static_cast<AccountId>(a), inst_family, lock});
    }
}

void add_sources(Plan& plan, Dice& dice) {
    const int sources = dice.between(1, 4);
    for (int s = 0; s < sources; ++s) {
        plan.sources.push_back(
            {fmt::format("maker-{}", s), some_of<FamilyId>(plan.families.size(), dice, 4)});
    }
    plan.metrics = {"delta", "pnl", "fills"};
}

double quarter(Dice& dice, int low, int high) {
    return dice.between(low * 4, high * 4) / 4.0;
}

// Quarters, so that sums are exact in any order.
void set_limit(RuleSpec& rule, Dice& dice) {
    rule.limit = quarter(dice, 40, 120);
    if (rule.kind == RuleKind::limit && rule.bound == Bound::below) rule.limit = -rule.limit;
    if (rule.kind == RuleKind::count) rule.limit = dice.between(5, 60);
}

void make_value_rule(RuleSpec& rule, const Plan& plan, Dice& dice) {
    rule.families = some_of<FamilyId>(plan.families.size(), dice);
    rule.metric = rule.kind == RuleKind::count ? MetricId{2} : id_at<MetricId>(dice.below(2));
    rule.per = dice.one_in(3) ? Per::all : Per::family;
    rule.over = dice.one_in(3) ? Over::each : Over::sum;
    rule.bound = static_cast<Bound>(dice.below(3));
    const bool windowed = rule.kind == RuleKind::change || rule.kind == RuleKind::count;
    if (windowed || (rule.kind == RuleKind::drawdown && dice.one_in(2)))
        rule.within = milliseconds{dice.between(2, 40) * 100};
    if (dice.one_in(4)) rule.hold_for = milliseconds{dice.between(1, 20) * 50};
    if (dice.one_in(4)) rule.confirm = static_cast<std::uint32_t>(dice.between(2, 4));
    if (dice.one_in(3)) rule.warn = {0.5, 0.75};
}

void make_divergence(RuleSpec& rule, const Plan& plan, Dice& dice) {
    rule.per = Per::family;
    rule.within = {};
    if (plan.sources.size() < 2 || dice.one_in(2)) {
        rule.metric = MetricId{0};
        rule.other_metric = MetricId{1};
        return;
    }
    rule.over = Over::each;
    const auto first = dice.below(plan.sources.size() - 1);
    rule.sources = {id_at<SourceId>(first), id_at<SourceId>(first + 1)};
}

void make_health_rule(RuleSpec& rule, const Plan& plan, Dice& dice) {
    rule.sources = some_of<SourceId>(plan.sources.size(), dice, 4);
    if (rule.kind != RuleKind::stale) return;
    rule.after = milliseconds{dice.between(3, 20) * 100};
    if (!dice.one_in(3)) return;
    rule.metric = id_at<MetricId>(dice.below(2));
    rule.families = some_of<FamilyId>(plan.families.size(), dice);
    rule.after *= 3;
}

void add_rule(Plan& plan, RuleKind kind, Dice& dice) {
    RuleSpec rule;
    rule.kind = kind;
    rule.name = fmt::format("rule-{}", plan.rules.size());
    const bool of_health =
        kind == RuleKind::stale || kind == RuleKind::gone || kind == RuleKind::bad;
    if (of_health) {
        make_health_rule(rule, plan, dice);
    } else {
        make_value_rule(rule, plan, dice);
        if (kind == RuleKind::divergence) make_divergence(rule, plan, dice);
        set_limit(rule, dice);
    }
    if (dice.one_in(4)) rule.kills = some_of<FamilyId>(plan.families.size(), dice);
    if (dice.one_in(6)) rule.shadow = true;
    if (dice.one_in(6)) rule.lock = milliseconds{dice.between(0, 8) * 500};
    plan.rules.push_back(rule);
}

void add_rules(Plan& plan, Dice& dice) {
    add_rule(plan, RuleKind::gone, dice);
    add_rule(plan, RuleKind::bad, dice);
    const int more = dice.between(2, 7);
    for (int r = 0; r < more; ++r) add_rule(plan, static_cast<RuleKind>(dice.below(6)), dice);
}

void set_timings(Plan& plan, Dice& dice) {
    Timings& timings = plan.timings;
    timings.rehearse_every = milliseconds{dice.between(1, 5) * 1000};
    timings.rehearse_gap = milliseconds{dice.between(2, 10) * 25};
    timings.answer_timeout = milliseconds{dice.between(3, 10) * 100};
    timings.hedge_min = milliseconds{dice.between(6, 15) * 10};
    timings.retry_first = milliseconds{dice.between(1, 10) * 20};
    timings.retry_max = milliseconds{dice.between(5, 20) * 100};
    timings.retry_refused = milliseconds{dice.between(10, 50) * 100};
    timings.reattach_within = milliseconds{dice.between(3, 40) * 100};
    plan.after_crash = static_cast<AfterCrash>(dice.below(3));
}

void add_dead_men(Plan& plan, Dice& dice) {
    for (AccountSpec& account : plan.accounts) {
        if (!dice.one_in(3)) continue;
        DeadMan& its = account.dead_man.emplace();
        its.timeout_s = static_cast<std::uint8_t>(dice.one_in(2) ? 10 : dice.between(10, 40));
        if (dice.one_in(2)) its.on_stop = DeadMan::OnStop::disarm;
    }
}

// A third of all worlds has every kind of trouble, a third some, a third none outside of makers,
// operators and crashes.
Faults random_faults(bool fair, Dice& dice) {
    Faults faults;
    const bool all = dice.one_in(2);
    for (std::size_t f = 0; f < fault_count; ++f) {
        const auto fault = static_cast<Fault>(f);
        const bool of_world =
            fault < Fault::drift || (fault >= Fault::false_cancel && fault != Fault::late_order);
        if ((fair && of_world) || (!all && dice.one_in(2))) faults = faults.without(fault);
    }
    return fair ? faults.without(Fault::crash).without(Fault::late_loop) : faults;
}

}  // namespace

Scenario make_scenario(std::uint64_t seed, Faults allowed) {
    Dice dice(seed, 1);
    Scenario s;
    add_accounts(s.plan, dice);
    add_families(s.plan, dice);
    add_sources(s.plan, dice);
    add_rules(s.plan, dice);
    set_timings(s.plan, dice);
    s.fair = dice.one_in(4);
    s.faults = Faults{random_faults(s.fair, dice).bits() & allowed.bits()};
    s.horizon = milliseconds{dice.between(8, 24) * 1000};
    s.way = dice.between(100us, 9ms);
    s.maker_pace = dice.between(10ms, 120ms);
    s.operator_pace = dice.between(100ms, 900ms);
    s.mishap_pace = dice.between(100ms, 2s);
    s.drift_ppm = s.faults.has(Fault::drift) ? dice.between(-50, 50) : 0;
    s.fixed_window = dice.one_in(2);
    Dice more(seed, 11);
    for (SourceSpec& source : s.plan.sources) source.expected = more.one_in(3);
    s.plan.timings.sum_wait = milliseconds{more.between(1, 20) * 100};
    s.plan.reads = s.plan.account_checks = !more.one_in(4);
    if (more.one_in(2)) s.plan.timings.account_check = milliseconds{more.between(1, 10) * 1000};
    for (FamilySpec& family : s.plan.families) family.hold = more.one_in(4);
    s.plan.timings.unverified_after = milliseconds{more.between(3, 50) * 100};
    for (FamilySpec& family : s.plan.families) family.cancel_rest = more.one_in(3);
    if (s.plan.reads) add_dead_men(s.plan, more);
    return s;
}

Plan other_limits(const Plan& plan, Dice& dice) {
    Plan other = plan;
    for (RuleSpec& rule : other.rules) {
        if (rule.limit != 0 && dice.one_in(2)) set_limit(rule, dice);
        if (rule.kind == RuleKind::stale && dice.one_in(3))
            rule.after = milliseconds{dice.between(5, 40) * 100};
        if (dice.one_in(8)) rule.shadow = !rule.shadow;
    }
    for (AccountSpec& account : other.accounts) {
        if (account.dead_man && dice.one_in(3))
            account.dead_man->timeout_s = static_cast<std::uint8_t>(dice.between(10, 40));
        if (account.dead_man && dice.one_in(4)) account.dead_man.reset();
        if (!dice.one_in(3)) continue;
        const Duration guard = account.budget.guard;  // what is under way knows nothing of a reload
        account.budget = random_budget(dice);
        account.budget.guard = guard;
    }
    return other;
}

}  // namespace scram::sim
