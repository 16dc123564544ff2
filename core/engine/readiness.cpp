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
bool is_proven(const KillSight::Account& account) {
    if (account.links_warm > 0) return true;
    return account.links_up > 0 && account.rehearsed != Time{} && fails_rehearsals(account);
}

void look_at(const KillSight& sight, AccountId id, Time now, std::vector<Shortfall>& out) {
    const KillSight::Account& account = sight.accounts[index(id)];
    const auto lacks = [&](Lack lack, milliseconds age = {}) { out.push_back({lack, id, age}); };
    if (!is_proven(account)) {
        lacks(Lack::links);
    } else if (fails_rehearsals(account) ||
               now - account.rehearsed > rehearsals_missed_max * sight.rehearse_every) {
        lacks(Lack::rehearsals, whole_ms(now - account.rehearsed));
    }
    if (account.oldest_signature > signature_age_max)
        lacks(Lack::signatures, account.oldest_signature);
    if (account.refused) lacks(Lack::refused);
    if (account.slots_working < account.slots) lacks(Lack::budget);
    if (account.slots_free == 0) lacks(Lack::slots);
    if (account.held > 0) lacks(Lack::held);
    if (account.unlisted > 0) lacks(Lack::families);
}

bool signs(const KillSight& sight, Time now) {
    const Duration silence_max = signings_missed_max * std::max<Duration>(sight.resign_every, 1s);
    return !sight.signer_gone && now - sight.signer_answered <= silence_max;
}

// By hand: std::stable_partition brings a temporary buffer that C++17 deprecates.
std::vector<Shortfall> disarming_first(const std::vector<Shortfall>& lacking) {
    std::vector<Shortfall> out;
    const auto then = std::back_inserter(out);
    std::ranges::copy_if(lacking, then, disarms, &Shortfall::lack);
    std::ranges::copy_if(lacking, then, std::not_fn(disarms), &Shortfall::lack);
    return out;
}

}  // namespace

std::vector<Shortfall> shortfalls(const KillSight& sight, Time now) {
    std::vector<Shortfall> out;
    for (std::size_t a = 0; a < sight.accounts.size(); ++a)
        look_at(sight, id_at<AccountId>(a), now, out);
    if (!sight.clock_synced || sight.clock_uncertainty > clock_uncertainty_max)
        out.push_back({Lack::clock});
    else if (std::chrono::abs(sight.clock_ahead) > host_clock_off_max)
        out.push_back({Lack::host_clock, none<AccountId>(), sight.clock_ahead});
    if (!sight.journal_writable) out.push_back({Lack::journal});
    if (!signs(sight, now)) out.push_back({Lack::signer});
    if (sight.sources_attached < sight.sources_expected) out.push_back({Lack::sources});
    if (sight.values_unknown > 0) out.push_back({Lack::values});
    return disarming_first(out);
}

bool fails_rehearsals(const KillSight::Account& account) {
    return account.rehearsals_failed > rehearsals_missed_max;
}

bool fires(const std::vector<Shortfall>& lacking) {
    return std::none_of(lacking.begin(), lacking.end(),
                        [](const Shortfall& its) { return disarms(its.lack); });
}

bool wants_a_new_start(const KillSight& sight, Time now) {
    if (signs(sight, now)) return false;
    return std::any_of(sight.accounts.begin(), sight.accounts.end(), [](const auto& account) {
        return account.oldest_signature > signature_age_at_loss;
    });
}

std::string_view name(Lack lack) {
    switch (lack) {
        case Lack::links:
            return "links";
        case Lack::signatures:
            return "signatures";
        case Lack::refused:
            return "refused";
        case Lack::rehearsals:
            return "rehearsals";
        case Lack::slots:
            return "slots";
        case Lack::budget:
            return "budget";
        case Lack::clock:
            return "clock";
        case Lack::journal:
            return "journal";
        case Lack::signer:
            return "signer";
        case Lack::held:
            return "held";
        case Lack::sources:
            return "sources";
        case Lack::values:
            return "values";
        case Lack::host_clock:
            return "host_clock";
        case Lack::families:
            return "families";
    }
    return "?";
}

}  // namespace scram
