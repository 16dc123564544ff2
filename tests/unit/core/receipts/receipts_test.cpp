// Receipts, from what the engine really says: a trip, its attempts, several trips.
#include "tests/unit/core/receipts/receipts_rig.h"

using namespace scram;
using namespace scram::test;

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
    book.answer(A, AnswerClass::accepted);
    CHECK(book.verdict_of(1) == Verdict::partial);
    book.answer(B, AnswerClass::accepted);
    CHECK(book.verdict_of(1) == Verdict::accepted);
}

TEST_CASE(
    "receipts: of many rules that one signal breaches the first are named, the rest counted") {
    Plan plan = limited(1);
    for (std::size_t i = 0; i < also_per_receipt_max + 2; ++i) add_limit(plan, 50);
    Book book(plan);
    book->publish(maker, A, delta, 101);
    CHECK(book.of(1).also.size() == also_per_receipt_max);
    CHECK(book.of(1).also_left_out == 2);
    book.answer(A, AnswerClass::accepted);
    book->trip({A});
    CHECK(book.of(2).also.empty());
}

TEST_CASE(
    "receipts: a trip has its cause, its family and its attempt, and the verdict of the answer") {
    Book book(limited(2));
    const Time at = book->now;
    book->publish(maker, A, delta, 101);
    CHECK(book.verdict_of(1) == Verdict::open);
    CHECK(book.of(1).cause.value == 101);
    CHECK(book.of(1).cause.limit == 100);
    CHECK(book.of(1).cause.published == at - 1000ns);
    CHECK(book.of(1).wall == WallMillis{1000});
    book->now += 5ms;
    book->answer(link(0), AnswerClass::accepted);
    CHECK(book.verdict_of(1) == Verdict::accepted);
    REQUIRE(book.of(1).families.size() == 1);
    CHECK(book.family(1, A).how == How::latched);
    CHECK(book.family(1, A).accepted == at + 5ms);
    REQUIRE(book.of(1).attempts.size() == 1);
    const AttemptNote& attempt = book.of(1).attempts[0];
    CHECK(attempt.link == link(0));
    CHECK(attempt.sent == at + 1us);
    CHECK(attempt.settled == at + 5ms);
    CHECK(attempt.answer.answer_class == AnswerClass::accepted);
    CHECK(served_by(book.of(1)) == TripId{});
}

TEST_CASE("receipts: a trip of several families is partial until the last is accepted") {
    Book book(plan_of({3}));
    book->trip({A, B, C});
    CHECK(book.verdict_of(1) == Verdict::open);
    book->answer(link(1), AnswerClass::accepted);
    CHECK(book.verdict_of(1) == Verdict::partial);
    book->answer(link(0), AnswerClass::nothing_left);
    CHECK(book.verdict_of(1) == Verdict::partial);
    book->answer(link(2), AnswerClass::accepted);
    CHECK(book.verdict_of(1) == Verdict::accepted);
}

TEST_CASE("receipts: a family that waits for the budget is in its trip's receipt from the start") {
    Book book(plan_of({7}));
    book->trip({A, B, C, D, E, F, G});
    CHECK(book.of(1).families.size() == 7);
    CHECK(book.of(1).attempts.size() == 5);
    for (std::size_t i = 0; i < 5; ++i) book->answer(link(i), AnswerClass::accepted);
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
    book->answer(link(1), AnswerClass::accepted);
    CHECK(book.verdict_of(1) == Verdict::accepted);
    REQUIRE(book.of(1).attempts.size() == 2);
    CHECK_FALSE(book.of(1).attempts[0].hedge);
    CHECK(book.of(1).attempts[0].settled == Time{});
    CHECK(book.of(1).attempts[1].hedge);
    book->answer(link(0), AnswerClass::failed);
    CHECK(book.of(1).attempts[0].late);
    CHECK(book.of(1).attempts[0].answer.answer_class == AnswerClass::failed);
    CHECK_FALSE(book.of(1).attempts[1].late);
    CHECK(book.verdict_of(1) == Verdict::accepted);
}

