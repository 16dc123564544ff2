// When each family's mass-cancel leaves if everything trips at once: the order is risk policy, and
// the operator reads it here before it matters.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "config/config.h"

namespace scram {
namespace {

std::vector<std::string_view> families_of(const Plan& plan, AccountId account) {
    std::vector<std::string_view> names;
    for (const auto& family : plan.families) {
        if (family.account == account) names.push_back(family.inst_family);
    }
    return names;
}

std::string burst(const std::vector<std::string_view>& families, std::size_t first,
                  const BudgetSpec& budget) {
    const auto last = std::min(first + budget.slots, families.size());
    const auto window_s = std::chrono::duration<double>{budget.window}.count();
    const auto start_s = window_s * static_cast<double>(first / budget.slots);
    const auto begin = families.begin();
    return fmt::format("{} at {} ({})", last - first,
                       first == 0 ? "0 s" : fmt::format("+{:.1f} s", start_s),
                       fmt::join(begin + static_cast<std::ptrdiff_t>(first),
                                 begin + static_cast<std::ptrdiff_t>(last), ", "));
}

// One attempt is in flight per link, so a burst that is wider than the links leaves in turns.
std::string cost_of_few_links(const AccountSpec& account, std::size_t families) {
    const auto widest = std::min<std::size_t>(account.budget.slots, families);
    if (account.links >= widest) return {};
    const auto turns = (widest - 1) / account.links;
    return fmt::format("; {} link{}: {} leave{} at once, the last of a burst {} round trip{} later",
                       account.links, account.links == 1 ? "" : "s", account.links,
                       account.links == 1 ? "s" : "", turns, turns == 1 ? "" : "s");
}

std::string dead_man_text(const AccountSpec& account) {
    if (!account.dead_man) return {};
    const std::string sweeps =
        account.dead_man->tag.empty()
            ? "everything of the account"
            : fmt::format("everything of the account that carries the tag {}",
                          account.dead_man->tag);
    return fmt::format(
        "{}: OKX cancels {}, also hedges and futures, once it is not fed for {} s (dead_man)\n",
        account.name, sweeps, account.dead_man->timeout_s);
}

}  // namespace

std::string plan_of_fire(const Plan& plan) {
    std::string text;
    for (std::size_t i = 0; i < plan.accounts.size(); ++i) {
        const auto& account = plan.accounts[i];
        const auto families = families_of(plan, id_at<AccountId>(i));
        std::vector<std::string> bursts;
        for (std::size_t first = 0; first < families.size(); first += account.budget.slots)
            bursts.push_back(burst(families, first, account.budget));
        text += fmt::format("{}: {} famil{}: {}{}\n", account.name, families.size(),
                            families.size() == 1 ? "y" : "ies", fmt::join(bursts, ", "),
                            cost_of_few_links(account, families.size()));
        text += dead_man_text(account);
    }
    return text;
}

}  // namespace scram
