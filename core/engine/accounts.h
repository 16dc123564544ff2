// What the exchange grants each account: its cancel budget; and the alarms that say where it does
// not, which a person must put right.
#pragma once

#include <array>
#include <vector>

#include "core/engine/budget.h"
#include "core/model/events.h"
#include "core/model/plan.h"

namespace scram {

class Accounts {
  public:
    explicit Accounts(const Plan& plan);

    Budget& budget(AccountId id) { return accounts_[index(id)].budget; }
    const Budget& budget(AccountId id) const { return accounts_[index(id)].budget; }
    bool is_raised(AccountId id, Alarm alarm) const {
        return accounts_[index(id)].alarms[static_cast<std::size_t>(alarm)];
    }

    // What an attempt's answer says of them.
    void count(AccountId id, Budget::Slot slot, const Answer& answer, Time now, Step& step);
    // Raised or over; told when that is new, with what it is about.
    void set(AccountId id, Alarm alarm, bool raised, Time now, Step& step,
             const Answer& answer = {}, FamilyId family = none<FamilyId>());
    // Somebody else may spend a budget no more.
    void clear_shared(Time now, Step& step);
    // When it may be so.
    Time next_deadline(Time now) const;

    // At a start: what a process before this one has spent.
    void restore(const std::vector<Budget::Image>& budgets, Time now);
    // A reload.
    void change(const Plan& plan);

    // Reads what a kill reads, one row a turn.
    void touch(std::size_t turn) const;

  private:
    struct Account {
        Budget budget;
        std::array<bool, alarm_count> alarms{};  // those that are raised
    };
    std::vector<Account> accounts_;
};

}  // namespace scram
