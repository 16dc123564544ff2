// The timer at the exchange: fed while a breach would fire, and ended in each of its ways.
#include <doctest/doctest.h>

#include "core/engine/readiness.h"
#include "tests/unit/core/engine/rig.h"

using namespace scram;
using namespace scram::test;

namespace {

constexpr WallMillis exchange_began{1'790'000'000'000};

Plan guarded(std::uint8_t timeout_s = 30, DeadMan::OnStop on_stop = DeadMan::OnStop::leave) {
    Plan plan = plan_of({.families = 7, .links = 3});
    plan.accounts[0].dead_man = DeadMan{timeout_s, "", on_stop};
    return plan;
}

// The link that calls; none.
LinkId calling(const Desk& desk) {
    for (std::size_t l = 0; l < desk.engine.link_count(); ++l) {
        if (desk.engine.phase(link(l)) == LinkPhase::calling) return link(l);
    }
    return none<LinkId>();
}

WallMillis at_exchange(const Desk& desk) {
    return {exchange_began.value + ns_of(desk.now) / 1'000'000};
}

// OKX does what the call in flight says; its timer is `off` by so much.
void set(Desk& desk, std::int64_t off_ms = 0) {
    const LinkId id = calling(desk);
    REQUIRE(id != none<LinkId>());
    const int timeout_s = desk.engine.call(id).timeout_s;
    const WallMillis now = at_exchange(desk);
    const WallMillis trigger{now.value + 1000 * timeout_s + off_ms};
    desk.tell(id, TimerFacts{timeout_s == 0 ? WallMillis{} : trigger, now});
}

// Answers each call; how many there were.
int live(Desk& desk, Duration span) {
    int calls = 0;
    for (const Time end = desk.now + span; desk.now < end; desk.wait(100ms)) {
        if (calling(desk) == none<LinkId>()) continue;
        set(desk);
        ++calls;
    }
    return calls;
}

const DeadManTimer& timer(const Desk& desk) {
    return desk.engine.dead_man(account);
}
bool alarmed(const Desk& desk) {
    return desk.engine.alarm(account, Alarm::dead_man);
}

// What was lost before is over: the exchange answers what began later.
void show_life(Desk& desk) {
    desk.wait(1100ms);
    desk.down(link(0));
    desk.warm(link(0));
}

// Ready, and fed once.
struct Guarded : Desk {
    explicit Guarded(Plan plan = guarded()) : Desk(std::move(plan)) {
        ready();
        set(*this);
        forget();
    }
};

}  // namespace

TEST_CASE("dead man: nothing is fed before a breach would fire") {
    Desk desk(guarded());
    desk.wait(10min);
    CHECK(desk.called().empty());
    CHECK_FALSE(alarmed(desk));
    desk.ready();
    CHECK(desk.called() == "timer 30 on 2");
    set(desk);
    CHECK(desk.told() == "dead_man_set");
    CHECK(timer(desk).timeout_s == 30);
    CHECK(timer(desk).until == desk.now + 30s);
}

TEST_CASE("dead man: an account without one is never fed") {
    Plan plan = guarded();
    plan.accounts[0].dead_man.reset();
    Desk desk(plan);
    desk.ready();
    desk.wait(10min);
    desk.stop();
    CHECK(desk.called().empty());
    CHECK(desk.engine.has_ended());
}

TEST_CASE("dead man: it is fed six times a timeout, but not more often than each 2 s") {
    Guarded slow;
    const int fed = live(slow, 60s);
    CHECK(fed >= 11);
    CHECK(fed <= 12);
    CHECK(slow.told().empty());
    Guarded fast(guarded(10));
    CHECK(live(fast, 60s) <= 30);
    CHECK_FALSE(alarmed(fast));
}

TEST_CASE("dead man: no window of a second has two calls, whatever becomes of them") {
    Guarded desk(guarded(10));
    Time last{};
    for (int i = 0; i < 6000; ++i) {
        const LinkId id = calling(desk);
        if (id == none<LinkId>()) {
            desk.wait(5ms);
            continue;
        }
        CHECK(desk.now - last > 1s);
        desk.wait(20ms);
        last = desk.now;  // at the latest
        if (i % 3 == 0) desk.tell_nothing<TimerFacts>(id, AnswerClass::failed, 50001);
        if (i % 3 == 1) set(desk);
        if (i % 3 == 2) {
            desk.down(id);
            desk.warm(id);
            show_life(desk);
        }
    }
    CHECK(last != Time{});
}

