// Receipts over re-arms, restarts and reloads, and what becomes of old ones.
#include "tests/unit/core/receipts/receipts_rig.h"

using namespace scram;
using namespace scram::test;

// ---- Arming again, restarts, reloads ------------------------------------------------------------

TEST_CASE("receipts: a re-arm is told with its operator, and the lock with its end") {
    Plan plan = plan_of({1});
    plan.families[0].lock = 10s;
    Book book(std::move(plan));
    book->trip({A});
    book->answer(link(0), AnswerClass::accepted);
    book->now += 1s;
    const Time rearmed_at = book->now;
    book->rearm({A});
    CHECK(book.family(1, A).rearmed == rearmed_at);
    CHECK(book.of(1).rearmed_by.view() == "uid 1 (ann)");
    CHECK(book.of(1).rearm_reason.view() == "calm");
    CHECK(book.family(1, A).lock_released == Time{});
    book.answer(A, AnswerClass::accepted);
    CHECK(book.family(1, A).lock_released == book->now);
    REQUIRE(book.of(1).attempts.size() == 2);
    CHECK_FALSE(book.of(1).attempts[0].rearmed);
    CHECK(book.of(1).attempts[1].rearmed);
}

TEST_CASE("receipts: a lock that runs out by itself is told as such") {
    Plan plan = plan_of({1});
    plan.families[0].lock = 10s;
    Book book(std::move(plan));
    book->trip({A});
    book->answer(link(0), AnswerClass::accepted);
    book->rearm({A});
    for (std::size_t l = 0; l < book->engine.link_count(); ++l) book->down(link(l));
    book->wait(20s);
    CHECK(book.family(1, A).lock_released == Time{});
    CHECK(book.family(1, A).lock_expired != Time{});
}

TEST_CASE("receipts: a cancel that goes on after the re-arm still confirms its trip") {
    Book book(plan_of({1}));
    book->trip({A});
    book->answer(link(0), AnswerClass::failed);
    book->rearm({A});
    CHECK_FALSE(book->latched(A));
    book.answer(A, AnswerClass::accepted);
    CHECK(book.verdict_of(1) == Verdict::accepted);
}

TEST_CASE("receipts: a trip of before this start is known by why it is latched") {
    Book book(plan_of({2}));
    Step step(book->engine.plan());
    book->engine.on_restored(restored(A, 5, false, "as the journal says"), book->now, step);
    book->events.assign(step.events.begin(), step.events.end());
    CHECK(is_restored(book.of(5)));
    CHECK(book.of(5).cause.text.view() == "as the journal says");
    CHECK(book.family(5, A).how == How::restored);
    CHECK(book.verdict_of(5) == Verdict::accepted);
    CHECK(book.changed() == "");  // the file of before tells more
}

TEST_CASE("receipts: an unfinished cancel of before this start is open until its answer") {
    Book book(plan_of({2}));
    Step step(book->engine.plan());
    book->engine.on_restored(restored(A, 5, true, "unfinished"), book->now, step);
    book->events.assign(step.events.begin(), step.events.end());
    CHECK(book.verdict_of(5) == Verdict::open);
    book.answer(A, AnswerClass::accepted);
    CHECK(book.verdict_of(5) == Verdict::accepted);
    CHECK(book.changed() == "5");
}

TEST_CASE("receipts: what a start latches without a cancel is not called accepted") {
    Book book(plan_of({2}));
    Step step(book->engine.plan());
    Restored before = restored(A, 0, false, "after an unclean end");
    before.latched.push_back({B, TripId{}, true, false, "after an unclean end"});
    book->engine.on_restored(before, book->now, step);
    book->events.assign(step.events.begin(), step.events.end());
    CHECK_FALSE(is_restored(book.of(8)));
    CHECK(book.family(8, A).how == How::held);
    CHECK(book.family(8, B).how == How::latched);
    book.answer(B, AnswerClass::accepted);
    CHECK(book.verdict_of(8) == Verdict::partial);
}

TEST_CASE("receipts: where a start cancels nothing the verdict is HELD, and stays it") {
    Book book(plan_of({2}));
    Step step(book->engine.plan());
    book->engine.on_restored(restored(A, 0, false, "after an unclean end"), book->now, step);
    book->events.assign(step.events.begin(), step.events.end());
    CHECK(book.verdict_of(8) == Verdict::held);
    book->trip({A});
    CHECK(book.family(9, A).how == How::latched);
    CHECK(book.family(8, A).continued_by == TripId{9});
    book.answer(A, AnswerClass::accepted);
    CHECK(book.verdict_of(9) == Verdict::accepted);
    CHECK(book.verdict_of(8) == Verdict::held);
}

