#include "core/engine/account_checks.h"

#include <algorithm>
#include <utility>

namespace scram {
namespace {

// MMP settings change when a person changes them.
constexpr Duration mmp_every = 3600s;
constexpr Duration mmp_again = 60s;

}  // namespace

AccountChecks::AccountChecks(const Plan& plan, Accounts& accounts, Links& links,
                             ExchangeCalls& calls)
    : plan_(plan),
      accounts_(accounts),
      links_(links),
      calls_(calls),
      due_(links.size()),
      accounts_known_(plan.accounts.size()),
      families_(plan.families.size()) {
    for (std::size_t f = 0; f < plan.families.size(); ++f) {
        auto& known = accounts_known_[index(plan.families[f].account)];
        known.families.push_back(id_at<FamilyId>(f));
    }
}

// What it was on before proves nothing of the new connection.
void AccountChecks::link_came_up(LinkId id, Time now) {
    due_[index(id)] = now;
}

// ---- What is asked ------------------------------------------------------------------------------

void AccountChecks::begin_due(Time now, Step& step) {
    if (!plan_.account_checks) return;
    for (std::size_t a = 0; a < accounts_known_.size(); ++a) {
        const auto id = id_at<AccountId>(a);
        if (accounts_known_[a].asked || accounts_known_[a].not_before > now) continue;
        if (!check_link(id, now, step)) ask_for_mmp(id, now, step);
    }
}

// One at a time; the link that waits longest.
bool AccountChecks::check_link(AccountId id, Time now, Step& step) {
    LinkId first = none<LinkId>();
    for (const LinkId link : links_.of(id)) {
        if (due_[index(link)] > now || !calls_.may_use(link, now)) continue;
        if (first == none<LinkId>() || due_[index(link)] < due_[index(first)]) first = link;
    }
    const bool may =
        first != none<LinkId>() && calls_.next_take(id, PrivateRequest::account_config, now) <= now;
    if (!may) return false;
    calls_.begin({.what = PrivateRequest::account_config, .account = id, .link = first}, now, step);
    accounts_known_[index(id)].asked = true;
    return true;
}

// Of each family in turn, once the key is known to be taken.
void AccountChecks::ask_for_mmp(AccountId id, Time now, Step& step) {
    AccountKnown& known = accounts_known_[index(id)];
    if (known.families.empty() || !known.truth.facts) return;
    const FamilyId family = known.families[known.turn];
    if (families_[index(family)].next > now) return;
    const LinkId link = calls_.link_for(id, now);
    if (link == none<LinkId>() || calls_.next_take(id, PrivateRequest::mmp_config, now) > now)
        return;
    calls_.begin(
        {.what = PrivateRequest::mmp_config, .account = id, .family = family, .link = link}, now,
        step);
    known.asked = true;
    known.turn = (known.turn + 1) % known.families.size();
}

Time AccountChecks::next_deadline(Time now) const {
    Time next = never;
    if (!plan_.account_checks) return next;
    const auto also = [&](Time at) {
        if (at > now) next = std::min(next, at);
    };
    for (std::size_t a = 0; a < accounts_known_.size(); ++a) {
        const AccountKnown& known = accounts_known_[a];
        const auto id = id_at<AccountId>(a);
        if (known.asked) continue;
        // What is due already and may not begin now follows when what is in its way ends.
        const auto ask = [&](PrivateRequest what, Time at) {
            also(std::max({at, known.not_before, calls_.next_take(id, what, now)}));
        };
        for (const LinkId link : links_.of(id)) {
            if (links_[link].phase() == LinkPhase::idle)
                ask(PrivateRequest::account_config, due_[index(link)]);
        }
        if (!known.families.empty() && known.truth.facts)
            ask(PrivateRequest::mmp_config, families_[index(known.families[known.turn])].next);
    }
    return next;
}

// ---- What is told -------------------------------------------------------------------------------

void AccountChecks::told(LinkId link, const Told<AccountFacts>& told, Time now, Step& step) {
    const AccountId id = links_[link].account();
    AccountKnown& known = accounts_known_[index(id)];
    known.asked = false;
    known.truth.answer = told.answer;
    known.truth.told = now;
    raise(id, told, now, step);
    if (!told.facts) {
        known.not_before = now + plan_.timings.retry_refused;
        return;
    }
    known.truth.facts = told.facts;
    known.truth.proven = now;
    // Each link has its turn in time, though others have theirs at the same moment.
    due_[index(link)] = now + plan_.timings.account_check * 3 / 4;
}

void AccountChecks::raise(AccountId id, const Told<AccountFacts>& told, Time now, Step& step) {
    const AnswerClass answer_class = told.answer.answer_class;
    if (answer_class == AnswerClass::refused)
        accounts_.set(id, Alarm::key_refused, true, now, step, told.answer);
    if (!told.facts) return;
    const AccountFacts& facts = *told.facts;
    accounts_.set(id, Alarm::key_refused, false, now, step, told.answer);
    accounts_.set(id, Alarm::no_permission, !facts.may_trade, now, step);
    accounts_.set(id, Alarm::wrong_mode, facts.mode != portfolio_margin, now, step);
    accounts_.set(id, Alarm::key_unbound, !facts.bound_to_ip, now, step);
}

void AccountChecks::told(LinkId link, const Told<MmpFacts>& told, Time now, Step& step) {
    const FamilyId id = links_[link].call().family;
    accounts_known_[index(links_[link].account())].asked = false;
    FamilyKnown& family = families_[index(id)];
    family.next = now + (told.facts ? mmp_every : mmp_again);
    if (!told.facts) return;
    const Mmp mmp = told.facts->frozen ? Mmp::frozen : told.facts->on ? Mmp::on : Mmp::off;
    if (std::exchange(family.mmp, mmp) == mmp) return;
    step.events.push_back({.kind = EventKind::mmp_told, .at = now, .family = id, .mmp = mmp});
}

void AccountChecks::no_answer(LinkId link, Time now) {
    const AccountId id = links_[link].account();
    AccountKnown& known = accounts_known_[index(id)];
    known.asked = false;
    known.not_before = now + plan_.timings.retry_max;
    const Call& call = links_[link].call();
    if (call.what == PrivateRequest::mmp_config)
        families_[index(call.family)].next = now + mmp_again;
}

}  // namespace scram
