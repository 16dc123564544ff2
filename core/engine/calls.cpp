#include "core/engine/calls.h"

#include <algorithm>

#include "core/base/check.h"

namespace scram {

ExchangeCalls::ExchangeCalls(const Plan& plan, Links& links, const Cancels& cancels)
    : plan_(plan), links_(links), cancels_(cancels), limits_(plan.accounts.size()) {}

bool ExchangeCalls::may_use(LinkId id, Time now) const {
    const AccountId account = links_[id].account();
    if (links_[id].phase() != LinkPhase::idle || cancels_.any_due(account, now)) return false;
    return links_.of(account).size() == 1 || links_.count(account, LinkPhase::idle) > 1;
}

// The last that a cancel would take.
LinkId ExchangeCalls::link_for(AccountId id, Time now, LinkId but) const {
    LinkId found = none<LinkId>();
    for (const LinkId link : links_.of(id)) {
        if (link != but && may_use(link, now)) found = link;
    }
    return found;
}

ReadBudget ExchangeCalls::Limits::*ExchangeCalls::of(PrivateRequest what) {
    switch (what) {
        case PrivateRequest::account_config:
            return &Limits::config;
        case PrivateRequest::mmp_config:
            return &Limits::mmp;
        case PrivateRequest::mmp_orders:
        case PrivateRequest::all_orders:
            return &Limits::orders;
        case PrivateRequest::cancel_orders:
            return &Limits::batch;
        case PrivateRequest::cancel_all_after:
            return &Limits::timer;
        case PrivateRequest::mass_cancel:
            break;
    }
    check(false, "a read is called");
    return &Limits::orders;
}

Time ExchangeCalls::next_take(AccountId id, PrivateRequest what, Time now) const {
    return (limits_[index(id)].*of(what)).next_take(now);
}

void ExchangeCalls::begin(const Call& call, Time now, Step& step) {
    const ReadBudget::Slot slot = limit_of(call).take(now);
    // A read is no hurry: it has its signature to wait for, and a link is worth more than it.
    links_[call.link].call(call, slot, now, std::max<Duration>(plan_.timings.answer_timeout, 1s));
    step.calls.push_back(call);
}

void ExchangeCalls::answered(LinkId id, bool link_stays, Time now) {
    LinkState& link = links_[id];
    check(link.phase() == LinkPhase::calling, "an answer belongs to a call in flight");
    limit_of(link.call()).answered(link.call_slot(), now);
    link.answered(link_stays, now);
}

void ExchangeCalls::lost(LinkId id, Time now) {
    const LinkState& link = links_[id];
    limit_of(link.call()).lost(link.call_slot(), now);
}

void ExchangeCalls::not_sent(LinkId id, Time now) {
    LinkState& link = links_[id];
    link.not_called();
    limit_of(link.call()).returned(link.call_slot(), now);
}

void ExchangeCalls::see_alive(AccountId id, Time since, Time now) {
    Limits& limits = limits_[index(id)];
    for (ReadBudget* budget :
         {&limits.config, &limits.mmp, &limits.batch, &limits.orders, &limits.looks, &limits.timer})
        budget->alive(since, now);
}

}  // namespace scram
