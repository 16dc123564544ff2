// The kill of all that scram-now is aimed at, as the engine decides it: one trip by hand, of a plan
// without sources and rules. What is added is when: once the exchange has told its time, or after a
// moment without it; and until when: where the plan has reads, until the exchange's book shows no
// MMP order, else until it has accepted the cancels. Pure, as the engine is.
#pragma once

#include <optional>
#include <vector>

#include "core/engine/engine.h"

namespace scram {

class NowKill {
  public:
    // Nothing is sent from `until` on; cancels that are in flight then are waited for.
    NowKill(const Plan& plan, Time now, Time until);

    // Each input says what is to be done and what has happened, good until the next.
    const Step& link_up(LinkId link, Time now);
    const Step& link_down(LinkId link, Taken taken, Time now);
    const Step& answered(LinkId link, const Answer& answer, bool link_stays, Time now);
    const Step& rehearsed(LinkId link, bool good, int http_status, bool link_stays, Time now);
    const Step& told(LinkId link, const Told<OrdersPage>& page, bool link_stays, Time now);
    const Step& on_time(Time now);
    Time next_deadline() const;

    // Everything is verified or accepted, as the plan wants, or time is up and no cancel in flight.
    bool over() const;
    bool has_begun() const { return begun_; }

    struct Outcome {
        bool accepted = false;
        bool verified = false;
        Time at{};  // of the later of these
        std::uint32_t requests = 0;
        std::uint32_t in_flight = 0;
        std::optional<Answer> answer;  // the last; nothing if that request was lost
    };
    const Outcome& outcome(FamilyId family) const { return outcomes_[index(family)]; }
    const Engine& engine() const { return engine_; }

  private:
    const Step& finish(Time now);
    void note(const Event& event);

    Engine engine_;
    Step step_;
    std::vector<Outcome> outcomes_;
    Time until_;
    Time begin_at_ = never;
    bool begun_ = false;
    bool time_is_up_ = false;
};

}  // namespace scram
