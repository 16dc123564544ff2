#include "daemon/scram_now/kill.h"

#include <algorithm>

namespace scram {
namespace {

// The time only signs, and the local clock may do; so nobody waits longer for it than this.
constexpr Duration time_patience = 500ms;

}  // namespace

NowKill::NowKill(const Plan& plan, Time now, Time until)
    : engine_(plan), step_(plan), outcomes_(plan.families.size()), until_(until) {
    engine_.on_restored({}, now, step_);
}

const Step& NowKill::link_up(LinkId link, Time now) {
    step_.clear();
    begin_at_ = std::min(begin_at_, now + time_patience);
    engine_.on_link_up(link, now, step_);
    return finish(now);
}

const Step& NowKill::link_down(LinkId link, Taken taken, Time now) {
    step_.clear();
    if (engine_.phase(link) == LinkPhase::rehearsing) begin_at_ = now;
    engine_.on_link_down(link, now, step_, taken);
    return finish(now);
}

const Step& NowKill::answered(LinkId link, const Answer& answer, bool link_stays, Time now) {
    step_.clear();
    engine_.on_answer(link, answer, now, step_, link_stays);
    return finish(now);
}

const Step& NowKill::rehearsed(LinkId link, bool good, int http_status, bool link_stays, Time now) {
    step_.clear();
    begin_at_ = now;
    engine_.on_rehearsed(link, good, {AnswerClass::failed, http_status, no_code}, now, step_,
                         link_stays);
    return finish(now);
}

const Step& NowKill::told(LinkId link, const Told<OrdersPage>& page, bool link_stays, Time now) {
    step_.clear();
    engine_.on_told(link, page, now, step_, link_stays);
    return finish(now);
}

const Step& NowKill::on_time(Time now) {
    step_.clear();
    engine_.on_time(now, step_);
    return finish(now);
}

const Step& NowKill::finish(Time now) {
    time_is_up_ = now >= until_;
    if (!begun_ && now >= begin_at_ && !time_is_up_) {
        begun_ = true;
        std::vector<FamilyId> all;
        for (std::size_t f = 0; f < outcomes_.size(); ++f) all.push_back(id_at<FamilyId>(f));
        engine_.on_trip(all, {"scram-now", ""}, now, step_);
    }
    if (time_is_up_) {
        step_.actions.remove_if(
            [](const Action& its) { return its.kind != ActionKind::abort_link; });
        step_.events.remove_if([](const Event& its) { return its.kind == EventKind::fired; });
        step_.calls.clear();
    }
    for (const Event& event : step_.events) note(event);
    return step_;
}

void NowKill::note(const Event& event) {
    if (event.family == none<FamilyId>()) return;
    Outcome& its = outcomes_[index(event.family)];
    const bool ended = event.kind == EventKind::answered || event.kind == EventKind::attempt_lost;
    if (event.kind == EventKind::fired) {
        ++its.requests;
        ++its.in_flight;
    }
    // What would have been sent after the end is lost at most.
    if (ended && its.in_flight > 0) --its.in_flight;
    if (ended && !event.late) its.answer.reset();
    if (event.kind == EventKind::answered && !event.late) its.answer = event.answer;
    if (event.kind == EventKind::accepted) its.accepted = true;
    if (event.kind == EventKind::verified) its.verified = true;
    if (event.kind == EventKind::accepted || event.kind == EventKind::verified) its.at = event.at;
}

Time NowKill::next_deadline() const {
    return std::min(
        {engine_.next_deadline(), begun_ ? never : begin_at_, time_is_up_ ? never : until_});
}

bool NowKill::over() const {
    return std::all_of(outcomes_.begin(), outcomes_.end(), [this](const Outcome& its) {
        return (engine_.plan().reads ? its.verified : its.accepted) ||
               (time_is_up_ && its.in_flight == 0);
    });
}

}  // namespace scram