TEST_CASE("receipts: a held family of an earlier start is held in its receipt, not accepted") {
    Book book(plan_of({2}));
    Step step(book->engine.plan());
    Restored before;
    before.latched.push_back({A, TripId{5}, false, false, ""});
    before.last_trip = TripId{7};
    book->engine.on_restored(before, book->now, step);
    book->events.assign(step.events.begin(), step.events.end());
    CHECK(book.family(5, A).how == How::held);
    CHECK(book.verdict_of(5) == Verdict::held);
}

TEST_CASE("receipts: a receipt keeps the plan whose rule tripped, whatever is reloaded") {
    Book book(limited(1));
    const Plan before = book->engine.plan();
    book->publish(maker, A, delta, 101);
    Plan after = before;
    after.rules[0].name = "other";
    book.receipts.adopt(std::make_shared<const Plan>(after));
    book->adopt(after);
    CHECK(book.of(1).plan->rules[0].name == "limit");
}

// ---- What has changed, and the ring -------------------------------------------------------------

TEST_CASE("receipts: a receipt has changed at its trip, with each confirmation and with a re-arm") {
    Book book(plan_of({2}));
    CHECK(book.changed() == "");
    book->trip({A, B});
    CHECK(book.changed() == "1");
    CHECK(book.changed() == "");
    book->answer(link(0), AnswerClass::failed);
    CHECK(book.changed() == "");
    book->answer(link(1), AnswerClass::accepted);
    CHECK(book.changed() == "1");
    book.answer(A, AnswerClass::accepted);
    CHECK(book.changed() == "1");
    book->rearm({A});
    CHECK(book.changed() == "1");
}

TEST_CASE("receipts: a late answer changes the receipt, so that no file says in flight for ever") {
    Book book(hedging(1));
    book->trip({A});
    book->wait(100ms);
    book->answer(link(1), AnswerClass::accepted);
    CHECK(book.changed() == "1");
    book->answer(link(0), AnswerClass::accepted);
    CHECK(book.changed() == "1");
}

TEST_CASE("receipts: the last trips are kept, and those that nobody took in time are counted") {
    Book book(plan_of({1}));
    for (std::size_t i = 0; i < receipts_max + 3; ++i) {
        book->trip({A});
        if (i == 0) CHECK(book.changed() == "1");
    }
    CHECK(book.receipts.size() == receipts_max);
    CHECK(book.receipts.newest(0).trip == TripId{receipts_max + 3});
    CHECK(book.receipts.untaken() == 3);
    CHECK(book.receipts.find(TripId{1}) != nullptr);  // its cancel serves all the others
    for (std::uint64_t trip = 2; trip <= 4; ++trip)
        CHECK(book.receipts.find(TripId{trip}) == nullptr);
    CHECK(book.changed().substr(0, 4) == "5 6 ");
}

TEST_CASE("receipts: operators' trips do not push out what a rule did") {
    Book book(limited(2));
    book->publish(maker, A, delta, 101);
    book.answer(A, AnswerClass::accepted);
    for (std::size_t i = 0; i < receipts_max + 10; ++i) {
        book->trip({B});
        book.answer(B, AnswerClass::accepted);
    }
    CHECK(book.receipts.size() == receipts_max);
    CHECK(book.verdict_of(1) == Verdict::accepted);
    CHECK(book.receipts.find(TripId{2}) == nullptr);
}

TEST_CASE("receipts: where none has told all, the oldest gives way") {
    Plan plan = plan_of({receipts_max + 1});
    Book book(std::move(plan));
    for (std::size_t f = 0; f <= receipts_max; ++f) book->trip({id_at<FamilyId>(f)});
    CHECK(book.receipts.size() == receipts_max);
    CHECK(book.receipts.find(TripId{1}) == nullptr);
    CHECK(book.receipts.find(TripId{2}) != nullptr);
}

TEST_CASE("receipts: an answer to a trip that is no more among the last is nobody's") {
    Book book(plan_of({receipts_max + 1}));
    for (std::size_t f = 0; f <= receipts_max; ++f) book->trip({id_at<FamilyId>(f)});
    REQUIRE(book.receipts.find(TripId{1}) == nullptr);
    book.changed();
    book->answer(link(0), AnswerClass::accepted);
    CHECK(book.changed() == "");
}
