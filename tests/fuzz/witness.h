// Sees everything that an engine under every_rule.h's plan says, and says what must hold of it.
#pragma once

#include <simdjson.h>

#include <array>
#include <deque>
#include <memory>
#include <string>

#include "core/base/check.h"
#include "core/engine/engine.h"
#include "daemon/log/event_text.h"
#include "tests/fuzz/every_rule.h"

namespace scram::fuzz {

class Witness {
  public:
    void see(const Engine& engine, const Step& step, Time now) {
        for (const Event& event : step.events) see(event);
        for (const Action& action : step.actions) see(engine, action, now);
        for (std::size_t f = 0; f < plan().families.size(); ++f) {
            if (engine.family(id_at<FamilyId>(f)).latched) {
                check(closed_[f], "a latched family's gate is closed");
            }
        }
        check(!engine.family(nobodys).latched, "no source touches a family that is nobody's");
    }

    // After what was said of a bad record of `source`.
    void see_bad(SourceId source) {
        for (const FamilyId family : plan().sources[index(source)].families) {
            bad_since_rearm_[index(family)] = true;
        }
    }

  private:
    using Fires = std::deque<Time>;

    void see(const Engine& engine, const Action& action, Time now) {
        check_id(action.account, plan().accounts.size());
        check_id(action.family, plan().families.size());
        check_id(action.link, engine.link_count());
        if (action.kind == ActionKind::close_gate) close(action.family);
        if (action.kind == ActionKind::open_gate) open(action.family);
        if (action.kind == ActionKind::fire) fire(action, now);
    }

    void close(FamilyId family) { closed_[index(family)] = was_closed_[index(family)] = true; }

    void open(FamilyId family) {
        check(!bad_since_rearm_[index(family)],
              "a bad record behind a re-arm keeps the gate closed");
        closed_[index(family)] = false;
    }

    void fire(const Action& action, Time now) {
        check(was_closed_[index(action.family)], "a gate is closed before its cancel leaves");
        Fires& fires = fires_[index(action.account)];
        while (!fires.empty() && fires.front() <= now - 2s) fires.pop_front();
        fires.push_back(now);
        check(fires.size() <= budget_slots_max, "never more than five in 2 s");
    }

    void see(const Event& event) {
        check_id(event.family, plan().families.size());
        check_id(event.rule, plan().rules.size());
        check_id(event.source, plan().sources.size());
        check_id(event.metric, plan().metrics.size());
        if (event.kind == EventKind::rearmed) bad_since_rearm_[index(event.family)] = false;
        LogEntry story;
        story.event = event;
        static const auto told_plan = std::make_shared<const Plan>(plan());
        story.plan = told_plan;
        check(log_line(story).find('\n') == std::string::npos, "an event is one line of the log");
        simdjson::dom::object object;
        check(parser_.parse(json_line(story, {})).get(object) == simdjson::SUCCESS,
              "an event is one JSON object");
    }

    template <class Id>
    static void check_id(Id id, std::size_t count) {
        check(id == none<Id>() || index(id) < count, "an id names something or nothing");
    }

    std::array<bool, 4> closed_{}, was_closed_{}, bad_since_rearm_{};
    std::array<Fires, 2> fires_;
    simdjson::dom::parser parser_;
};

}  // namespace scram::fuzz
