#include "core/engine/looks.h"

#include <algorithm>
#include <utility>

namespace scram {

Looks::Looks(const Plan& plan, const std::vector<KillSwitch>& switches, Links& links,
             const Verification& verification, ExchangeCalls& calls)
    : plan_(plan),
      switches_(switches),
      links_(links),
      verification_(verification),
      calls_(calls),
      looks_(plan.families.size()),
      calling_(plan.accounts.size()),
      has_turn_(plan.accounts.size()) {}

// ---- What is asked ------------------------------------------------------------------------------

// The only link of an account is left to its cancels.
void Looks::ask(std::span<const FamilyId> families, Time now) {
    for (const FamilyId id : families) {
        OrdersLook& look = looks_[index(id)];
        if (is_under_way(look)) continue;
        const bool may = plan_.reads && links_.of(plan_.families[index(id)].account).size() > 1;
        look = {.state = LookState::waiting,
                .trip = switches_[index(id)]->trip,
                .until = may ? now + look_patience : now};
        ++under_way_;
    }
}

void Looks::begin_due(Time now, Step& step) {
    if (under_way_ == 0) return;
    find_turns();
    for (std::size_t f = 0; f < looks_.size(); ++f) {
        const auto id = id_at<FamilyId>(f);
        const OrdersLook& look = looks_[f];
        if (!is_under_way(look)) continue;
        if (look.trip != switches_[f]->trip) {
            end(id, LookState::tripped, none<LinkId>(), now, step);
        } else if (look.state == LookState::waiting && look.until <= now) {
            end(id, LookState::no_link, none<LinkId>(), now, step);
        } else if (look.state == LookState::waiting) {
            begin(id, now, step);
        }
    }
}

void Looks::begin(FamilyId id, Time now, Step& step) {
    const AccountId account = plan_.families[index(id)].account;
    if (calling_[index(account)] || !has_turn_[index(account)]) return;
    if (calls_.next_look(account, now) > now) return;
    const LinkId link = calls_.link_for(account, now);
    if (link == none<LinkId>()) return;
    looks_[index(id)].state = LookState::asked;
    calling_[index(account)] = true;
    calls_.begin({.what = PrivateRequest::mmp_orders,
                  .account = account,
                  .family = id,
                  .link = link,
                  .look = true},
                 now, step);
}

// Of each account at once, since a plan has many families. Also a read that is due in a moment
// finds its links idle.
void Looks::find_turns() {
    has_turn_.assign(has_turn_.size(), true);
    for (std::size_t f = 0; f < looks_.size(); ++f) {
        if (is_unfinished(*switches_[f]) || verification_.is_wanted(id_at<FamilyId>(f)))
            has_turn_[index(plan_.families[f].account)] = false;
    }
}

// ---- What is told -------------------------------------------------------------------------------

OrdersLook* Looks::take_back(LinkId link) {
    const Call& call = links_[link].call();
    calling_[index(call.account)] = false;
    OrdersLook& look = looks_[index(call.family)];
    const bool counts =
        look.state == LookState::asked && look.trip == switches_[index(call.family)]->trip;
    return counts ? &look : nullptr;
}

void Looks::told(LinkId link, const Told<OrdersPage>& told, Time now, Step& step) {
    OrdersLook* const look = take_back(link);
    if (look == nullptr) return;
    look->answer = told.answer;
    // Rows of other types, which were not asked for, are a page of something else.
    const bool counts = told.facts && (told.facts->others == 0 || told.facts->mmp > 0);
    if (counts) {
        look->orders = told.facts->mmp;
        look->more = told.facts->full;
    }
    end(links_[link].call().family, counts ? LookState::told : LookState::not_told, link, now,
        step);
}

void Looks::no_answer(LinkId link, Time now, Step& step) {
    if (take_back(link) != nullptr)
        end(links_[link].call().family, LookState::no_answer, link, now, step);
}

void Looks::end(FamilyId id, LookState state, LinkId link, Time now, Step& step) {
    OrdersLook& look = looks_[index(id)];
    look.state = state;
    look.at = now;
    --under_way_;
    Event& event = step.events.append();
    event = {.kind = EventKind::orders_told, .at = now, .family = id, .link = link};
    event.value = look.orders;
    event.answer = look.answer;
    if (state != LookState::told) event.text = FixedText<160>(name(state));
}

// ---- Time ---------------------------------------------------------------------------------------

// What waits for a link or for others follows when they are done.
Time Looks::next_deadline(Time now) const {
    Time next = never;
    if (under_way_ == 0) return next;
    for (std::size_t f = 0; f < looks_.size(); ++f) {
        if (looks_[f].state != LookState::waiting) continue;
        const Time allowed = calls_.next_look(plan_.families[f].account, now);
        next = std::min(next, looks_[f].until);
        if (allowed > now) next = std::min(next, allowed);
    }
    return next;
}

}  // namespace scram
