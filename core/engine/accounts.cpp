#include "core/engine/accounts.h"

#include <algorithm>
#include <utility>

#include "core/base/prefetch.h"

namespace scram {

Accounts::Accounts(const Plan& plan) {
    for (const AccountSpec& spec : plan.accounts) accounts_.push_back({Budget(spec.budget)});
}

void Accounts::count(AccountId id, Budget::Slot slot, const Answer& answer, Time now, Step& step) {
    Budget& budget = accounts_[index(id)].budget;
    switch (answer.answer_class) {
        case AnswerClass::throttled:
            if (budget.throttled(slot, now)) set(id, Alarm::budget_shared, true, now, step);
            return;
        case AnswerClass::refused:
            set(id, Alarm::refused, true, now, step);
            break;
        case AnswerClass::accepted:
        case AnswerClass::nothing_left:
            set(id, Alarm::refused, false, now, step);
            break;
        case AnswerClass::failed:
        case AnswerClass::ambiguous:
        case AnswerClass::clock:
            break;
    }
    if (is_final(answer)) {
        budget.answered(slot, now);
    } else {
        budget.undecided(slot, now);
    }
}

void Accounts::clear_shared(Time now, Step& step) {
    for (std::size_t a = 0; a < accounts_.size(); ++a) {
        const Budget& budget = accounts_[a].budget;
        if (budget.working_slots(now) == budget.slots())
            set(id_at<AccountId>(a), Alarm::budget_shared, false, now, step);
    }
}

Time Accounts::next_deadline(Time now) const {
    Time next = never;
    for (const Account& account : accounts_) {
        if (account.alarms[static_cast<std::size_t>(Alarm::budget_shared)])
            next = std::min(next, account.budget.next_regain(now));
    }
    return next;
}

void Accounts::set(AccountId id, Alarm alarm, bool raised, Time now, Step& step,
                   const Answer& answer, FamilyId family) {
    bool& its = accounts_[index(id)].alarms[static_cast<std::size_t>(alarm)];
    if (std::exchange(its, raised) == raised) return;
    step.events.push_back({.kind = raised ? EventKind::alarm_raised : EventKind::alarm_cleared,
                           .at = now,
                           .family = family,
                           .account = id,
                           .alarm = alarm,
                           .answer = answer});
}

void Accounts::restore(const std::vector<Budget::Image>& budgets, Time now) {
    for (std::size_t a = 0; a < budgets.size(); ++a) {
        accounts_[a].budget.restore(budgets[a], now);
    }
}

void Accounts::change(const Plan& plan) {
    for (std::size_t a = 0; a < accounts_.size(); ++a) {
        accounts_[a].budget.change(plan.accounts[a].budget);
    }
}

void Accounts::touch(std::size_t turn) const {
    touch_one(accounts_, turn);
}

}  // namespace scram
