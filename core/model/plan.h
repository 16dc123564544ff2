// The plan: everything that the engine is told before it starts, complete and checked. config/
// makes it from the operator's file; a test writes it by hand. Ids in it are indices into its own
// vectors.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/base/ids.h"
#include "core/base/time.h"

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
inline constexpr std::size_t windows_max = std::size_t{1} << 14;     // those over a rolling window
inline constexpr std::size_t warn_steps_max = 4;
inline constexpr std::size_t warnings_max = std::size_t{1} << 12;  // those that warn x their steps
inline constexpr std::size_t budget_slots_max = 5;  // OKX: 5 requests / 2 s / User ID

// One account's cancel budget: `slots` requests in any `window`.
struct BudgetSpec {
    std::uint8_t slots = budget_slots_max;  // this host's share of the account's five, 1..5
    std::uint8_t reserve = 2;               // slots that only a trip may take, 0..slots-1
    Duration window = 2005ms;               // 2 s, and room for two clocks' difference in rate
    Duration guard = 1000ms;                // added for an attempt that was lost without an answer
};

// OKX's cancel-all-after: once it is fed no more, the exchange cancels by itself. Without a tag it
// sweeps everything of the account, also hedges and futures.
struct DeadMan {
    // What becomes of it at a planned stop: it gets 120 s once, for the next start; or it is ended.
    enum class OnStop : std::uint8_t { leave, disarm };
    std::uint8_t timeout_s = 30;  // 10..120
    std::string tag;              // up to 16 letters and digits
    OnStop on_stop = OnStop::leave;
};

// Who arms its families again.
struct RearmSpec {
    std::uint8_t persons = 1;  // 2: what one asks for waits for another
    Duration within = 300s;    // ... so long
};

struct AccountSpec {
    std::string name;  // "mm-1"
    BudgetSpec budget;
    std::uint8_t links = 5;  // 1..links_per_account_max
    std::optional<DeadMan> dead_man{};
    RearmSpec rearm{};
};

// The order of families in the plan is the order of fire.
struct FamilySpec {
    std::string name;  // "mm-1/BTC-USD": account name, slash, instrument family
    AccountId account{};
    std::string inst_family;   // "BTC-USD"
    milliseconds lock{};       // lockInterval of its mass-cancels, 0..10000 ms (OKX)
    bool hold = false;         // while it is latched, the exchange's lock is renewed before it ends
    bool cancel_rest = false;  // its orders that a mass-cancel leaves are cancelled as well
};

struct SourceSpec {
    std::string name;
    std::vector<FamilyId> families;  // those it may publish for, ascending
    // It is to be there, and publishing, whenever scramd guards: while it has published nothing,
    // what it would have published is not known. config/ decides what the default is.
    bool expected = false;
};

enum class RuleKind : std::uint8_t {
    limit,       // a value is beyond a bound
    drawdown,    // a value fell more than `limit` from its peak
    change,      // a value moved more than `limit` within a window, up or down
    count,       // a running total rose by more than `limit` within a window
    divergence,  // two metrics, or two sources' values of one, differ by more than `limit`
    stale,       // a source or a metric was silent
    gone,        // a source vanished without goodbye
    bad,         // a source wrote what cannot be right
};
enum class Bound : std::uint8_t { above, below, beyond };  // value > x, value < x, |value| > x
enum class Over : std::uint8_t { sum, each };              // over sources: their sum, or each alone
enum class Per : std::uint8_t {
    family,
    all
};  // each watched family alone, or the sum of all watched

struct RuleSpec {
    std::string name;
    RuleKind kind{};
    MetricId metric = none<MetricId>();        // of a value; optional for stale
    MetricId other_metric = none<MetricId>();  // divergence of two metrics
    std::vector<FamilyId> families;            // watched (rules of values, stale with a metric)
    std::vector<SourceId> sources;  // watched (stale, gone, bad); divergence of two sources: both
    Per per = Per::family;
    Over over = Over::sum;
    Bound bound = Bound::beyond;  // limit
    double limit = 0;             // limit: the bound; the others: how far, > 0
    Duration after{};             // stale: silence that trips, > 0
    Duration within{};            // change, count: their window, > 0; drawdown: 0 is since arming
    // A rule of a value trips when its condition has held for `hold_for` without a break, and in
    // `confirm` samples in a row.
    Duration hold_for{};
    std::uint32_t confirm = 1;
    std::vector<double> warn;  // shares of the limit that warn, ascending, each > 0 and < 1
    bool shadow = false;       // told as "would have fired", never fires
    std::optional<milliseconds>
        lock;  // lockInterval of the cancels that it causes, not the family's
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
    // An attempt without an answer is hedged on another link: after this at least, and later where
    // the measured round trips are longer.
    Duration hedge_min = 100ms;
    Duration retry_first = 100ms;  // 'failed, again': doubles per failure ...
    Duration retry_max = 2s;       // ... up to this
    Duration retry_refused = 5s;   // auth, permission, account mode
    // After a start, a source that was attached when scramd ended has so long to come back; then it
    // has vanished.
    Duration reattach_within = 10s;
    // After the start: how long the first values of a sum wait for those of the sources that are
    // expected, before it is judged without them. 0: not at all.
    Duration sum_wait = 1s;
    Duration account_check = 60s;    // each link makes an authenticated call once in so long
    Duration unverified_after = 5s;  // a trip that the exchange's book does not bear out by then
};

// What a start does with families that were armed when scramd ended without saying so, or whose
// record is damaged: some of its last moments may be unknown. What was latched stays latched.
enum class AfterCrash : std::uint8_t {
    latched,  // latches them; a person looks and arms again
    fire,     // latches and cancels them
    armed,    // arms them, unless the record is damaged: then latches them
};

struct Plan {
    std::vector<AccountSpec> accounts;
    std::vector<FamilySpec> families;
    std::vector<SourceSpec> sources;
    std::vector<std::string> metrics;
    std::vector<RuleSpec> rules;
    Timings timings;
    AfterCrash after_crash = AfterCrash::latched;
    // Authenticated reads, which want somebody who signs them as they are made: trips are verified;
    // and accounts are checked.
    bool reads = false;
    bool account_checks = false;
};

}  // namespace scram