TEST_CASE("dead man: not ready, no feed; and it runs out") {
    Guarded desk;
    desk.ready(false);
    desk.wait(14s);
    CHECK_FALSE(alarmed(desk));
    desk.wait(1s);
    CHECK(alarmed(desk));
    desk.wait(20s);
    CHECK(desk.called().empty());
    CHECK(timer(desk).expired);
    CHECK(desk.told() == "alarm_raised, dead_man_expired");
    desk.ready();
    CHECK(desk.called() == "timer 30 on 2");
    set(desk);
    CHECK_FALSE(alarmed(desk));
    CHECK_FALSE(timer(desk).expired);
}

TEST_CASE("dead man: feeding waits for cancels that are due") {
    Guarded desk;
    desk.wait(4900ms);
    desk.trip(all_families(desk.engine.plan()));  // seven: two wait for the budget
    const auto accept = [&] {
        for (std::size_t l = 0; l < 3; ++l) {
            if (desk.engine.phase(link(l)) == LinkPhase::firing)
                desk.answer(link(l), AnswerClass::accepted);
        }
    };
    accept();
    accept();
    desk.wait(1s);
    CHECK(desk.called().empty());
    desk.wait(1100ms);
    accept();
    CHECK(desk.called().starts_with("timer 30"));
}

TEST_CASE("dead man: feeding leaves the last link of several to cancels") {
    Guarded desk;
    desk.down(link(1));
    desk.down(link(2));
    desk.wait(10s);
    CHECK(desk.called().empty());
    desk.warm(link(1));
    CHECK(desk.called() == "timer 30 on 1");
}

TEST_CASE("dead man: a call without an answer is made again, and is late in the end") {
    Guarded desk;
    desk.wait(5s);
    REQUIRE(calling(desk) != none<LinkId>());
    SUBCASE("not signed") {
        desk.not_called(calling(desk));
    }
    SUBCASE("refused") {
        desk.tell_nothing<TimerFacts>(calling(desk), AnswerClass::refused, 50110);
    }
    SUBCASE("lost") {
        desk.down(calling(desk));
    }
    SUBCASE("without a timer") {
        desk.tell(calling(desk), TimerFacts{});
    }
    CHECK(desk.told().find("dead_man_failed") != std::string::npos);
    CHECK(timer(desk).timeout_s == 30);
    if (desk.engine.phase(link(2)) == LinkPhase::down) {
        desk.warm(link(2));
        show_life(desk);
    }
    desk.forget();
    for (int i = 0; i < 50 && calling(desk) == none<LinkId>(); ++i) desk.wait(100ms);
    REQUIRE(calling(desk) != none<LinkId>());
    CHECK_FALSE(alarmed(desk));
    desk.tell_nothing<TimerFacts>(calling(desk), AnswerClass::failed, 50001);
    for (int i = 0; i < 200 && !alarmed(desk); ++i) {
        desk.wait(100ms);
        if (calling(desk) != none<LinkId>())
            desk.tell_nothing<TimerFacts>(calling(desk), AnswerClass::failed, 50001);
    }
    CHECK(alarmed(desk));
}

TEST_CASE("dead man: readiness that comes and goes does not put the alarm off") {
    Guarded desk;
    for (int i = 0; i < 8; ++i) {
        desk.wait(2s);
        if (calling(desk) != none<LinkId>()) desk.not_called(calling(desk));
        desk.ready(false);
        desk.ready(true);
    }
    CHECK(alarmed(desk));
}

TEST_CASE("dead man: another feeder shows by its trigger, or by a limit that we do not reach") {
    Guarded desk;
    desk.wait(5s);
    SUBCASE("trigger") {
        set(desk, 5000);
    }
    SUBCASE("limit") {
        desk.tell_nothing<TimerFacts>(calling(desk), AnswerClass::throttled, 50011);
    }
    CHECK(alarmed(desk));
    live(desk, 50s);
    CHECK(alarmed(desk));
    live(desk, 20s);
    CHECK_FALSE(alarmed(desk));
}

TEST_CASE("dead man: what is no other feeder") {
    Desk desk(guarded());
    desk.ready();
    SUBCASE("the limit at the first: the scramd before this one") {
        desk.tell_nothing<TimerFacts>(calling(desk), AnswerClass::throttled, 50011);
    }
    SUBCASE("whole seconds") {
        set(desk, 999);
    }
    SUBCASE("an answer that does not say when it was made") {
        desk.tell(calling(desk), TimerFacts{at_exchange(desk), {}});
    }
    CHECK_FALSE(alarmed(desk));
}

