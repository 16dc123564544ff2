// Receipts, from what the engine really says: the desk's events are followed one by one.
#include "core/receipts.h"

#include <doctest/doctest.h>

#include "tests/unit/core/desk.h"

using namespace scram;
using namespace scram::test;

namespace {

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
Plan limited(std::size_t families) {
    Plan plan = plan_of({families});
    add_limit(plan, 100);
    return plan;
}

Plan hedging(std::size_t families) {
    Plan plan = plan_of({families});
    plan.timings.hedge_min = 100ms;
    return plan;
}

Restored restored(FamilyId family, std::uint64_t trip, bool unfinished, std::string_view why) {
    Restored before;
    before.latched.push_back({family, TripId{trip}, unfinished, !unfinished && trip != 0, why});
    before.last_trip = TripId{7};
    return before;
}

}  // namespace

// ---- One trip -----------------------------------------------------------------------------------

TEST_CASE("receipts: rules that one signal breaches have one receipt that names each of them") {
    Plan plan = limited(2);
    add_limit(plan, 50).name = "wide";
    plan.rules[1].kills = {A, B};
    Book book(plan);
    book->publish(maker, A, delta, 101);
    CHECK(book.receipts.size() == 1);
    const Receipt& receipt = book.of(1);
    CHECK(receipt.cause.rule == RuleId{0});
    REQUIRE(receipt.also.size() == 1);
    CHECK(receipt.also[0].rule == RuleId{1});
    CHECK(receipt.also[0].value == 101);
    CHECK(receipt.also[0].limit == 50);
    CHECK(receipt.families.size() == 2);
    CHECK(book.family(1, A).how == How::latched);
    CHECK(book.family(1, B).how == How::latched);
    book.answer(A, AnswerClass::confirmed);
    CHECK(book.verdict_of(1) == Verdict::partial);
    book.answer(B, AnswerClass::confirmed);
    CHECK(book.verdict_of(1) == Verdict::confirmed);
}

TEST_CASE(
    "receipts: of many rules that one signal breaches the first are named, the rest counted") {
    Plan plan = limited(1);
    for (std::size_t i = 0; i < also_per_receipt_max + 2; ++i) add_limit(plan, 50);
    Book book(plan);
    book->publish(maker, A, delta, 101);
    CHECK(book.of(1).also.size() == also_per_receipt_max);
    CHECK(book.of(1).also_left_out == 2);
    book.answer(A, AnswerClass::confirmed);
    book->trip({A});
    CHECK(book.of(2).also.empty());
}

TEST_CASE(
    "receipts: a trip has its cause, its family and its attempt, and the verdict of the answer") {
    Book book(limited(2));
    const Time at = book->now;
    book->publish(maker, A, delta, 101);
    CHECK(book.verdict_of(1) == Verdict::unconfirmed);
    CHECK(book.of(1).cause.value == 101);
    CHECK(book.of(1).cause.limit == 100);
    CHECK(book.of(1).cause.published == at - 1000ns);
    CHECK(book.of(1).wall == WallMillis{1000});
    book->now += 5ms;
    book->answer(link(0), AnswerClass::confirmed);
    CHECK(book.verdict_of(1) == Verdict::confirmed);
    REQUIRE(book.of(1).families.size() == 1);
    CHECK(book.family(1, A).how == How::latched);
    CHECK(book.family(1, A).confirmed == at + 5ms);
    REQUIRE(book.of(1).attempts.size() == 1);
    const AttemptNote& attempt = book.of(1).attempts[0];
    CHECK(attempt.link == link(0));
    CHECK(attempt.sent == at + 1us);
    CHECK(attempt.settled == at + 5ms);
    CHECK(attempt.answer.answer_class == AnswerClass::confirmed);
    CHECK(served_by(book.of(1)) == TripId{});
}

TEST_CASE("receipts: a trip of several families is partial until the last is confirmed") {
    Book book(plan_of({3}));
    book->trip({A, B, C});
    CHECK(book.verdict_of(1) == Verdict::unconfirmed);
    book->answer(link(1), AnswerClass::confirmed);
    CHECK(book.verdict_of(1) == Verdict::partial);
    book->answer(link(0), AnswerClass::nothing_left);
    CHECK(book.verdict_of(1) == Verdict::partial);
    book->answer(link(2), AnswerClass::confirmed);
    CHECK(book.verdict_of(1) == Verdict::confirmed);
}

