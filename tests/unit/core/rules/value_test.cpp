// Rules on values: limit and drawdown, as an engine with one maker or two sees them.
#include <doctest/doctest.h>

#include <cmath>
#include <limits>

#include "core/rules/rules.h"
#include "tests/unit/core/rules/rules_rig.h"

using namespace scram;
using namespace scram::test;

namespace {

bool trips(Bound bound, double limit, double value) {
    Plan plan = plan_of({});
    add_limit(plan, limit, bound);
    Desk desk(plan);
    desk.publish(maker, A, delta, value);
    return desk.latched(A);
}

// The next value that a double can hold.
double up(double x) {
    return std::nextafter(x, std::numeric_limits<double>::infinity());
}
double down(double x) {
    return std::nextafter(x, -std::numeric_limits<double>::infinity());
}

}  // namespace

TEST_CASE("limit: a value at its bound is no breach, the next one beyond it is") {
    CHECK_FALSE(trips(Bound::above, 100, 100));
    CHECK(trips(Bound::above, 100, up(100)));
    CHECK_FALSE(trips(Bound::above, 100, -1e300));
    CHECK_FALSE(trips(Bound::below, -100, -100));
    CHECK(trips(Bound::below, -100, down(-100)));
    CHECK_FALSE(trips(Bound::below, -100, 1e300));
    CHECK_FALSE(trips(Bound::beyond, 100, 100));
    CHECK_FALSE(trips(Bound::beyond, 100, -100));
    CHECK(trips(Bound::beyond, 100, up(100)));
    CHECK(trips(Bound::beyond, 100, down(-100)));
    CHECK(trips(Bound::beyond, 0, std::numeric_limits<double>::denorm_min()));
}

TEST_CASE("limit: the trip tells rule, family, source, metric, value and bound") {
    Plan plan = plan_of({2, 2});
    add_limit(plan, 100);
    Desk desk(plan);
    desk.publish(other_maker, B, delta, -150);
    const Event trip = first_trip(desk);
    CHECK(trip.rule == RuleId{0});
    CHECK(trip.family == B);
    CHECK(trip.source == other_maker);
    CHECK(trip.metric == delta);
    CHECK(trip.value == -150);
    CHECK(trip.limit == 100);
    CHECK(trip.at == desk.now);
    CHECK(trip.published == desk.now - 1000ns);
    CHECK(trip.bad == BadReason::none);
}

TEST_CASE("limit: another metric or another family leaves it alone") {
    Plan plan = plan_of({2});
    add_limit(plan, 100).families = {A};
    Desk desk(plan);
    desk.publish(maker, A, pnl, 1e9);
    desk.publish(maker, B, delta, 1e9);
    CHECK(desk.did() == "");
}

TEST_CASE(
    "limit: a sum over sources trips where none does alone, and none trips where it does not") {
    Plan plan = plan_of({1, 2});
    add_limit(plan, 100).over = Over::sum;
    Desk desk(plan);
    desk.publish(maker, A, delta, 60);
    CHECK(desk.did() == "");
    desk.publish(other_maker, A, delta, 60);
    CHECK(desk.did() == "close A, fire A on 0");
    CHECK(first_trip(desk).value == 120);

    Desk hedged(plan);
    hedged.publish(maker, A, delta, -90);
    hedged.publish(other_maker, A, delta, 150);
    hedged.publish(maker, A, delta, -160);
    CHECK(hedged.did() == "");
}

TEST_CASE("limit: over each source, a hedge of the other does not help") {
    Plan plan = plan_of({1, 2});
    add_limit(plan, 100).over = Over::each;
    Desk desk(plan);
    desk.publish(maker, A, delta, -100);
    desk.publish(other_maker, A, delta, 100);
    CHECK(desk.did() == "");
    desk.publish(other_maker, A, delta, 101);
    CHECK(desk.did() == "close A, fire A on 0");
    CHECK(first_trip(desk).source == other_maker);
}

