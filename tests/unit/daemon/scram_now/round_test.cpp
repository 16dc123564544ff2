#include "daemon/scram_now/round.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <random>
#include <vector>

using namespace scram;

namespace {

constexpr Time start = time_from_ns(1'000'000'000'000);
constexpr Answer yes{AnswerClass::confirmed, 200, 0};
constexpr Answer nothing_left{AnswerClass::nothing_left, 200, 51405};
constexpr Answer busy{AnswerClass::failed, 503, 50001};
constexpr Answer refused{AnswerClass::refused, 401, 50113};
constexpr Answer throttled{AnswerClass::throttled, 429, 50011};
constexpr Answer stale{AnswerClass::clock, 401, 50102};
constexpr Answer timed_out{AnswerClass::ambiguous, 400, 50004};

NowRound round_of(std::size_t families, BudgetSpec budget = {}) {
    return NowRound(budget, Timings{}, families, start);
}

std::vector<std::size_t> take_all(NowRound& round, Time now) {
    std::vector<std::size_t> families;
    while (const auto shot = round.take(now)) families.push_back(shot->family);
    return families;
}

// When the only family is tried again after this answer.
Duration pause_after(const Answer& answer) {
    NowRound round = round_of(1);
    round.answered(*round.take(start), answer, start);
    return round.next_take(start) - start;
}

}  // namespace

TEST_CASE("now round: families go in order, five at once, the sixth a window after an answer") {
    NowRound round = round_of(7);
    std::vector<NowRound::Shot> shots;
    while (const auto shot = round.take(start)) shots.push_back(*shot);
    REQUIRE(shots.size() == 5);
    for (std::size_t i = 0; i < 5; ++i) CHECK(shots[i].family == i);
    CHECK(round.next_take(start) == never);
    round.answered(shots[2], yes, start + 100ms);
    CHECK(round.next_take(start + 100ms) == start + 2105ms);
    CHECK(take_all(round, start + 2104ms).empty());
    CHECK(take_all(round, start + 2105ms) == std::vector<std::size_t>{5});
}

TEST_CASE("now round: confirmed and nothing left end a family, and all end the round") {
    NowRound round = round_of(2);
    const auto first = *round.take(start);
    const auto second = *round.take(start);
    round.answered(first, yes, start + 1ms);
    CHECK_FALSE(round.over());
    round.answered(second, nothing_left, start + 2ms);
    CHECK(round.over());
    CHECK(round.next_take(start + 10s) == never);
    CHECK(round.family(1).told_at == start + 2ms);
    CHECK(round.family(1).requests == 1);
}

TEST_CASE("now round: how soon each class of answer is tried again") {
    const Timings timings;
    CHECK(pause_after(busy) == timings.retry_first);
    CHECK(pause_after(refused) == timings.retry_refused);
    CHECK(pause_after(throttled) == BudgetSpec{}.window);
    CHECK(pause_after(stale) == 0ns);
    CHECK(pause_after(timed_out) == 0ns);
}

TEST_CASE("now round: a lost request is tried at once, and its slot is kept a guard longer") {
    NowRound round = round_of(1, {.slots = 1, .reserve = 0});
    round.lost(*round.take(start), start + 1s);
    CHECK_FALSE(round.family(0).answer);
    CHECK(round.next_take(start + 1s) == start + 1s + 2005ms + 1000ms);
}

TEST_CASE("now round: an answer that is not the exchange's own keeps its slot as long") {
    NowRound round = round_of(1, {.slots = 1, .reserve = 0});
    round.answered(*round.take(start), {AnswerClass::failed, 504, no_code}, start);
    CHECK(round.next_take(start) == start + 3005ms);
}

TEST_CASE("now round: pauses after failures double, up to a bound") {
    const Timings timings;
    NowRound round = round_of(1);
    Time now = start;
    Duration last{};
    for (int i = 0; i < 12; ++i) {
        const auto shot = round.take(now);
        REQUIRE(shot);
        round.answered(*shot, busy, now);
        last = round.next_take(now) - now;
        now += std::max<Duration>(last, 2s);  // the budget does not hold it up
    }
    CHECK(last == timings.retry_max);
}

TEST_CASE(
    "now round: a second answer about the clock waits, so that no wrong clock is asked in a loop") {
    NowRound round = round_of(1);
    round.answered(*round.take(start), stale, start);
    round.answered(*round.take(start), stale, start);
    CHECK(round.next_take(start) > start);
}

TEST_CASE("now round: a family that was never tried goes before one that failed") {
    NowRound round = round_of(2, {.slots = 1, .reserve = 0});
    round.answered(*round.take(start), busy, start);
    CHECK(take_all(round, start + 10s) == std::vector<std::size_t>{1});
}

TEST_CASE("now round: who failed twice leaves a slot to first tries") {
    NowRound round = round_of(2, {.slots = 2, .reserve = 1});
    const auto failing = *round.take(start);
    REQUIRE(round.take(start));  // the other's answer never comes
    round.answered(failing, busy, start);
    CHECK(round.next_take(start) == start + 2005ms);
    round.answered(*round.take(start + 10s), busy, start + 10s);
    CHECK_FALSE(round.take(start + 20s));
    CHECK(round.next_take(start + 20s) == never);
}

TEST_CASE("now round: whatever the network does, no window holds more than five, and all end") {
    for (std::uint32_t seed = 0; seed < 200; ++seed) {
        std::mt19937 dice(seed);
        const auto random = [&](int bound) {
            return std::uniform_int_distribution<int>(0, bound - 1)(dice);
        };
        NowRound round = round_of(1 + static_cast<std::size_t>(random(12)));
        struct Flight {
            NowRound::Shot shot;
            Time counted, told;
            int kind;
        };
        std::vector<Flight> out;
        std::vector<Time> counted;
        Time now = start;
        for (int step = 0; step < 4000 && !round.over(); ++step) {
            while (const auto shot = round.take(now)) {
                const Duration there = milliseconds{random(400)};
                out.push_back(
                    {*shot, now + there, now + there + milliseconds{random(400)}, random(6)});
                counted.push_back(now + there);
            }
            CHECK(round.next_take(now) > now);  // else a lane would spin
            Time next = round.next_take(now);
            for (const Flight& flight : out) next = std::min(next, flight.told);
            REQUIRE(next != never);
            now = next;
            for (auto at = out.begin(); at != out.end();) {
                if (at->told > now) {
                    ++at;
                    continue;
                }
                const Answer answers[] = {yes, yes, busy, throttled, timed_out};
                if (at->kind == 5) {
                    round.lost(at->shot, now);
                } else {
                    round.answered(at->shot, answers[at->kind], now);
                }
                at = out.erase(at);
            }
        }
        CHECK(round.over());
        std::sort(counted.begin(), counted.end());
        for (std::size_t i = 5; i < counted.size(); ++i) CHECK(counted[i] - counted[i - 5] >= 2s);
    }
}
