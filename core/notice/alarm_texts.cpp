#include "core/notice/alarm_texts.h"

namespace scram {
namespace {

struct AlarmTexts {
    Severity severity;
    std::string_view meaning;
    std::string_view what_to_do;
};

constexpr std::array<AlarmTexts, alarm_count> alarm_texts = {{
    {Severity::warning, "an alarm of a later version", "See: scramctl status."},
    {Severity::warning, "another client spends the rate limit of its cancels",
     "Find the client that sends mass-cancels with this account, and stop it or set `share`."},
    {Severity::critical, "OKX refuses its cancels (key, permission or account mode)",
     "Cancel by hand at OKX if quotes rest; then correct the key: scramctl status --details."},
    {Severity::critical, "OKX refuses its key",
     "Check the key, passphrase, its addresses and this host's clock: scramctl status --details."},
    {Severity::critical, "its key may not trade, so nothing would be cancelled",
     "Give the key the permission to trade at OKX."},
    {Severity::critical, "it is not in portfolio margin, which a mass-cancel needs",
     "Set the account mode at OKX."},
    {Severity::warning, "its key is bound to no address, so OKX ends it after 14 idle days",
     "Bind the key to this host's address at OKX."},
    {Severity::critical, "a trip is not verified: orders may rest",
     "Look at its open orders at OKX now; see: scramctl status --details."},
    {Severity::critical, "the dead man's switch is not fed in time, or by another client as well",
     "See: scramctl dead-man."},
}};

// Of a number that a later version may have written as well.
const AlarmTexts& texts_about(Alarm alarm) {
    const auto at = static_cast<std::size_t>(alarm);
    return alarm_texts[at < alarm_texts.size() ? at : 0];
}

}  // namespace

Severity severity_of(Alarm alarm) {
    return texts_about(alarm).severity;
}

std::string_view meaning_of(Alarm alarm) {
    return texts_about(alarm).meaning;
}

std::string_view what_to_do(Alarm alarm) {
    return texts_about(alarm).what_to_do;
}

}  // namespace scram