TEST_CASE("receipts: a lost attempt and the next are both told") {
    Book book(plan_of({1}));
    book->trip({A});
    book->down(link(0));
    REQUIRE(book.of(1).attempts.size() == 2);
    CHECK(book.of(1).attempts[0].lost);
    CHECK(book.of(1).attempts[0].settled == book->now);
    CHECK_FALSE(book.of(1).attempts[1].lost);
    book->answer(link(1), AnswerClass::accepted);
    CHECK(book.verdict_of(1) == Verdict::accepted);
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
    book->answer(link(1), AnswerClass::accepted);
    CHECK(book.of(1).attempts[0].wire == book.wire - 2us);
    CHECK(book.of(1).attempts[1].wire == book.wire);
}

TEST_CASE("receipts: an answer belongs to the trip that its attempt was sent for") {
    Book book(hedging(1));
    book->trip({A});
    book->wait(100ms);
    book->answer(link(1), AnswerClass::accepted);
    book->trip({A});  // again, while the first attempt is still without an answer
    book->answer(link(0), AnswerClass::accepted);
    CHECK(book.of(1).attempts[0].settled == book->now);
    CHECK(book.of(1).attempts[0].late);
    CHECK(book.verdict_of(2) == Verdict::open);
    for (const AttemptNote& attempt : book.of(2).attempts) CHECK(attempt.settled == Time{});
}

TEST_CASE("receipts: attempts beyond the limit are counted, and each family keeps its last") {
    Book book(plan_of({1}));
    book->trip({A});
    for (std::size_t i = 0; i < attempts_per_receipt_max + 10; ++i) {
        book.answer(A, AnswerClass::failed);
    }
    book.answer(A, AnswerClass::accepted);
    CHECK(book.of(1).attempts.size() == attempts_per_receipt_max);
    CHECK(book.of(1).attempts_left_out == 11);
    CHECK(book.family(1, A).attempts == attempts_per_receipt_max + 11);
    CHECK(book.family(1, A).last.answer.answer_class == AnswerClass::accepted);
    CHECK(book.family(1, A).last.settled == book->now);
    CHECK(book.verdict_of(1) == Verdict::accepted);
}

// ---- Several trips ------------------------------------------------------------------------------

TEST_CASE(
    "receipts: a trip whose families are being cancelled already is served, and accepted with "
    "them") {
    Book book(limited(1));
    book->trip({A});
    book->publish(maker, A, delta, 101);
    CHECK(served_by(book.of(2)) == TripId{1});
    CHECK(book.family(2, A).how == How::served);
    CHECK(book.verdict_of(2) == Verdict::open);
    CHECK(book.of(2).attempts.empty());
    book->answer(link(0), AnswerClass::accepted);
    CHECK(book.verdict_of(1) == Verdict::accepted);
    CHECK(book.verdict_of(2) == Verdict::accepted);
}

TEST_CASE("receipts: a trip that is served in part is accepted with all of its families") {
    Book book(plan_of({2}));
    book->trip({A});
    book->trip({A, B});
    CHECK(served_by(book.of(2)) == TripId{});
    CHECK(book.family(2, A).by == TripId{1});
    CHECK(book.family(2, B).how == How::latched);
    book->answer(link(1), AnswerClass::accepted);
    CHECK(book.verdict_of(2) == Verdict::partial);
    CHECK(book.verdict_of(1) == Verdict::open);
    book->answer(link(0), AnswerClass::accepted);
    CHECK(book.verdict_of(2) == Verdict::accepted);
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
    book->answer(link(0), AnswerClass::accepted);
    book->trip({A});
    CHECK(book.family(2, A).how == How::cancelled);
    CHECK(book.verdict_of(1) == Verdict::accepted);
    CHECK(book.verdict_of(2) == Verdict::open);
    book.answer(A, AnswerClass::accepted);
    CHECK(book.verdict_of(2) == Verdict::accepted);
    CHECK(book.of(1).attempts.size() == 1);
    CHECK(book.of(2).attempts.size() == 1);
}

TEST_CASE("receipts: what a trip left open when it was armed again goes on as the next trip") {
    Book book(limited(1));
    book->trip({A});
    book->answer(link(0), AnswerClass::failed);
    book->rearm({A});
    book->publish(maker, A, delta, 101);
    CHECK(book.family(1, A).continued_by == TripId{2});
    book.answer(A, AnswerClass::accepted);
    CHECK(book.verdict_of(1) == Verdict::open);
    CHECK(book.verdict_of(2) == Verdict::accepted);
}
