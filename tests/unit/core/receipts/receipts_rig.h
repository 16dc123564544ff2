// A desk whose events are followed by receipts, one by one, as the daemon does.
#pragma once

#include <doctest/doctest.h>

#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "core/receipts/receipts.h"
#include "tests/unit/core/engine/rig.h"

namespace scram::test {

using How = FamilyNote::How;

struct Book {
    explicit Book(Plan plan)
        : desk(std::move(plan)),
          receipts(desk.engine, std::make_shared<const Plan>(desk.engine.plan())) {}

    // Each use of the desk is followed at once, as the daemon does: book->trip({A}).
    struct Turn {
        Book& book;
        ~Turn() { book.follow(); }
        Desk* operator->() { return &book.desk; }
    };
    Turn operator->() { return {*this}; }
    void follow() {
        for (const Event& event : std::exchange(desk.events, {})) {
            // What leaves has left a microsecond after its event.
            receipts.on_event(event, {.sent = event.at + 1us, .wire = wire}, WallMillis{1000});
        }
    }
    const Receipt& of(std::uint64_t trip) {
        const Receipt* found = receipts.find(TripId{trip});
        REQUIRE(found != nullptr);
        return *found;
    }
    Verdict verdict_of(std::uint64_t trip) { return verdict(of(trip)); }
    const FamilyNote& family(std::uint64_t trip, FamilyId family) {
        for (const FamilyNote& note : of(trip).families) {
            if (note.family == family) return note;
        }
        FAIL("the receipt has no such family");
        return receipts.newest(0).families[0];
    }
    // The answer to the next attempt of a family, as soon as it is in flight.
    void answer(FamilyId family, AnswerClass answer_class) {
        while (desk.engine.family(family).cancel != Cancel::in_flight) {
            desk.wait(100ms);
            follow();
        }
        desk.answer(desk.engine.family(family).link, answer_class);
        follow();
    }
    // "1", "1 2": the trips whose receipts have changed since the last call.
    std::string changed() {
        std::string text;
        while (const Receipt* receipt = receipts.take_changed()) {
            text += (text.empty() ? "" : " ") +
                    std::to_string(static_cast<std::uint64_t>(receipt->trip));
        }
        return text;
    }

    Desk desk;
    Receipts receipts;
    Time wire{};  // the stamp that the kernel gives
};

// Families whose delta has a limit of 100 each.
inline Plan limited(std::size_t families) {
    Plan plan = plan_of({families});
    add_limit(plan, 100);
    return plan;
}

inline Plan hedging(std::size_t families) {
    Plan plan = plan_of({families});
    plan.timings.hedge_min = 100ms;
    return plan;
}

inline Restored restored(FamilyId family, std::uint64_t trip, bool unfinished,
                         std::string_view why) {
    Restored before;
    before.latched.push_back({family, TripId{trip}, unfinished, !unfinished && trip != 0, why});
    before.last_trip = TripId{7};
    return before;
}

}  // namespace scram::test
