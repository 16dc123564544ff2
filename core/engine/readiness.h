// Ready to kill: would a breach be fired this moment, at its best? The one truth behind
// `scramctl ready`, the service's status line and the status.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "core/base/ids.h"
#include "core/base/names.h"
#include "core/base/time.h"
#include "core/engine/host_watch.h"

namespace scram {

// What the daemon sees of itself.
struct ReadinessInput {
    struct Account {
        std::size_t links_up = 0;
        std::size_t links_warm = 0;           // up, and have answered a rehearsal
        double up_share = 1;                  // of the last minute, with a link that was up
        std::uint32_t rehearsals_failed = 0;  // in a row
        Time rehearsed{};  // the latest good answer to one, on any link; Time{}: none
        milliseconds oldest_signature{};  // of its armed requests
        std::size_t slots = 0;            // of its budget
        std::size_t slots_working = 0;    // see Budget
        std::size_t slots_free = 0;
        bool refused = false;  // Alarm::refused is raised
        // What the exchange told by authenticated calls.
        bool key_refused = false, no_permission = false, wrong_mode = false;
        Time proven{};             // the latest good one; Time{}: none
        milliseconds drill_age{};  // since the last verified drill; negative: none is known
        std::size_t held = 0;      // families that are latched and were not cancelled
        std::size_t unlisted = 0;  // families that the exchange does not list
        FamilyId first_unlisted = none<FamilyId>();
        FamilyId first_held = none<FamilyId>();
    };
    std::vector<Account> accounts;       // by AccountId
    milliseconds drill_age_max{};        // 0: no drills are asked for
    Duration account_check{};            // each link makes such a call in so long; 0: none does
    std::vector<HostWatch::Host> hosts;  // the names of the exchange
    Duration rehearse_every{};           // of each link
    bool clock_synced = false;           // the exchange has told its time
    Duration clock_uncertainty{};        // known to +- this
    milliseconds clock_ahead{};          // the exchange's clock, of this host's
    std::size_t sources_expected = 0;
    std::size_t sources_attached = 0;  // of those
    std::size_t values_unknown = 0;    // of families by source, that rules look at
    bool journal_writable = true;      // trips are on the disk, or on their way
    bool signer_gone = false;          // it has ended, and no other comes
    Time signer_answered{};            // when it signed last
    Duration resign_every{};           // of each request
};

enum class NotReadyReason : std::uint8_t {
    links,       // none of the account is warm
    signatures,  // the exchange refuses what was signed so long ago
    refused,     // the exchange refuses the account's cancels: key, permission, account mode
    key,         // it refuses every authenticated call
    permission,  // the key may not trade
    mode,        // the account is not in portfolio margin
    unproven,    // no authenticated call was answered well for long
    rehearsals,  // none of the account's has been answered well for long, or of the last few
    slots,       // each is taken: the next cancel waits
    budget,      // somebody else spends it: fewer slots than the plan has
    clock,       // signatures may carry a time that the exchange refuses
    journal,     // what trips now may be armed after a loss of power
    signer,      // gone, or silent: signatures grow old
    held,        // families are latched by a start, and not cancelled
    sources,     // an expected one is not attached: no breach of its is seen
    values,      // a rule looks at what has not been published since the start
    host_clock,  // this host's is far from the exchange's: a start and certificates go by it
    families,    // some are not listed by the exchange: nothing of theirs can be cancelled
    hosts,       // a name of the exchange does not answer, while another does
    drill,       // no drill of the account was verified for long
};
inline constexpr std::array<std::string_view, 20> not_ready_reason_names = {
    "links",      "signatures", "refused",    "key",      "permission", "mode",   "unproven",
    "rehearsals", "slots",      "budget",     "clock",    "journal",    "signer", "held",
    "sources",    "values",     "host_clock", "families", "hosts",      "drill"};
static_assert(names_all<NotReadyReason>(not_ready_reason_names));
inline constexpr std::size_t not_ready_reasons = not_ready_reason_names.size();
inline std::string_view name(NotReadyReason reason) {
    return name_in(not_ready_reason_names, reason);
}
// A breach would cancel nothing; with the others it would, late or for the last time.
constexpr bool disarms(NotReadyReason reason) {
    return reason == NotReadyReason::links || reason == NotReadyReason::signatures ||
           reason == NotReadyReason::refused || reason == NotReadyReason::key ||
           reason == NotReadyReason::permission || reason == NotReadyReason::mode;
}

struct NotReady {
    NotReadyReason reason{};
    AccountId account = none<AccountId>();  // none: it is the daemon's
    // drill: since the last one, negative: none; signatures: of the oldest; rehearsals, unproven:
    // of the latest; host_clock: behind; hosts: how long it has been silent
    milliseconds age{};
    std::size_t host = 0;  // hosts: which
};

// OKX refuses a request whose timestamp is 30 s off (code 50102). It must still reach them.
inline constexpr milliseconds signature_age_max = 25s;
inline constexpr Duration clock_uncertainty_max = 5s;
// Well before what OKX refuses, for what goes by this host's clock.
inline constexpr milliseconds host_clock_off_max = 10s;
// Its links connect again all the time; what is over within this is a loss like any other.
inline constexpr Duration host_silent_max = 10s;
// At a kill, a newer one is waited for, though not for long.
inline constexpr milliseconds signature_age_young = 15s;
// Without a signer, only a new start makes others.
inline constexpr milliseconds signature_age_at_loss = 20s;
inline constexpr int signings_missed_max = 3;
// Each link proves the key in its turn; so many rounds of them may fail.
inline constexpr int account_checks_missed_max = 3;
// A link is rehearsed each rehearse_every; so many may fail or be delayed.
inline constexpr std::uint32_t rehearsals_missed_max = 3;

// Those that disarm first. Empty: ready.
std::vector<NotReady> not_ready(const ReadinessInput& sight, Time now);
bool fires(const std::vector<NotReady>& reasons);
// A breach of this account alone.
bool fires(const std::vector<NotReady>& reasons, AccountId account);
// Links come up, and rehearsals end or stay silent: something on the way may stop them alone.
bool fails_rehearsals(const ReadinessInput::Account& account);
// Nobody signs, and signatures are about to be too old: whoever supervises scramd starts it again.
bool needs_restart(const ReadinessInput& sight, Time now);

}  // namespace scram