TEST_CASE("receipts: a family that waits for the budget is in its trip's receipt from the start") {
    Book book(plan_of({7}));
    book->trip({A, B, C, D, E, F, G});
    CHECK(book.of(1).families.size() == 7);
    CHECK(book.of(1).attempts.size() == 5);
    for (std::size_t i = 0; i < 5; ++i) book->answer(link(i), AnswerClass::confirmed);
    CHECK(book.verdict_of(1) == Verdict::partial);
    CHECK(book.family(1, G).attempts == 0);
}

TEST_CASE("receipts: an operator's trip keeps who and why") {
    Book book(plan_of({1}));
    book->trip({A});
    CHECK(book.of(1).cause.by.view() == "uid 1 (ann)");
    CHECK(book.of(1).cause.text.view() == "news");
}

TEST_CASE("receipts: a source's stamp is kept only where it can be true") {
    for (const std::int64_t stamp : {INT64_MIN, std::int64_t{0}, INT64_MAX}) {
        Book book(limited(1));
        scram_signal signal = book->record(maker, A, delta, 101);
        signal.published_ns = stamp;
        book->hand_in(maker, signal);
        CHECK(book.of(1).cause.published == Time{});
    }
}

// ---- Attempts -----------------------------------------------------------------------------------

TEST_CASE("receipts: a hedge is told as one, and the answer that comes after it as late") {
    Book book(hedging(1));
    book->trip({A});
    book->wait(100ms);
    book->answer(link(1), AnswerClass::confirmed);
    CHECK(book.verdict_of(1) == Verdict::confirmed);
    REQUIRE(book.of(1).attempts.size() == 2);
    CHECK_FALSE(book.of(1).attempts[0].hedge);
    CHECK(book.of(1).attempts[0].settled == Time{});
    CHECK(book.of(1).attempts[1].hedge);
    book->answer(link(0), AnswerClass::failed);
    CHECK(book.of(1).attempts[0].late);
    CHECK(book.of(1).attempts[0].answer.answer_class == AnswerClass::failed);
    CHECK_FALSE(book.of(1).attempts[1].late);
    CHECK(book.verdict_of(1) == Verdict::confirmed);
}

TEST_CASE("receipts: a lost attempt and the next are both told") {
    Book book(plan_of({1}));
    book->trip({A});
    book->down(link(0));
    REQUIRE(book.of(1).attempts.size() == 2);
    CHECK(book.of(1).attempts[0].lost);
    CHECK(book.of(1).attempts[0].settled == book->now);
    CHECK_FALSE(book.of(1).attempts[1].lost);
    book->answer(link(1), AnswerClass::confirmed);
    CHECK(book.verdict_of(1) == Verdict::confirmed);
    CHECK(book.family(1, A).attempts == 2);
}

TEST_CASE("receipts: an attempt keeps the kernel's stamp from its end on, answered or lost") {
    Book book(plan_of({1}));
    book->trip({A});
    CHECK(book.of(1).attempts[0].wire == Time{});
    book.wire = book.desk.now - 1us;
    book->down(link(0));
    CHECK(book.of(1).attempts[0].lost);
    CHECK(book.of(1).attempts[0].wire == book.wire);
    book.wire = book.desk.now + 1us;
    book->answer(link(1), AnswerClass::confirmed);
    CHECK(book.of(1).attempts[0].wire == book.wire - 2us);
    CHECK(book.of(1).attempts[1].wire == book.wire);
}

TEST_CASE("receipts: an answer belongs to the trip that its attempt was sent for") {
    Book book(hedging(1));
    book->trip({A});
    book->wait(100ms);
    book->answer(link(1), AnswerClass::confirmed);
    book->trip({A});  // again, while the first attempt is still without an answer
    book->answer(link(0), AnswerClass::confirmed);
    CHECK(book.of(1).attempts[0].settled == book->now);
    CHECK(book.of(1).attempts[0].late);
    CHECK(book.verdict_of(2) == Verdict::unconfirmed);
    for (const AttemptNote& attempt : book.of(2).attempts) CHECK(attempt.settled == Time{});
}

