// A desk that reads the exchange's book.
#pragma once

#include "tests/unit/core/engine/rig.h"

namespace scram::test {

// Account checks are an hour away, and every link has had its first.
inline Plan reading_plan(std::size_t families = 1, std::uint8_t links = 3) {
    Plan plan = plan_of({families, 1, links});
    plan.reads = plan.account_checks = true;
    plan.timings.account_check = 1h;
    return plan;
}

inline void prove_all(Desk& desk) {
    AccountFacts facts;
    facts.may_trade = true;
    facts.mode = portfolio_margin;
    facts.bound_to_ip = true;
    for (int i = 0; i < 200; ++i) {
        for (std::size_t l = 0; l < desk.engine.link_count(); ++l) {
            if (desk.engine.phase(link(l)) != LinkPhase::calling) continue;
            if (desk.engine.call(link(l)).what == PrivateRequest::account_config)
                desk.tell(link(l), facts);
            else
                desk.tell(link(l), MmpFacts{true, false});
        }
        desk.wait(100ms);
    }
    desk.forget();
}

}  // namespace scram::test
