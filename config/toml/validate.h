// What joins two fields of the file, each in one function. One field's own type and range are
// checked where it is read.
#pragma once

#include "config/toml/section.h"

namespace scram::config {

void check_reserve_below_share(Section& budget, const BudgetSpec& spec);
void check_reconnect_order(Section& exchange, const ExchangeConfig& config);
// A name that no link speaks to would look like one that guards.
void check_hosts_have_links(Section& top, const Config& config);
void check_frames(Section& wire, const WireConfig& config);
void check_retry_order(Section& timings, const Timings& spec);
void check_paths_differ(Section& paths, const Paths& config);
void check_one_bound(Section& rule, int bounds);
void check_beyond_positive(Section& rule, const RuleSpec& spec);
// Steps ascend between the start and the end of the limit.
void check_warn_steps(Section& rule, const RuleSpec& spec);
// A limit of 0, or on the other side of it, has no shares.
void check_warn_has_share(Section& rule, const RuleSpec& spec);
// Divergence is of two metrics, or of two sources.
void check_two_sides(Section& rule, const RuleSpec& spec, const Plan& plan);
void check_families_have_metric(Section& rule);
void check_can_trip(Section& rule, const RuleSpec& spec, const Plan& plan);

// Two of one kind with one name.
void check_name_is_new(Document& document, const Text& name, std::string_view what,
                       const std::vector<std::string_view>& earlier);
void check_credentials_differ(Section& account, const Config& config);
void check_account_has_family(Section& account, AccountId id, const Plan& plan);
void check_samples(Section& top, const Plan& plan);
void check_conditions(Section& top, const Plan& plan);
void check_windows(Section& top, const Plan& plan);
void check_warnings(Section& top, const Plan& plan);

}  // namespace scram::config