TEST_CASE("receipts: attempts beyond the limit are counted, and each family keeps its last") {
    Book book(plan_of({1}));
    book->trip({A});
    for (std::size_t i = 0; i < attempts_per_receipt_max + 10; ++i) {
        book.answer(A, AnswerClass::failed);
    }
    book.answer(A, AnswerClass::confirmed);
    CHECK(book.of(1).attempts.size() == attempts_per_receipt_max);
    CHECK(book.of(1).attempts_left_out == 11);
    CHECK(book.family(1, A).attempts == attempts_per_receipt_max + 11);
    CHECK(book.family(1, A).last.answer.answer_class == AnswerClass::confirmed);
    CHECK(book.family(1, A).last.settled == book->now);
    CHECK(book.verdict_of(1) == Verdict::confirmed);
}

// ---- Several trips ------------------------------------------------------------------------------

TEST_CASE(
    "receipts: a trip whose families are being cancelled already is served, and confirmed with "
    "them") {
    Book book(limited(1));
    book->trip({A});
    book->publish(maker, A, delta, 101);
    CHECK(served_by(book.of(2)) == TripId{1});
    CHECK(book.family(2, A).how == How::served);
    CHECK(book.verdict_of(2) == Verdict::unconfirmed);
    CHECK(book.of(2).attempts.empty());
    book->answer(link(0), AnswerClass::confirmed);
    CHECK(book.verdict_of(1) == Verdict::confirmed);
    CHECK(book.verdict_of(2) == Verdict::confirmed);
}

TEST_CASE("receipts: a trip that is served in part is confirmed with all of its families") {
    Book book(plan_of({2}));
    book->trip({A});
    book->trip({A, B});
    CHECK(served_by(book.of(2)) == TripId{});
    CHECK(book.family(2, A).by == TripId{1});
    CHECK(book.family(2, B).how == How::latched);
    book->answer(link(1), AnswerClass::confirmed);
    CHECK(book.verdict_of(2) == Verdict::partial);
    CHECK(book.verdict_of(1) == Verdict::unconfirmed);
    book->answer(link(0), AnswerClass::confirmed);
    CHECK(book.verdict_of(2) == Verdict::confirmed);
}

TEST_CASE(
    "receipts: of two rules that one signal breaches both are served by the cancel under way") {
    Plan plan = limited(1);
    add_limit(plan, 50).name = "tighter";
    Book book(std::move(plan));
    book->trip({A});
    book->publish(maker, A, delta, 101);
    CHECK(served_by(book.of(2)) == TripId{1});
    CHECK(index(book.of(2).cause.rule) == 0);
    REQUIRE(book.of(2).also.size() == 1);
    CHECK(index(book.of(2).also[0].rule) == 1);
    CHECK(book.receipts.size() == 2);
}

TEST_CASE("receipts: a repeat counts for the later trip only") {
    Book book(plan_of({1}));
    book->trip({A});
    book->answer(link(0), AnswerClass::confirmed);
    book->trip({A});
    CHECK(book.family(2, A).how == How::cancelled);
    CHECK(book.verdict_of(1) == Verdict::confirmed);
    CHECK(book.verdict_of(2) == Verdict::unconfirmed);
    book.answer(A, AnswerClass::confirmed);
    CHECK(book.verdict_of(2) == Verdict::confirmed);
    CHECK(book.of(1).attempts.size() == 1);
    CHECK(book.of(2).attempts.size() == 1);
}

TEST_CASE(
    "receipts: what a trip left unconfirmed when it was armed again goes on as the next trip") {
    Book book(limited(1));
    book->trip({A});
    book->answer(link(0), AnswerClass::failed);
    book->rearm({A});
    book->publish(maker, A, delta, 101);
    CHECK(book.family(1, A).continued_by == TripId{2});
    book.answer(A, AnswerClass::confirmed);
    CHECK(book.verdict_of(1) == Verdict::unconfirmed);
    CHECK(book.verdict_of(2) == Verdict::confirmed);
}

