// The plan: everything that the engine is told before it starts, complete and checked. config/
// makes it from the operator's file; a test writes it by hand. Ids in it are indices into its own
// vectors.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/ids.h"
#include "core/time.h"

namespace scram {

// Limits with a name. config/ refuses what exceeds them; the engine sizes its memory by them.
inline constexpr std::size_t accounts_max = 16;
inline constexpr std::size_t families_max = 512;
inline constexpr std::size_t sources_max = 1024;
inline constexpr std::size_t metrics_max = 64;
inline constexpr std::size_t rules_max = 1024;
inline constexpr std::size_t links_per_account_max = 8;
inline constexpr std::size_t samples_max = std::size_t{1} << 20;     // sources x families x metrics
inline constexpr std::size_t conditions_max = std::size_t{1} << 18;  // what all rules look at
inline constexpr std::size_t budget_slots_max = 5;  // OKX: 5 requests / 2 s / User ID

// One account's cancel budget: `slots` requests in any `window`.
struct BudgetSpec {
    std::uint8_t slots = budget_slots_max;  // this host's share of the account's five, 1..5
    std::uint8_t reserve = 2;               // slots that only a trip may take, 0..slots-1
    Duration window = 2005ms;               // 2 s, and room for two clocks' difference in rate
    Duration guard = 1000ms;                // added for an attempt that was lost without an answer
};

struct AccountSpec {
    std::string name;  // "mm-1"
    BudgetSpec budget;
    std::uint8_t links = 5;  // 1..links_per_account_max
};

// The order of families in the plan is the order of fire.
struct FamilySpec {
    std::string name;  // "mm-1/BTC-USD": account name, slash, instrument family
    AccountId account{};
    std::string inst_family;  // "BTC-USD"
    milliseconds lock{};      // lockInterval of its mass-cancels, 0..10000 ms (OKX)
};

struct SourceSpec {
    std::string name;
    std::vector<FamilyId> families;  // those it may publish for, ascending
};

enum class RuleKind : std::uint8_t { limit, drawdown, stale, gone, bad };
enum class Bound : std::uint8_t { above, below, beyond };  // value > x, value < x, |value| > x
enum class Over : std::uint8_t { sum, each };              // over sources: their sum, or each alone
enum class Per : std::uint8_t {
    family,
    all
};  // each watched family alone, or the sum of all watched

struct RuleSpec {
    std::string name;
    RuleKind kind{};
    MetricId metric = none<MetricId>();  // limit, drawdown; optional for stale
    std::vector<FamilyId> families;      // watched (limit, drawdown, stale with a metric)
    std::vector<SourceId> sources;       // watched (stale, gone, bad)
    Per per = Per::family;
    Over over = Over::sum;
    Bound bound = Bound::beyond;  // limit
    double limit = 0;             // limit: the bound; drawdown: how far below its peak, > 0
    Duration after{};             // stale: silence that trips, > 0
    // Families that it kills. Empty means: per family, the family that breached; for all, every
    // watched family; for a source's health, every family that the source may publish for.
    std::vector<FamilyId> kills;
};

// When the engine does what it does unasked. All > 0.
struct Timings {
    Duration rehearse_every = 5s;  // per link
    Duration rehearse_gap =
        250ms;  // between any two, of all links: OKX allows 10 in 2 s per address
    Duration answer_timeout = 1s;  // an attempt or rehearsal without an answer: its link is aborted
    Duration retry_first = 100ms;  // 'failed, again': doubles per failure ...
    Duration retry_max = 2s;       // ... up to this
    Duration retry_refused = 5s;   // auth, permission, account mode
};

struct Plan {
    std::vector<AccountSpec> accounts;
    std::vector<FamilySpec> families;
    std::vector<SourceSpec> sources;
    std::vector<std::string> metrics;
    std::vector<RuleSpec> rules;
    Timings timings;
};

}  // namespace scram