TEST_CASE("limit: over each source, two sources are two conditions") {
    Plan plan = plan_of({1, 2});
    add_limit(plan, 100).over = Over::each;
    Desk desk(plan);
    desk.publish(maker, A, delta, 101);
    desk.publish(other_maker, A, delta, 101);
    // The second changes nothing, and is counted instead of told.
    CHECK(desk.told() == "tripped A by limit, latched A, fired A");
    CHECK(desk.engine.suppressed_breaches() == 1);
    desk.now += 1s;
    desk.publish(other_maker, A, delta, 0);
    desk.publish(other_maker, A, delta, 101);
    CHECK(desk.told() == "tripped A by limit");
}

TEST_CASE("limit: per family kills the family that breached, and no other") {
    Plan plan = plan_of({3});
    add_limit(plan, 100);
    Desk desk(plan);
    desk.publish(maker, B, delta, 101);
    CHECK(desk.did() == "close B, fire B on 0");
}

TEST_CASE("limit: for all, the families' sum counts, and all that are watched are killed") {
    Plan plan = plan_of({4});
    RuleSpec& rule = add_limit(plan, 100);
    rule.per = Per::all;
    rule.families = {A, B, D};
    Desk desk(plan);
    desk.publish(maker, A, delta, 60);
    desk.publish(maker, C, delta, 60);  // not watched
    desk.publish(maker, B, delta, 30);
    CHECK(desk.did() == "");
    desk.publish(maker, D, delta, 11);
    CHECK(desk.did() == "close A, close B, close D, fire A on 0, fire B on 1, fire D on 2");
    CHECK(first_trip(desk).value == 101);
    CHECK(first_trip(desk).family == none<FamilyId>());
}

TEST_CASE("limit: for all, over each source: one source's sum over the families") {
    Plan plan = plan_of({2, 2});
    RuleSpec& rule = add_limit(plan, 100);
    rule.per = Per::all;
    rule.over = Over::each;
    Desk desk(plan);
    desk.publish(maker, A, delta, 60);
    desk.publish(other_maker, B, delta, 60);
    CHECK(desk.did() == "");
    desk.publish(maker, B, delta, 60);
    CHECK(desk.did() == "close A, close B, fire A on 0, fire B on 1");
}

TEST_CASE("limit: a list of kills takes the place of what breached") {
    Plan plan = plan_of({3});
    RuleSpec& rule = add_limit(plan, 100);
    rule.families = {A};
    rule.kills = {C, B};
    Desk desk(plan);
    desk.publish(maker, A, delta, 101);
    CHECK(desk.did() == "close C, close B, fire B on 0, fire C on 1");  // fired in the plan's order
    CHECK_FALSE(desk.latched(A));
}

TEST_CASE("limit: sums that run over to infinity, or to no number at all, trip") {
    Plan plan = plan_of({2, 2});
    RuleSpec& rule = add_divergence(plan, 1e300);
    rule.per = Per::all;
    Desk desk(plan);
    for (const SourceId source : {maker, other_maker}) {
        desk.publish(source, A, delta, 1.7e308);
        desk.publish(source, A, pnl, 1.7e308);  // infinity - infinity: no number
    }
    CHECK(desk.latched(A));
    CHECK(desk.latched(B));
}

TEST_CASE("limit: a sum that runs over to an infinity trips each bound, whichever way it went") {
    for (const Bound bound : {Bound::above, Bound::below, Bound::beyond}) {
        for (const double huge : {1.7e308, -1.7e308}) {
            for (const Per per : {Per::family, Per::all}) {
                CAPTURE(static_cast<int>(bound));
                CAPTURE(huge);
                Plan plan = plan_of({1, 2});
                RuleSpec& rule = add_limit(plan, 100, bound);
                rule.per = per;
                rule.kills = {A};
                if (bound == Bound::above) rule.limit = 1.75e308;
                if (bound == Bound::below) rule.limit = -1.75e308;
                if (bound == Bound::beyond) rule.limit = 1.75e308;
                Desk desk(plan);
                desk.publish(maker, A, delta, huge);
                CHECK(desk.did() == "");
                desk.publish(other_maker, A, delta, huge);
                CHECK(desk.latched(A));
            }
        }
    }
}

