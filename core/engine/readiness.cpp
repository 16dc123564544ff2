#include "core/engine/readiness.h"

#include <algorithm>
#include <functional>
#include <iterator>

namespace scram {
namespace {

milliseconds whole_ms(Duration duration) {
    return std::chrono::floor<milliseconds>(duration);
}

// Something that is up has answered; or what is up has not, though others had before rehearsals
// began to fail: a cancel may pass all the same.
bool is_proven(const ReadinessInput::Account& account) {
    if (account.links_warm > 0) return true;
    return account.links_up > 0 && account.rehearsed != Time{} && fails_rehearsals(account);
}

void look_at(const ReadinessInput& sight, AccountId id, Time now, std::vector<NotReady>& out) {
    const ReadinessInput::Account& account = sight.accounts[index(id)];
    const auto add = [&](NotReadyReason reason, milliseconds age = {}) {
        out.push_back({reason, id, age});
    };
    if (!is_proven(account)) {
        add(NotReadyReason::links);
    } else if (fails_rehearsals(account) ||
               now - account.rehearsed > rehearsals_missed_max * sight.rehearse_every) {
        add(NotReadyReason::rehearsals, whole_ms(now - account.rehearsed));
    }
    if (account.oldest_signature > signature_age_max)
        add(NotReadyReason::signatures, account.oldest_signature);
    if (account.refused) add(NotReadyReason::refused);
    if (account.key_refused) add(NotReadyReason::key);
    if (account.no_permission) add(NotReadyReason::permission);
    if (account.wrong_mode) add(NotReadyReason::mode);
    const bool checked = sight.account_check > Duration{} && !account.key_refused;
    if (checked && (account.proven == Time{} ||
                    now - account.proven > account_checks_missed_max * sight.account_check))
        add(NotReadyReason::unproven,
            account.proven == Time{} ? 0ms : whole_ms(now - account.proven));
    if (account.slots_working < account.slots) add(NotReadyReason::budget);
    if (account.slots_free == 0) add(NotReadyReason::slots);
    if (account.held > 0) add(NotReadyReason::held);
    if (account.unlisted > 0) add(NotReadyReason::families);
    const bool drilled = account.drill_age >= 0ms && account.drill_age <= sight.drill_age_max;
    if (sight.drill_age_max > 0ms && !drilled) add(NotReadyReason::drill, account.drill_age);
}

// Where no name works, the accounts say that they have no links.
void look_at_hosts(const ReadinessInput& sight, Time now, std::vector<NotReady>& out) {
    const auto works = [](const HostWatch::Host& host) {
        return host.links > 0 && host.silent_since == never;
    };
    if (std::none_of(sight.hosts.begin(), sight.hosts.end(), works)) return;
    for (std::size_t h = 0; h < sight.hosts.size(); ++h) {
        const HostWatch::Host& host = sight.hosts[h];
        if (host.links == 0 || works(host) || now - host.silent_since <= host_silent_max) continue;
        out.push_back(
            {NotReadyReason::hosts, none<AccountId>(), whole_ms(now - host.silent_since), h});
    }
}

bool signs(const ReadinessInput& sight, Time now) {
    const Duration silence_max = signings_missed_max * std::max<Duration>(sight.resign_every, 1s);
    return !sight.signer_gone && now - sight.signer_answered <= silence_max;
}

// By hand: std::stable_partition brings a temporary buffer that C++17 deprecates.
std::vector<NotReady> disarming_first(const std::vector<NotReady>& reasons) {
    std::vector<NotReady> out;
    const auto then = std::back_inserter(out);
    std::ranges::copy_if(reasons, then, disarms, &NotReady::reason);
    std::ranges::copy_if(reasons, then, std::not_fn(disarms), &NotReady::reason);
    return out;
}

}  // namespace

std::vector<NotReady> not_ready(const ReadinessInput& sight, Time now) {
    std::vector<NotReady> out;
    for (std::size_t a = 0; a < sight.accounts.size(); ++a)
        look_at(sight, id_at<AccountId>(a), now, out);
    look_at_hosts(sight, now, out);
    if (!sight.clock_synced || sight.clock_uncertainty > clock_uncertainty_max)
        out.push_back({NotReadyReason::clock});
    else if (std::chrono::abs(sight.clock_ahead) > host_clock_off_max)
        out.push_back({NotReadyReason::host_clock, none<AccountId>(), sight.clock_ahead});
    if (!sight.journal_writable) out.push_back({NotReadyReason::journal});
    if (!signs(sight, now)) out.push_back({NotReadyReason::signer});
    if (sight.sources_attached < sight.sources_expected) out.push_back({NotReadyReason::sources});
    if (sight.values_unknown > 0) out.push_back({NotReadyReason::values});
    return disarming_first(out);
}

bool fails_rehearsals(const ReadinessInput::Account& account) {
    return account.rehearsals_failed > rehearsals_missed_max;
}

bool fires(const std::vector<NotReady>& reasons) {
    return std::none_of(reasons.begin(), reasons.end(),
                        [](const NotReady& its) { return disarms(its.reason); });
}

bool fires(const std::vector<NotReady>& reasons, AccountId account) {
    return std::none_of(reasons.begin(), reasons.end(), [account](const NotReady& its) {
        const bool is_its = its.account == account || its.account == none<AccountId>();
        return is_its && disarms(its.reason);
    });
}

bool needs_restart(const ReadinessInput& sight, Time now) {
    if (signs(sight, now)) return false;
    return std::any_of(sight.accounts.begin(), sight.accounts.end(), [](const auto& account) {
        return account.oldest_signature > signature_age_at_loss;
    });
}

}  // namespace scram
