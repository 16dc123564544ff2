// What a start makes of a journal: which families it latches, and why.
#include <algorithm>

#include "core/journal/journal.h"

namespace scram {
namespace {

using Health = Folded::Health;
using Word = Folded::Word;

constexpr std::string_view by_health(Health health) {
    switch (health) {
        case Health::fresh:
        case Health::whole:
        case Health::torn:
            return "scramd ended without a clean shutdown";
        case Health::truncated:
            return "records of the journal are missing";
        case Health::damaged:
            return "the journal is damaged";
        case Health::foreign:
            return "the journal is not one of this version";
        case Health::unread:
            return "the journal could not be read";
    }
    return "?";
}

Standing by_records(const Folded& folded, const std::string& family) {
    const auto found = folded.families.find(family);
    return found == folded.families.end() ? Standing{} : found->second;
}

std::optional<Folded::Word> by_board(const Folded& folded, const std::string& family) {
    const auto found = folded.words.find(family);
    if (found == folded.words.end()) return std::nullopt;
    return found->second;
}

// None: it is armed.
std::optional<Restored::Family> stands(const Folded& folded, FamilyId id, const std::string& name,
                                       AfterCrash after_crash) {
    const Standing known = by_records(folded, name);
    const auto word = by_board(folded, name);
    // A crash between the board's words and the records, or a record that was changed: the words
    // know more.
    const bool is_over = word == Word::accepted || word == Word::held;
    const bool was_held = is_held(known);
    const bool may_know_more = !folded.clean || folded.in_doubt();
    const bool sent_more = may_know_more && word && !is_over && !(was_held && *word == Word::armed);
    // What was held is, like what was armed, cancelled only if the config says so.
    const bool lost_more = folded.in_doubt() && (!was_held || after_crash == AfterCrash::fire);
    if (known.latched) {
        const bool unfinished = known.unfinished || sent_more || lost_more;
        return Restored::Family{id, known.trip, unfinished, known.accepted && !unfinished,
                                known.trip == TripId{} ? by_health(folded.health) : ""};
    }
    if (known.unfinished)
        return Restored::Family{id, known.trip, true, false,
                                "armed again before its cancel was accepted"};
    if (word && *word != Word::armed)
        return Restored::Family{id, {}, !is_over, word == Word::accepted, "its gate was closed"};
    if (folded.clean && !folded.in_doubt()) return std::nullopt;
    if (!folded.in_doubt() && after_crash == AfterCrash::armed) return std::nullopt;
    return Restored::Family{
        id, {}, after_crash == AfterCrash::fire, false, by_health(folded.health)};
}

std::vector<Budget::Image> budgets_of(const Folded& folded, const Plan& plan) {
    if (folded.budgets_known && folded.budgets.empty()) return {};
    Budget::Image spent;
    spent.fill(never);
    std::vector<Budget::Image> out;
    for (const AccountSpec& account : plan.accounts) {
        const auto found = folded.budgets.find(account.name);
        if (found != folded.budgets.end()) {
            out.push_back(found->second);
        } else {
            out.push_back(folded.budgets_known ? Budget::Image{} : spent);
        }
    }
    return out;
}

}  // namespace

Restored restored(const Folded& folded, const Plan& plan, AfterCrash after_crash) {
    Restored out;
    for (std::size_t f = 0; f < plan.families.size(); ++f) {
        const auto family = stands(folded, id_at<FamilyId>(f), plan.families[f].name, after_crash);
        if (family) out.latched.push_back(*family);
    }
    out.last_trip = folded.last_trip;
    out.last_attempt = folded.last_attempt;
    out.budgets = budgets_of(folded, plan);
    return out;
}

std::vector<std::string> left_out(const Folded& folded, const Plan& plan) {
    std::vector<std::string> out;
    for (const auto& [name, standing] : folded.families) {
        const bool planned =
            std::any_of(plan.families.begin(), plan.families.end(),
                        [&name](const FamilySpec& family) { return family.name == name; });
        if (!planned && (standing.latched || standing.unfinished)) out.push_back(name);
    }
    return out;
}

}  // namespace scram