// ---- Arming again, restarts, reloads ------------------------------------------------------------

TEST_CASE("receipts: a re-arm is told with its operator, and the lock with its end") {
    Plan plan = plan_of({1});
    plan.families[0].lock = 10s;
    Book book(std::move(plan));
    book->trip({A});
    book->answer(link(0), AnswerClass::confirmed);
    book->now += 1s;
    const Time rearmed_at = book->now;
    book->rearm({A});
    CHECK(book.family(1, A).rearmed == rearmed_at);
    CHECK(book.of(1).rearmed_by.view() == "uid 1 (ann)");
    CHECK(book.of(1).rearm_reason.view() == "calm");
    CHECK(book.family(1, A).lock_released == Time{});
    book.answer(A, AnswerClass::confirmed);
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
    book->answer(link(0), AnswerClass::confirmed);
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
    book.answer(A, AnswerClass::confirmed);
    CHECK(book.verdict_of(1) == Verdict::confirmed);
}

TEST_CASE("receipts: a trip of before this start is known by why it is latched") {
    Book book(plan_of({2}));
    Step step(book->engine.plan());
    book->engine.on_restored(restored(A, 5, false, "as the journal says"), book->now, step);
    book->events.assign(step.events.begin(), step.events.end());
    CHECK(is_restored(book.of(5)));
    CHECK(book.of(5).cause.text.view() == "as the journal says");
    CHECK(book.family(5, A).how == How::restored);
    CHECK(book.verdict_of(5) == Verdict::confirmed);
    CHECK(book.changed() == "");  // the file of before tells more
}

TEST_CASE("receipts: an unfinished cancel of before this start is unconfirmed until its answer") {
    Book book(plan_of({2}));
    Step step(book->engine.plan());
    book->engine.on_restored(restored(A, 5, true, "unfinished"), book->now, step);
    book->events.assign(step.events.begin(), step.events.end());
    CHECK(book.verdict_of(5) == Verdict::unconfirmed);
    book.answer(A, AnswerClass::confirmed);
    CHECK(book.verdict_of(5) == Verdict::confirmed);
    CHECK(book.changed() == "5");
}

TEST_CASE("receipts: what a start latches without a cancel is not called confirmed") {
    Book book(plan_of({2}));
    Step step(book->engine.plan());
    Restored before = restored(A, 0, false, "after an unclean end");
    before.latched.push_back({B, TripId{}, true, false, "after an unclean end"});
    book->engine.on_restored(before, book->now, step);
    book->events.assign(step.events.begin(), step.events.end());
    CHECK_FALSE(is_restored(book.of(8)));
    CHECK(book.family(8, A).how == How::held);
    CHECK(book.family(8, B).how == How::latched);
    book.answer(B, AnswerClass::confirmed);
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
    book.answer(A, AnswerClass::confirmed);
    CHECK(book.verdict_of(9) == Verdict::confirmed);
    CHECK(book.verdict_of(8) == Verdict::held);
}

TEST_CASE("receipts: a held family of an earlier start is held in its receipt, not confirmed") {
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
    book->answer(link(1), AnswerClass::confirmed);
    CHECK(book.changed() == "1");
    book.answer(A, AnswerClass::confirmed);
    CHECK(book.changed() == "1");
    book->rearm({A});
    CHECK(book.changed() == "1");
}

TEST_CASE("receipts: a late answer changes the receipt, so that no file says in flight for ever") {
    Book book(hedging(1));
    book->trip({A});
    book->wait(100ms);
    book->answer(link(1), AnswerClass::confirmed);
    CHECK(book.changed() == "1");
    book->answer(link(0), AnswerClass::confirmed);
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
    book.answer(A, AnswerClass::confirmed);
    for (std::size_t i = 0; i < receipts_max + 10; ++i) {
        book->trip({B});
        book.answer(B, AnswerClass::confirmed);
    }
    CHECK(book.receipts.size() == receipts_max);
    CHECK(book.verdict_of(1) == Verdict::confirmed);
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
    book->answer(link(0), AnswerClass::confirmed);
    CHECK(book.changed() == "");
}
