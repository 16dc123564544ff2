#include <algorithm>
#include <array>

#include "core/model/events.h"
#include "daemon/scramd_exporter/fields.h"
#include "daemon/scramd_exporter/metrics.h"

namespace scram {
using namespace printing;
namespace {

// One metric for each of the status' list.
struct Item {
    const char* name;
    const char* key;
    const char* unit;
    double per_unit;
    const char* help;
};

template <std::size_t count>
void add_items(const std::vector<dom::element>& list_of, std::string_view label,
               const std::array<Item, count>& items, Exposition& out) {
    for (const Item& item : items) {
        out.begin(MetricKind::gauge, item.name, item.unit, item.help);
        for (const dom::element its : list_of)
            out.add(known(its, item.key, item.per_unit), {{label, field(its, "name", "")}});
    }
}

constexpr std::string_view family_states[] = {"armed",    "tripped", "cancelling", "accepted",
                                              "verified", "held",    "releasing"};
constexpr std::string_view dead_man_states[] = {"off", "armed", "expired"};

constexpr std::array family_items{
    Item{"scramd_family_unfinished", "unfinished", "", 1, "Its cancel is not accepted yet."},
    Item{"scramd_family_listed", "listed", "", 1, "The exchange lists it."},
    Item{"scramd_family_orders_resting", "rest", "", 1, "Its orders that a mass-cancel leaves."},
    Item{"scramd_family_orders_found", "found", "", 1, "Its MMP orders that a read has shown."},
    Item{"scramd_family_lock_left_seconds", "lock_left_ms", "seconds", milli,
         "For how long the exchange still refuses its orders."},
};

constexpr std::array account_items{
    Item{"scramd_budget_slots", "slots", "", 1, "Cancels that it may send in 2 s."},
    Item{"scramd_budget_free_slots", "slots_free", "", 1, "Those that are free."},
    Item{"scramd_budget_working_slots", "slots_working", "", 1,
         "Those that no other client spends."},
    Item{"scramd_hedge_delay_seconds", "hedge_after_us", "seconds", micro,
         "After so long a cancel without answer is sent again on another link."},
    Item{"scramd_signature_age_seconds", "signature_age_ms", "seconds", milli,
         "Age of its oldest prepared signature."},
    Item{"scramd_links_up_ratio", "up_share", "ratio", 1,
         "Share of the last minute in which a link was up."},
    Item{"scramd_rehearsals_failed", "rehearsals_failed", "", 1,
         "Rehearsals that failed in a row."},
    Item{"scramd_last_drill_timestamp_seconds", "last_drill_wall_ms", "seconds", milli,
         "When its last verified drill was, since 1970."},
};

constexpr std::array key_items{
    Item{"scramd_key_proven", "proven", "", 1, "OKX has taken its key."},
    Item{"scramd_key_proven_age_seconds", "proven_ms_ago", "seconds", milli, "When it last did."},
    Item{"scramd_key_may_trade", "may_trade", "", 1, "The key's permissions have trade."},
};

constexpr std::array dead_man_items{
    Item{"scramd_dead_man_ready", "ready", "", 1, "Its dead man's switch works."},
    Item{"scramd_dead_man_fed_age_seconds", "fed_ms_ago", "seconds", milli,
         "Time since that was fed."},
    Item{"scramd_dead_man_left_seconds", "left_ms", "seconds", milli,
         "In so long OKX cancels, unless it is fed."},
};

constexpr std::array link_items{
    Item{"scramd_link_round_trip_seconds", "round_trip_us", "seconds", micro,
         "Round trip of its last rehearsal."},
    Item{"scramd_link_rehearsed_age_seconds", "rehearsed_ms_ago", "seconds", milli,
         "Time since that."},
};

// Of each account that has such a part.
template <std::size_t count>
void add_parts(const std::vector<dom::element>& accounts, std::string_view key,
               const std::array<Item, count>& items, Exposition& out) {
    for (const Item& item : items) {
        out.begin(MetricKind::gauge, item.name, item.unit, item.help);
        for (const dom::element account : accounts)
            if (const auto its = part(account, key))
                out.add(known(*its, item.key, item.per_unit),
                        {{"account", field(account, "name", "")}});
    }
}

void add_links(const std::vector<dom::element>& accounts, Exposition& out) {
    const auto each = [&accounts, &out](auto value) {
        for (const dom::element account : accounts)
            for (const dom::element link : list(account, "links"))
                out.add(value(link), {{"account", field(account, "name", "")},
                                      {"link", field(link, "name", "")}});
    };
    out.begin(MetricKind::gauge, "scramd_link_up", "", "The link to the exchange stands.");
    each([](dom::element link) { return field(link, "phase") == "down" ? 0.0 : 1.0; });
    for (const Item& item : link_items) {
        out.begin(MetricKind::gauge, item.name, item.unit, item.help);
        each([&item](dom::element link) { return known(link, item.key, item.per_unit); });
    }
}

void add_alarms(const std::vector<dom::element>& accounts, Exposition& out) {
    out.begin(MetricKind::gauge, "scramd_alarm", "", "A person must act.");
    for (const dom::element account : accounts) {
        std::vector<std::string> raised;
        for (const dom::element alarm : list(account, "alarms")) raised.push_back(text_of(alarm));
        for (std::size_t i = 1; i < alarm_count; ++i) {
            const std::string alarm(alarm_names[i]);
            const bool is_raised = std::find(raised.begin(), raised.end(), alarm) != raised.end();
            out.add(is_raised ? 1 : 0, {{"account", field(account, "name", "")}, {"alarm", alarm}});
        }
    }
}

void add_dead_men(const std::vector<dom::element>& accounts, Exposition& out) {
    add_parts(accounts, "dead_man", dead_man_items, out);
    out.begin(MetricKind::gauge, "scramd_dead_man_state", "", "State of its dead man's switch.");
    for (const dom::element account : accounts) {
        const auto its = part(account, "dead_man");
        if (!its) continue;
        for (const std::string_view state : dead_man_states)
            out.add(field(*its, "state") == state ? 1 : 0,
                    {{"account", field(account, "name", "")}, {"state", std::string(state)}});
    }
}

void add_values(dom::element status, Exposition& out) {
    const auto each = [&](const char* key, double per_unit) {
        for (const dom::element its : list(status, "values")) {
            dom::object metrics;
            if (its[key].get(metrics) != simdjson::SUCCESS) continue;
            for (const auto [metric, value] : metrics) {
                double number = 0;
                if (value.get(number) == simdjson::SUCCESS)
                    out.add(number / per_unit, {{"family", field(its, "family", "")},
                                                {"metric", std::string(metric)}});
            }
        }
    };
    out.begin(MetricKind::gauge, "scramd_value", "", "What was published, summed over sources.");
    each("sums", 1);
    out.begin(MetricKind::gauge, "scramd_value_age_seconds", "seconds", "Age of its oldest part.");
    each("ages_ms", milli);
}

}  // namespace

void add_accounts(dom::element status, Exposition& out) {
    const auto accounts = list(status, "accounts");
    add_items(accounts, "account", account_items, out);
    add_parts(accounts, "key", key_items, out);
    add_alarms(accounts, out);
    add_links(accounts, out);
    add_dead_men(accounts, out);
}

void add_families(dom::element status, Exposition& out) {
    const auto families = list(status, "families");
    out.begin(MetricKind::gauge, "scramd_family_state", "", "1 for the state that it is in.");
    for (const dom::element family : families)
        for (const std::string_view state : family_states)
            out.add(field(family, "state") == state ? 1 : 0,
                    {{"family", field(family, "name", "")}, {"state", std::string(state)}});
    out.begin(MetricKind::gauge, "scramd_family_latched", "",
              "Its gate is closed: it may not quote.");
    for (const dom::element family : families)
        out.add(field(family, "gate") == "closed" ? 1 : 0, {{"family", field(family, "name", "")}});
    add_items(families, "family", family_items, out);
    out.begin(MetricKind::gauge, "scramd_family_limit_ratio", "ratio",
              "How much of its limit the value has used that is nearest to one.");
    for (const dom::element family : families)
        if (const auto nearest = part(family, "nearest"))
            out.add(known(*nearest, "share"), {{"family", field(family, "name", "")}});
}

void add_rules(dom::element status, Exposition& out) {
    constexpr std::array items{
        Item{"scramd_rule_limit_ratio", "share", "ratio", 1,
             "How much of its limit a rule's value has used, where it is nearest."},
        Item{"scramd_rule_value", "value", "", 1, "That value."},
        Item{"scramd_rule_limit", "limit", "", 1, "Its limit."},
        Item{"scramd_rule_breached", "holds", "", 1, "The rule is in breach."},
        Item{"scramd_rule_values_missing", "waits_for_values", "", 1,
             "Values that the rule needs and that are not known."},
    };
    const auto rules = list(status, "rules");
    for (const Item& item : items) {
        out.begin(MetricKind::gauge, item.name, item.unit, item.help);
        for (const dom::element rule : rules)
            out.add(known(rule, item.key, item.per_unit),
                    {{"rule", field(rule, "rule", "")},
                     {"family", field(rule, "family", "")},
                     {"source", field(rule, "source", "")},
                     {"shadow", flag(rule, "shadow") ? "true" : "false"}});
    }
    add_values(status, out);
}

void add_sources(dom::element status, Exposition& out) {
    constexpr std::array items{
        Item{"scramd_source_expected", "expected", "", 1, "It has to be attached."},
        Item{"scramd_source_signal_age_seconds", "signal_ms_ago", "seconds", milli,
             "Time since its last signal."},
    };
    const auto sources = list(status, "sources");
    out.begin(MetricKind::gauge, "scramd_source_attached", "", "It is attached.");
    for (const dom::element source : sources)
        out.add(field(source, "phase") == "attached" ? 1 : 0,
                {{"source", field(source, "name", "")}});
    add_items(sources, "source", items, out);
}

}  // namespace scram
