// What is proven of an account before any kill.
#include <doctest/doctest.h>

#include "tests/unit/core/engine/rig.h"

using namespace scram;
using namespace scram::test;

namespace {

Plan checking_plan(std::size_t families = 1, std::uint8_t links = 3) {
    Plan plan = plan_of({families, 1, links});
    plan.account_checks = true;
    return plan;
}

AccountFacts good() {
    AccountFacts facts;
    facts.may_trade = true;
    facts.mode = portfolio_margin;
    facts.bound_to_ip = true;
    return facts;
}

// The link whose account/config is in flight; none.
LinkId asked(const Desk& desk) {
    for (std::size_t l = 0; l < desk.engine.link_count(); ++l) {
        if (desk.engine.phase(link(l)) == LinkPhase::calling) return link(l);
    }
    return none<LinkId>();
}

}  // namespace

TEST_CASE("account checks: each link makes one within account_check") {
    Desk desk(checking_plan());
    std::vector<Time> last(3, desk.now), longest(3);
    const Time began = desk.now;
    while (desk.now - began < 10min) {
        const LinkId id = asked(desk);
        if (id != none<LinkId>() && desk.engine.call(id).what == PrivateRequest::account_config) {
            desk.tell(id, good());
            longest[index(id)] =
                std::max(longest[index(id)], Time{} + (desk.now - last[index(id)]));
            last[index(id)] = desk.now;
        } else if (id != none<LinkId>()) {
            desk.tell(id, MmpFacts{true, false});
        }
        desk.wait(100ms);
    }
    for (const Time its : longest) CHECK(its - Time{} <= desk.engine.plan().timings.account_check);
}

TEST_CASE("account checks: what is wrong is an alarm of its own, and over when it is") {
    struct Wrong {
        const char* name;
        AccountFacts facts;
        Alarm alarm;
    };
    Wrong permission{"permission", good(), Alarm::no_permission};
    permission.facts.may_trade = false;
    Wrong mode{"mode", good(), Alarm::wrong_mode};
    mode.facts.mode = 2;
    Wrong unbound{"unbound", good(), Alarm::key_unbound};
    unbound.facts.bound_to_ip = false;
    for (const Wrong& wrong : {permission, mode, unbound}) {
        CAPTURE(wrong.name);
        Desk desk(checking_plan());
        desk.tell(asked(desk), wrong.facts);
        CHECK(desk.engine.alarm(account, wrong.alarm));
        for (int i = 0; i < 1000 && desk.engine.alarm(account, wrong.alarm); ++i) {
            desk.wait(100ms);
            const LinkId id = asked(desk);
            if (id == none<LinkId>()) continue;
            if (desk.engine.call(id).what == PrivateRequest::account_config)
                desk.tell(id, good());
            else
                desk.tell(id, MmpFacts{});
        }
        CHECK_FALSE(desk.engine.alarm(account, wrong.alarm));
    }
}

TEST_CASE("account checks: a refused key is an alarm with its code, and is tried again") {
    Desk desk(checking_plan());
    desk.tell_nothing<AccountFacts>(asked(desk), AnswerClass::refused, 50110);
    REQUIRE(desk.engine.alarm(account, Alarm::key_refused));
    CHECK(desk.events.back().answer.code == 50110);
    CHECK(desk.engine.truth(account).proven == Time{});
    desk.wait(desk.engine.plan().timings.retry_refused);
    REQUIRE(asked(desk) != none<LinkId>());
    desk.tell(asked(desk), good());
    CHECK_FALSE(desk.engine.alarm(account, Alarm::key_refused));
    CHECK(desk.engine.truth(account).proven == desk.now);
}

TEST_CASE("account checks: what says nothing of the key raises nothing") {
    Desk desk(checking_plan());
    SUBCASE("maintenance") {
        desk.tell_nothing<AccountFacts>(asked(desk), AnswerClass::failed, 50001);
    }
    SUBCASE("over the limit") {
        desk.tell_nothing<AccountFacts>(asked(desk), AnswerClass::throttled, 50011);
    }
    SUBCASE("not signed") {
        desk.not_called(asked(desk));
    }
    SUBCASE("lost") {
        desk.down(asked(desk));
    }
    for (std::size_t alarm = 1; alarm < alarm_count; ++alarm)
        CHECK_FALSE(desk.engine.alarm(account, static_cast<Alarm>(alarm)));
    for (int i = 0; i < 100 && asked(desk) == none<LinkId>(); ++i) desk.wait(100ms);
    CHECK(asked(desk) != none<LinkId>());
}

TEST_CASE("account checks: a new connection is proven at once") {
    Desk desk(checking_plan());
    for (int i = 0; i < 200; ++i) {
        const LinkId id = asked(desk);
        if (id == none<LinkId>()) {
        } else if (desk.engine.call(id).what == PrivateRequest::account_config) {
            desk.tell(id, good());
        } else {
            desk.tell(id, MmpFacts{});
        }
        desk.wait(100ms);
    }
    REQUIRE(asked(desk) == none<LinkId>());
    desk.down(link(1));
    desk.forget();
    desk.warm(link(1));
    desk.wait(2s);
    CHECK(desk.called() == "config on 1");
}

TEST_CASE("account checks: MMP settings are told when they change, and asked for rarely") {
    Desk desk(checking_plan(2));
    std::size_t asked_for = 0;
    std::string told;
    for (int i = 0; i < 2 * 36'000; ++i) {
        const LinkId id = asked(desk);
        if (id == none<LinkId>()) {
        } else if (desk.engine.call(id).what == PrivateRequest::account_config) {
            desk.tell(id, good());
        } else {
            ++asked_for;
            desk.forget();
            desk.tell(id, MmpFacts{true, desk.engine.call(id).family == B});
            told += desk.told() + ";";
        }
        desk.wait(100ms);
    }
    CHECK(asked_for >= 4);
    CHECK(asked_for <= 6);
    CHECK(told.starts_with("mmp_told A;mmp_told B;;;"));
    CHECK(desk.engine.mmp(A) == Mmp::on);
    CHECK(desk.engine.mmp(B) == Mmp::frozen);
}

TEST_CASE("account checks: never on the last idle link, nor while a cancel is due") {
    Desk desk(checking_plan(3, 2), [](Desk& its) {
        its.tell(asked(its), good());
        its.trip({A, B, C});
    });
    const LinkId before = asked(desk);
    if (before != none<LinkId>()) desk.tell(before, good());
    desk.wait(100ms);
    CHECK(asked(desk) == none<LinkId>());
}
