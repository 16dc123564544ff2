// The effective config as text that loads to the same config again, and what of it a reload may
// change.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "config/config.h"
#include "config/toml/document.h"
#include "config/toml/keys.h"
#include "config/toml/printer.h"
#include "config/toml/words.h"
#include "core/rules/shape.h"

namespace scram {
namespace {

using config::in_quotes;
using config::line;
using config::line_ms;
using config::list;
using config::word;

constexpr std::size_t change_lines_max = 64;  // the names are told of all

struct Block {
    std::string header;  // "[[family]]"
    std::string name;    // of the account, family, source or rule
    std::vector<std::string> lines;

    std::string title() const { return name.empty() ? header : header + " " + name; }
};

template <class Id, class Spec>
std::string list_of(const std::vector<Id>& ids, const std::vector<Spec>& specs) {
    std::vector<std::string> names;
    for (const auto id : ids) names.push_back(specs[index(id)].name);
    if (!specs.empty() && names.size() == specs.size()) return "[\"*\"]";
    return list(std::move(names));
}

Block top_block(const Config& config) {
    Block block{"", "the top of the file", {}};
    config::visit_top(config::Printer{block.lines}, config);
    return block;
}

Block exchange_block(const ExchangeConfig& exchange) {
    Block block{"[exchange]", "", {}};
    config::visit_exchange(config::Printer{block.lines}, exchange);
    return block;
}

Block timings_block(const Config& config) {
    Block block{"[timings]", "", {}};
    config::visit_timings(config::Printer{block.lines}, config);
    return block;
}

Block wire_block(const WireConfig& wire) {
    Block block{"[wire]", "", {}};
    config::visit_wire(config::Printer{block.lines}, wire);
    return block;
}

Block paths_block(const Paths& paths) {
    Block block{"[paths]", "", {}};
    config::visit_paths(config::Printer{block.lines}, paths);
    return block;
}

Block journal_block(const Config& config) {
    Block block{"[journal]", "", {}};
    config::visit_journal(config::Printer{block.lines}, config);
    return block;
}

Block recording_block(const RecordingConfig& recording) {
    Block block{"[recording]", "", {}};
    config::visit_recording(config::Printer{block.lines}, recording);
    return block;
}

std::string list_of(const Principals& principals) {
    std::vector<std::string> who;
    for (const auto uid : principals.uids) who.push_back(fmt::format("uid:{}", uid));
    for (const auto gid : principals.gids) who.push_back(fmt::format("gid:{}", gid));
    who.insert(who.end(), principals.unknown.begin(), principals.unknown.end());
    return list(std::move(who));
}

Block rights_block(const Principals (&rights)[right_count]) {
    Block block{"[rights]", "", {}};
    for (std::size_t i = 0; i < right_count; ++i)
        block.lines.push_back(line(name(static_cast<Right>(i)), list_of(rights[i])));
    return block;
}

Block account_block(const AccountSpec& account, const std::filesystem::path& credentials) {
    Block block{
        "[[account]]",
        account.name,
        {line("name", in_quotes(account.name)),
         line("credentials", in_quotes(credentials.string())), line("links", account.links)}};
    config::visit_budget(config::Printer{block.lines, "budget."}, account.budget);
    config::visit_rearm(config::Printer{block.lines, "rearm."}, account.rearm);
    return block;
}

Block family_block(const FamilySpec& family) {
    return {"[[family]]",
            family.name,
            {line("name", in_quotes(family.name)), line("lock_ms", family.lock.count()),
             line("hold", family.hold ? "true" : "false"),
             line("cancel_rest", family.cancel_rest ? "true" : "false")}};
}

Block source_block(const SourceSpec& source, const Plan& plan) {
    return {"[[source]]",
            source.name,
            {line("name", in_quotes(source.name)),
             line("families", list_of(source.families, plan.families))}};
}

std::string kills_line(const RuleSpec& rule, const Plan& plan) {
    if (!rule.kills.empty()) return line("kills", list_of(rule.kills, plan.families));
    const bool has_metric = rule.metric != none<MetricId>();
    if (!has_metric) return "# kills: every family that the source may publish for";
    return rule.per == Per::all ? "# kills: every family that it watches"
                                : "# kills: the family that breached";
}

void add_sources(const RuleSpec& rule, const Plan& plan, std::vector<std::string>& lines) {
    lines.push_back(line("sources", list_of(rule.sources, plan.sources)));
}

// What rules of values have beside their bound.
void add_value_lines(const RuleSpec& rule, std::vector<std::string>& lines) {
    lines.push_back(line("per", in_quotes(word(config::per_words, rule.per))));
    if (rule.kind != RuleKind::divergence)
        lines.push_back(line("over", in_quotes(word(config::over_words, rule.over))));
    if (rule.within > Duration{}) lines.push_back(line_ms("within_ms", rule.within));
    if (is_since_arming(rule)) lines.push_back("# within_ms: since arming");
    lines.push_back(line_ms("for_ms", rule.hold_for));
    lines.push_back(line("confirm", rule.confirm));
    lines.push_back(line("warn", fmt::format("[{}]", fmt::join(rule.warn, ", "))));
}

void add_condition(const RuleSpec& rule, const Plan& plan, std::vector<std::string>& lines) {
    if (rule.metric != none<MetricId>()) {
        lines.push_back(line("metric", in_quotes(plan.metrics[index(rule.metric)])));
        lines.push_back(line("families", list_of(rule.families, plan.families)));
    }
    if (is_of_values(rule.kind)) add_value_lines(rule, lines);
    switch (rule.kind) {
        case RuleKind::limit:
            return lines.push_back(line(word(config::bound_words, rule.bound), rule.limit));
        case RuleKind::drawdown:
        case RuleKind::change:
            return lines.push_back(line("by", rule.limit));
        case RuleKind::count:
            return lines.push_back(line("more_than", rule.limit));
        case RuleKind::divergence:
            if (is_of_two_sources(rule))
                add_sources(rule, plan, lines);
            else
                lines.push_back(line("from", in_quotes(plan.metrics[index(rule.other_metric)])));
            return lines.push_back(line("by", rule.limit));
        case RuleKind::stale:
            add_sources(rule, plan, lines);
            return lines.push_back(line_ms("after_ms", rule.after));
        case RuleKind::gone:
        case RuleKind::bad:
            return add_sources(rule, plan, lines);
    }
}

// Those that the file does not hold are shown as comments, so that the text remains the file's
// equal.
void mark_implicit(Block& block) {
    block.header = "# (implicit) " + block.header;
    for (auto& text : block.lines) text = text.starts_with('#') ? text : "# " + text;
}

Block rule_block(const RuleSpec& rule, const Plan& plan) {
    Block block{"[[rule]]",
                rule.name,
                {line("name", in_quotes(rule.name)),
                 line("kind", in_quotes(word(config::kind_words, rule.kind)))}};
    add_condition(rule, plan, block.lines);
    block.lines.push_back(kills_line(rule, plan));
    block.lines.push_back(line("shadow", rule.shadow));
    block.lines.push_back(rule.lock ? line("lock_ms", rule.lock->count())
                                    : "# lock_ms: that of the family");
    if (rule.name == config::implicit_gone || rule.name == config::implicit_bad)
        mark_implicit(block);
    return block;
}

// What only a restart changes.
std::vector<Block> fixed_blocks(const Config& config) {
    const auto& plan = config.plan;
    std::vector<Block> blocks{top_block(config),       exchange_block(config.exchange),
                              wire_block(config.wire), paths_block(config.paths),
                              journal_block(config),   recording_block(config.recording)};
    for (std::size_t i = 0; i < plan.accounts.size(); ++i)
        blocks.push_back(account_block(plan.accounts[i], config.credentials[i]));
    for (const auto& family : plan.families) blocks.push_back(family_block(family));
    for (const auto& source : plan.sources) blocks.push_back(source_block(source, plan));
    return blocks;
}

// What a reload changes.
std::vector<Block> loose_blocks(const Config& config) {
    std::vector<Block> blocks{timings_block(config), rights_block(config.rights)};
    for (const auto& rule : config.plan.rules) blocks.push_back(rule_block(rule, config.plan));
    return blocks;
}

std::string user_line(const Principals& users) {
    return users.empty() ? "# user: everybody who may publish" : line("user", list_of(users));
}

std::vector<std::string> dead_man_lines(const AccountSpec& account) {
    if (!account.dead_man) return {"# dead_man: none"};
    std::vector<std::string> lines{
        account.dead_man->tag.empty()
            ? "# dead_man sweeps everything of the account, also hedges and futures"
            : "# dead_man sweeps everything of the account with its tag, also hedges and futures"};
    config::visit_dead_man(config::Printer{lines, "dead_man."}, *account.dead_man);
    return lines;
}

// A reload changes these keys of blocks that are fixed otherwise.
void add_loose_keys(const Config& config, std::vector<Block>& blocks) {
    const std::size_t sources = config.plan.sources.size();
    const std::size_t accounts = config.plan.accounts.size();
    const std::size_t first = blocks.size() - sources - config.plan.families.size() - accounts;
    for (std::size_t i = 0; i < accounts; ++i) {
        for (std::string& text : dead_man_lines(config.plan.accounts[i]))
            blocks[first + i].lines.push_back(std::move(text));
    }
    for (std::size_t i = 0; i < sources; ++i) {
        auto& lines = blocks[blocks.size() - sources + i].lines;
        lines.push_back(line("expected", config.plan.sources[i].expected));
        lines.push_back(user_line(config.source_users[i]));
    }
}

const Block* find_title(const std::vector<Block>& blocks, const std::string& title) {
    const auto found = std::find_if(blocks.begin(), blocks.end(),
                                    [&](const Block& block) { return block.title() == title; });
    return found == blocks.end() ? nullptr : &*found;
}

// The first line of `lines` that `others` lacks; empty if none.
std::string missing_from(const std::vector<std::string>& others,
                         const std::vector<std::string>& lines) {
    for (const auto& text : lines) {
        if (std::find(others.begin(), others.end(), text) == others.end()) return text;
    }
    return {};
}

// A key without a default is printed only when the file has it, so either side may lack it.
std::string line_difference(const Block& running, const Block& next) {
    const auto before = missing_from(next.lines, running.lines);
    const auto after = missing_from(running.lines, next.lines);
    const auto key = [](const std::string& text) { return text.substr(0, text.find(" =")); };
    if (before.empty() && after.empty()) return {};
    if (before.empty()) return fmt::format("{}: `{}` is new in the file", next.title(), after);
    if (key(before) != key(after))
        return fmt::format("{}: `{}` is running, the file does not have it", running.title(),
                           before);
    return fmt::format("{}: `{}` is running, the file says `{}`", running.title(), before, after);
}

// The lines of one that the other lacks.
std::string own_lines(const Block& block, const Block& other) {
    std::vector<std::string> own;
    for (const auto& text : block.lines) {
        if (std::find(other.lines.begin(), other.lines.end(), text) == other.lines.end())
            own.push_back(text);
    }
    return own.empty() ? "the default" : fmt::format("{}", fmt::join(own, ", "));
}

void note_change(const std::string& what, const Block& before, const Block& after,
                 std::vector<std::string>& names, ConfigChanges& changes) {
    if (before.lines == after.lines) return;
    names.push_back(what);
    changes.lines.push_back(fmt::format("{}{}: {} becomes {}",
                                        &names == &changes.sections ? "" : "rule ", what,
                                        own_lines(before, after), own_lines(after, before)));
}

void note_rule(std::string_view fate, const std::string& name, std::vector<std::string>& names,
               ConfigChanges& changes) {
    names.push_back(name);
    changes.lines.push_back(fmt::format("rule {}: {}", name, fate));
}

const RuleSpec* find_rule(const Plan& plan, const std::string& name) {
    const auto found = std::find_if(plan.rules.begin(), plan.rules.end(),
                                    [&](const RuleSpec& rule) { return rule.name == name; });
    return found == plan.rules.end() ? nullptr : &*found;
}

// The signer signs for those that it was started with, and no other tag.
std::string dead_man_reason(const AccountSpec& running, const AccountSpec& next) {
    if (!next.dead_man) return {};
    const std::string title = "[[account]] " + next.name;
    if (!running.dead_man) return title + ": `dead_man` is new in the file";
    if (running.dead_man->tag == next.dead_man->tag) return {};
    return fmt::format("{}: `dead_man.tag = {}` is running, the file says `dead_man.tag = {}`",
                       title, in_quotes(running.dead_man->tag), in_quotes(next.dead_man->tag));
}

}  // namespace

ConfigChanges changes(const Config& running, const Config& next) {
    ConfigChanges out;
    for (const RuleSpec& rule : next.plan.rules) {
        const RuleSpec* before = find_rule(running.plan, rule.name);
        if (before == nullptr)
            note_rule("added", rule.name, out.rules_added, out);
        else
            note_change(rule.name, rule_block(*before, running.plan), rule_block(rule, next.plan),
                        out.rules_changed, out);
    }
    for (const RuleSpec& rule : running.plan.rules) {
        if (find_rule(next.plan, rule.name) == nullptr)
            note_rule("removed", rule.name, out.rules_removed, out);
    }
    const auto section = [&](const Block& before, const Block& after) {
        note_change(before.header, before, after, out.sections, out);
    };
    section(timings_block(running), timings_block(next));
    section(rights_block(running.rights), rights_block(next.rights));
    for (std::size_t i = 0; i < next.plan.accounts.size(); ++i) {
        const std::string title = "[[account]] " + next.plan.accounts[i].name;
        section({title, "", dead_man_lines(running.plan.accounts[i])},
                {title, "", dead_man_lines(next.plan.accounts[i])});
    }
    for (std::size_t i = 0; i < next.plan.sources.size(); ++i) {
        const std::string title = "[[source]] " + next.plan.sources[i].name;
        section({title, "", {user_line(running.source_users[i])}},
                {title, "", {user_line(next.source_users[i])}});
    }
    if (out.lines.size() > change_lines_max) {
        const auto more = out.lines.size() - change_lines_max;
        out.lines.resize(change_lines_max);
        out.lines.push_back(fmt::format("and {} more", more));
    }
    return out;
}

std::string describe(const Config& config) {
    auto text = fmt::format("# {}, with every default filled in", config.file.string());
    auto blocks = fixed_blocks(config);
    add_loose_keys(config, blocks);
    for (auto& block : loose_blocks(config)) blocks.push_back(std::move(block));
    for (const auto& block : blocks) {
        text += block.header.empty() ? "\n" : fmt::format("\n{}\n", block.header);
        for (const auto& entry : block.lines) text += entry + "\n";
    }
    return text;
}

std::string restart_reason(const Config& running, const Config& next) {
    const auto before = fixed_blocks(running);
    const auto after = fixed_blocks(next);
    for (const auto& block : before) {
        const auto* same = find_title(after, block.title());
        if (same == nullptr) return block.title() + " is running, the file does not have it";
        if (auto reason = line_difference(block, *same); !reason.empty()) return reason;
    }
    for (std::size_t i = 0; i < after.size(); ++i) {
        const auto title = after[i].title();
        if (find_title(before, title) == nullptr) return title + " is new in the file";
        if (before[i].title() != title)
            return fmt::format("{} stands at another place of the file, so the order differs",
                               title);
    }
    for (std::size_t i = 0; i < next.plan.accounts.size(); ++i) {
        auto reason = dead_man_reason(running.plan.accounts[i], next.plan.accounts[i]);
        if (!reason.empty()) return reason;
    }
    return {};
}

}  // namespace scram