TEST_CASE("dead man: a planned stop leaves it once with 120 s") {
    Guarded desk;
    desk.wait(2s);
    desk.stop();
    CHECK_FALSE(desk.engine.has_ended());
    CHECK(desk.called() == "timer 120 on 2");
    set(desk);
    CHECK(desk.engine.has_ended());
    REQUIRE(desk.events.size() == 1);
    CHECK(desk.events[0].value == 120);
    CHECK(desk.events[0].text.view() == "planned stop: left for the next start");
    desk.wait(100s);
    CHECK(desk.called().empty());
}

TEST_CASE("dead man: a stop does not take the answer of a feed for its own") {
    Guarded desk;
    desk.wait(5s);
    desk.stop();
    CHECK(desk.called() == "timer 30 on 2");
    set(desk);
    CHECK_FALSE(desk.engine.has_ended());
    desk.wait(1005ms);
    CHECK(desk.called() == "timer 120 on 2");
}

TEST_CASE("dead man: a planned stop that disarms waits until OKX says that it is off") {
    Guarded desk(guarded(30, DeadMan::OnStop::disarm));
    desk.wait(2s);
    desk.stop();
    CHECK(desk.called() == "timer 0 on 2");
    desk.tell(calling(desk), TimerFacts{{at_exchange(desk).value + 30'000}, at_exchange(desk)});
    CHECK_FALSE(desk.engine.has_ended());
    desk.wait(1100ms);
    CHECK(desk.called() == "timer 0 on 2");
    set(desk);
    CHECK(desk.engine.has_ended());
    CHECK(timer(desk).timeout_s == 0);
}

TEST_CASE("dead man: a stop while nothing would fire leaves the timer to run out") {
    Guarded desk;
    desk.ready(false);
    desk.stop();
    CHECK(desk.engine.has_ended());
    CHECK(desk.called().empty());
}

TEST_CASE("dead man: the next scramd takes the timer over once it is ready") {
    Guarded desk;
    desk.start_again(guarded());
    for (std::size_t l = 0; l < 3; ++l) desk.warm(link(l));
    desk.forget();
    desk.ready();
    CHECK(desk.called() == "timer 30 on 2");
}

TEST_CASE("dead man: a reload brings another timeout, or ends it") {
    Guarded desk(guarded(120));
    SUBCASE("shorter") {
        desk.adopt(guarded(10));
        desk.wait(10s);
        CHECK_FALSE(alarmed(desk));
        desk.wait(10s);
        CHECK(desk.called() == "timer 10 on 2");
        set(desk);
        CHECK(timer(desk).timeout_s == 10);
        CHECK(live(desk, 20s) >= 8);
        CHECK_FALSE(alarmed(desk));
    }
    SUBCASE("removed") {
        Plan plan = guarded();
        plan.accounts[0].dead_man.reset();
        desk.wait(2s);
        desk.adopt(plan);
        CHECK(desk.called() == "timer 0 on 2");
        set(desk);
        CHECK(timer(desk).timeout_s == 0);
        desk.wait(10min);
        CHECK(desk.called().empty());
        CHECK_FALSE(alarmed(desk));
    }
}

TEST_CASE("dead man: a reload that asks for more does not starve the timer that runs") {
    Guarded desk(guarded(10));
    desk.wait(2s);
    CHECK(desk.called() == "timer 10 on 2");
    desk.adopt(guarded(120));
    set(desk);
    desk.wait(2s);
    CHECK(desk.called() == "timer 120 on 2");
}

TEST_CASE("dead man: an operator switches it off and on") {
    Guarded desk;
    desk.wait(2s);
    desk.dead_man(false);
    CHECK(desk.called() == "timer 0 on 2");
    set(desk);
    REQUIRE(desk.events.size() == 2);
    CHECK(desk.events[0].kind == EventKind::dead_man_off);
    CHECK(desk.events[0].by.view() == "uid 1 (ann)");
    CHECK(desk.events[0].text.view() == "hedging");
    desk.forget();
    desk.wait(10min);
    desk.stop();
    CHECK(desk.called().empty());
    CHECK_FALSE(alarmed(desk));
    CHECK(timer(desk).switched_off);
    desk.dead_man(true);
    CHECK(desk.called() == "timer 30 on 2");
    CHECK_FALSE(timer(desk).switched_off);
}

TEST_CASE("readiness: of one account, by what is its own and what is the daemon's") {
    const std::vector<NotReady> reasons = {{NotReadyReason::mode, AccountId{1}},
                                           {NotReadyReason::held, AccountId{0}},
                                           {NotReadyReason::journal}};
    CHECK(fires(reasons, AccountId{0}));
    CHECK_FALSE(fires(reasons, AccountId{1}));
}
