#include "daemon/scramctl/what_if.h"

#include <fmt/format.h>

#include <charconv>
#include <cmath>

#include "config/toml/words.h"

namespace scram {
namespace {

bool read_number(std::string_view text, double& out) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
    return error == std::errc{} && end == text.data() + text.size() && std::isfinite(out);
}

bool read_steps(std::string_view text, std::size_t& out) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
    return error == std::errc{} && end == text.data() + text.size() && out >= 2 &&
           out <= what_if_steps_max;
}

// The key of the limit that can be swept; empty: the rule has none.
std::string_view limit_key(const RuleSpec& rule) {
    switch (rule.kind) {
        case RuleKind::limit:
            return config::word(config::bound_words, rule.bound);
        case RuleKind::drawdown:
        case RuleKind::change:
        case RuleKind::divergence:
            return "by";
        case RuleKind::count:
            return "more_than";
        case RuleKind::stale:
            return "after_ms";
        case RuleKind::gone:
        case RuleKind::bad:
            return {};
    }
    return {};
}

double limit_of(const RuleSpec& rule) {
    if (rule.kind != RuleKind::stale) return rule.limit;
    return std::chrono::duration<double, std::milli>(rule.after).count();
}

void set_limit(RuleSpec& rule, double limit) {
    if (rule.kind != RuleKind::stale) {
        rule.limit = limit;
        return;
    }
    rule.after =
        std::chrono::duration_cast<Duration>(std::chrono::duration<double, std::milli>(limit));
}

// As the config would: what is no distance may have any sign.
std::string range_fault(const WhatIf& wish, const RuleSpec& rule) {
    const bool any_sign = rule.kind == RuleKind::limit && rule.bound != Bound::beyond;
    if (any_sign || wish.low > 0) return {};
    return fmt::format("{}.{}: expected limits above 0, got {}", wish.name, wish.key, wish.low);
}

Sweep add_sweep(const WhatIf& wish, const RuleSpec& of, Plan& plan) {
    Sweep sweep{of.name, wish.key, limit_of(of), {}, {}};
    for (std::size_t i = 0; i < wish.steps; ++i) {
        RuleSpec copy = of;
        copy.name = fmt::format("{} if {} = {}", of.name, wish.key, wish.at(i));
        copy.shadow = true;
        copy.warn.clear();
        set_limit(copy, wish.at(i));
        sweep.limits.push_back(wish.at(i));
        sweep.copies.push_back(copy.name);
        plan.rules.push_back(std::move(copy));
    }
    return sweep;
}

}  // namespace

std::variant<WhatIf, std::string> parse_what_if(std::string_view text) {
    WhatIf out;
    const auto wrong = [text](std::string_view what) {
        return fmt::format(
            "--what-if: expected RULE.KEY=LOW..HIGH or RULE.KEY=LOW..HIGH/STEPS, as "
            "in delta.beyond=20..40/5, {}, got \"{}\"",
            what, text);
    };
    const std::size_t equals = text.find('=');
    const std::size_t dot = text.substr(0, equals).rfind('.');
    const std::size_t dots = equals == text.npos ? text.npos : text.find("..", equals);
    if (dots == text.npos || dot == text.npos || dot == 0 || dot + 1 >= equals)
        return wrong("with the name of a rule or a metric");
    out.name = text.substr(0, dot);
    out.key = text.substr(dot + 1, equals - dot - 1);
    std::string_view high = text.substr(dots + 2);
    if (const std::size_t slash = high.find('/'); slash != high.npos) {
        if (!read_steps(high.substr(slash + 1), out.steps))
            return wrong(fmt::format("with 2 to {} steps", what_if_steps_max));
        high = high.substr(0, slash);
    }
    if (!read_number(text.substr(equals + 1, dots - equals - 1), out.low) ||
        !read_number(high, out.high))
        return wrong("with two numbers");
    if (!(out.low < out.high)) return wrong("with a low end below the high one");
    return out;
}

std::variant<std::vector<Sweep>, std::string> add_sweeps(const WhatIf& wish, Plan& plan) {
    std::vector<Sweep> out;
    std::string keys;
    for (std::size_t r = 0, count = plan.rules.size(); r < count; ++r) {
        const RuleSpec rule = plan.rules[r];  // adding moves them
        const bool of_metric =
            rule.metric != none<MetricId>() && plan.metrics[index(rule.metric)] == wish.name;
        const std::string_view key = limit_key(rule);
        if ((rule.name != wish.name && !of_metric) || key.empty()) continue;
        keys += fmt::format("{}{}.{}", keys.empty() ? "" : ", ", rule.name, key);
        if (key != wish.key) continue;
        if (std::string fault = range_fault(wish, rule); !fault.empty())
            return "--what-if: " + fault;
        out.push_back(add_sweep(wish, rule, plan));
    }
    if (!out.empty()) return out;
    if (!keys.empty())
        return fmt::format("--what-if: {} has no limit \"{}\"; expected one of: {}", wish.name,
                           wish.key, keys);
    return fmt::format("--what-if: no rule with a limit, and no metric of one, is called \"{}\"",
                       wish.name);
}

}  // namespace scram
