// What waits to be told, and what is told of it in the end.
#include "core/engine/event_pace.h"

#include <doctest/doctest.h>

#include <algorithm>

using namespace scram;

namespace {

constexpr Time first_event = time_from_ns(1'000'000'000'000);

Event event_of(EventKind kind, std::size_t rule, double value = 0) {
    Event event;
    event.kind = kind;
    event.rule = id_at<RuleId>(rule);
    event.value = value;
    return event;
}

struct Teller {
    explicit Teller(std::size_t rules) : pace(rules), events(100'000) {}
    // What of it is told now.
    std::vector<Event> tell(const std::vector<Event>& all) {
        events.clear();
        for (const Event& event : all) events.push_back(event);
        pace.pace(events, now);
        return {events.begin(), events.end()};
    }
    std::size_t count(const std::vector<Event>& all) { return tell(all).size(); }

    EventPace pace;
    FixedList<Event> events;
    Time now = first_event;
};

}  // namespace

TEST_CASE("event pace: a jump over all steps is told at once") {
    Teller teller(1);
    const std::vector<Event> jump(warn_steps_max, event_of(EventKind::warned, 0));
    CHECK(teller.count(jump) == warn_steps_max);
    CHECK(teller.pace.next() == never);
}

TEST_CASE("event pace: of what swings on, the last is told when the second is over") {
    Teller teller(1);
    std::size_t told = 0;
    for (int i = 0; i < 500; ++i) {
        told += teller.count(
            {event_of(EventKind::warned, 0, i), event_of(EventKind::warning_over, 0, i)});
        teller.now += 1ms;
    }
    CHECK(told == paced_per_window_max);
    CHECK(teller.pace.next() == first_event + 1s);
    teller.now = teller.pace.next();
    const auto late = teller.tell({});
    REQUIRE(late.size() == 1);
    CHECK(late[0].kind == EventKind::warning_over);
    CHECK(late[0].value == 499);
    CHECK(late[0].suppressed == 1000 - paced_per_window_max - 1);
    CHECK(teller.pace.suppressed() == 1000 - paced_per_window_max - 1);
    CHECK(teller.pace.next() == never);
}

TEST_CASE("event pace: in any second a rule tells a few, however long it swings") {
    Teller teller(1);
    std::vector<Time> told;
    for (int i = 0; i < 10'000; ++i, teller.now += 1ms) {
        for (const Event& event : teller.tell({event_of(EventKind::would_trip, 0, i)})) {
            CHECK(event.value <= i);
            told.push_back(teller.now);
        }
    }
    CHECK(told.size() >= 10);
    for (const Time at : told) {
        const auto within = std::count_if(
            told.begin(), told.end(), [at](Time other) { return other >= at && other < at + 1s; });
        CHECK(within <= 2 * std::ptrdiff_t{paced_per_window_max});
    }
}

TEST_CASE("event pace: a turn tells no more than its share, and the rest follows in slices") {
    constexpr std::size_t rules = 100;
    Teller teller(rules);
    std::vector<Event> all;
    for (std::size_t r = 0; r < rules; ++r) all.push_back(event_of(EventKind::warned, r));
    std::vector<bool> seen(rules);
    auto told = teller.tell(all);
    int turns = 1;
    for (;; ++turns) {
        CHECK(told.size() <= paced_per_turn_max);
        for (const Event& event : told) seen[index(event.rule)] = true;
        if (teller.pace.next() == never) break;
        REQUIRE(teller.pace.next() > teller.now);  // the loop goes round in between
        teller.now = teller.pace.next();
        told = teller.tell({});
    }
    CHECK(turns == 7);
    CHECK(std::count(seen.begin(), seen.end(), true) == rules);
    CHECK(teller.pace.suppressed() == 0);
}

TEST_CASE("event pace: a rule that is quiet is not held up by one that is not") {
    Teller teller(2);
    const std::vector<Event> noise(50, event_of(EventKind::warned, 0));
    teller.tell(noise);
    CHECK(teller.count({event_of(EventKind::warned, 1)}) == 1);
}

TEST_CASE("event pace: what a person must see of a trip never waits, and keeps its order") {
    Teller teller(1);
    const std::vector<Event> noise(50, event_of(EventKind::warned, 0));
    teller.tell(noise);
    const auto told = teller.tell({event_of(EventKind::tripped, 0), event_of(EventKind::warned, 0),
                                   event_of(EventKind::latched, 0), event_of(EventKind::fired, 0)});
    REQUIRE(told.size() == 3);
    CHECK(told[0].kind == EventKind::tripped);
    CHECK(told[2].kind == EventKind::fired);
}

TEST_CASE("event pace: a reload drops what waits under the old rules' numbers") {
    Teller teller(3);
    const std::vector<Event> noise(50, event_of(EventKind::warned, 2));
    teller.tell(noise);
    teller.pace.restart(1);
    teller.now += 2s;
    CHECK(teller.tell({}).empty());
    CHECK(teller.pace.suppressed() == 50 - paced_per_window_max);
}