TEST_CASE("limit: it trips on the edge, again only after it stopped to hold") {
    Plan plan = plan_of({});
    add_limit(plan, 100);
    Desk desk(plan);
    desk.publish(maker, A, delta, 101);
    desk.answer(link(0), AnswerClass::accepted);
    CHECK(desk.told() == "tripped A by limit, latched A, fired A, answered A, accepted A");
    desk.publish(maker, A, delta, 500);
    CHECK(desk.told() == "");
    desk.publish(maker, A, delta, 99);
    desk.publish(maker, A, delta, 101);
    CHECK(desk.told() == "tripped A by limit, fired A");  // latched and accepted: repeated
}

TEST_CASE("drawdown: a fall of exactly its limit from the peak is none, a cent more is") {
    Plan plan = plan_of({});
    add_drawdown(plan, 500);
    Desk desk(plan);
    for (const double value : {100.0, 900.0, 450.0, 1000.0, 700.0, 500.0})
        desk.publish(maker, A, pnl, value);
    CHECK(desk.did() == "");
    desk.publish(maker, A, pnl, 499.99);
    CHECK(desk.did() == "close A, fire A on 0");
    CHECK(first_trip(desk).value == 499.99);
    CHECK(first_trip(desk).limit == 500);
}

TEST_CASE("drawdown: its first value is its peak, however low") {
    Plan plan = plan_of({});
    add_drawdown(plan, 500);
    Desk desk(plan);
    desk.publish(maker, A, pnl, -1e6);
    desk.publish(maker, A, pnl, -1e6 - 500);
    CHECK(desk.did() == "");
    desk.publish(maker, A, pnl, -1e6 - 501);
    CHECK(desk.did() == "close A, fire A on 0");
}

TEST_CASE("drawdown: makers that report one after another make no peak by their order") {
    Plan plan = plan_of({2, 2});
    add_drawdown(plan, 500).per = Per::all;
    Desk desk(plan);
    desk.publish(maker, A, pnl, 1000);
    desk.publish(other_maker, A, pnl, -800);  // its first value: nothing fell
    desk.publish(maker, B, pnl, -800);        // nor here
    CHECK(desk.told() == "");
    desk.publish(maker, B, pnl, -1301);
    CHECK(desk.latched(A));
}

TEST_CASE("drawdown: per family, each has its peak") {
    Plan plan = plan_of({2});
    add_drawdown(plan, 500);
    Desk desk(plan);
    desk.publish(maker, A, pnl, 1000);
    desk.publish(maker, B, pnl, 100);
    desk.publish(maker, B, pnl, -400);
    CHECK(desk.did() == "");
    desk.publish(maker, B, pnl, -401);
    CHECK(desk.did() == "close B, fire B on 0");
}

TEST_CASE("drawdown: over each source, each has its peak") {
    Plan plan = plan_of({1, 2});
    add_drawdown(plan, 500).over = Over::each;
    Desk desk(plan);
    desk.publish(maker, A, pnl, 1000);
    desk.publish(other_maker, A, pnl, 0);
    desk.publish(maker, A, pnl, 500);
    desk.publish(other_maker, A, pnl, -500);
    CHECK(desk.did() == "");
    desk.publish(maker, A, pnl, 499);
    CHECK(desk.did() == "close A, fire A on 0");
}

TEST_CASE("drawdown: after a re-arm it counts from the values of that moment") {
    Plan plan = plan_of({});
    add_drawdown(plan, 500);
    Desk desk(plan);
    desk.publish(maker, A, pnl, 1000);
    desk.publish(maker, A, pnl, 400);
    desk.answer(link(0), AnswerClass::accepted);
    desk.rearm({A});
    desk.forget();
    desk.publish(maker, A, pnl, -100);
    CHECK(desk.did() == "");
    desk.publish(maker, A, pnl, -101);
    CHECK(desk.did() == "close A, fire A on 0");
}

TEST_CASE("drawdown: to re-arm one family leaves the peak of one that stayed armed") {
    Plan plan = plan_of({2});
    add_drawdown(plan, 500).kills = {A, B};
    Desk desk(plan);
    desk.publish(maker, B, pnl, 1000);
    desk.publish(maker, B, pnl, 600);
    desk.trip({A});
    desk.answer(link(0), AnswerClass::accepted);
    desk.rearm({A});
    desk.forget();
    desk.publish(maker, B, pnl, 499);  // 501 below the peak, all of it while B was armed
    CHECK(desk.latched(B));
}
