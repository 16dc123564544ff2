#include "core/latency/loop_time.h"

#include <doctest/doctest.h>

#include <initializer_list>
#include <string>

using namespace scram;

namespace {

constexpr Time first_turn = Time{1h};

void turn(LoopTimer& meter, Time at, Duration took, std::initializer_list<const char*> did = {}) {
    meter.begin(at);
    for (const char* what : did) meter.did(what, at);
    meter.end(at + took, [took] { return took; });
}

std::string parts(const LoopIteration& turn) {
    std::string text;
    for (const char* part : turn.did) text += part == nullptr ? "" : std::string(part) + ";";
    return text;
}

}  // namespace

TEST_CASE("turns: without a turn nothing is measured") {
    const LoopTimer meter;
    CHECK_FALSE(meter.longest().measured());
    CHECK_FALSE(meter.longest_of_minute(first_turn).measured());
    CHECK_FALSE(meter.longest_of_minute(Time{}).measured());
}

TEST_CASE("turns: the longest is kept with its time and what it did") {
    LoopTimer meter;
    turn(meter, first_turn, 5us, {"answer"});
    turn(meter, first_turn + 1s, 50us, {"breach", "signature", "breach"});
    turn(meter, first_turn + 2s, 7us);
    CHECK(meter.longest().took == 50us);
    CHECK(meter.longest().at == first_turn + 1s);
    CHECK(parts(meter.longest()) == "breach;signature;");
    CHECK(meter.longest_of_minute(first_turn + 3s).took == 50us);
}

TEST_CASE("turns: the last minute forgets, the whole time does not") {
    LoopTimer meter;
    turn(meter, first_turn, 50us, {"breach"});
    turn(meter, first_turn + 54s, 9us, {"answer"});
    CHECK(meter.longest_of_minute(first_turn + 54s).took == 50us);
    CHECK(meter.longest_of_minute(first_turn + 60s).took == 9us);
    CHECK_FALSE(meter.longest_of_minute(first_turn + 10min).measured());
    turn(meter, first_turn + 60s, 3us);  // in the first one's place
    CHECK(meter.longest_of_minute(first_turn + 60s).took == 9us);
    CHECK(meter.longest_of_minute(first_turn + 117s).took == 3us);
    CHECK(meter.longest().took == 50us);
}

TEST_CASE("turns: what finds no room is left out, and the next turn starts over") {
    LoopTimer meter;
    turn(meter, first_turn, 9us, {"a", "b", "c", "d", "e"});
    CHECK(parts(meter.longest()) == "a;b;c;d;");
    turn(meter, first_turn, 10us, {"f"});
    CHECK(parts(meter.longest()) == "f;");
}

TEST_CASE("turns: a thread that sleeps in between used for its turn what it used since the last") {
    LoopTimer meter;
    const auto turn_at = [&](Time at, Duration took, Duration cpu_after) {
        meter.begin(at);
        meter.end(at + took, [=] { return cpu_after; });
    };
    turn_at(first_turn, 100us, 70us);
    turn_at(first_turn + 1s, 5ms, 170us);  // most of it somebody else had the core
    CHECK(meter.longest().took == 5ms);
    CHECK(meter.longest().on_cpu == 100us);
    turn_at(first_turn + 2s, 6ms, 6170us);
    CHECK(meter.longest().on_cpu == 6ms);
}

TEST_CASE("turns: what ran without a turn of its own is not the next turn's") {
    LoopTimer meter;
    meter.begin(first_turn);
    meter.end(first_turn + 100us, [] { return 70us; });
    for (int i = 1; i <= 10; ++i) meter.end(first_turn + i * 1ms, [=] { return i * 1ms; });
    meter.begin(first_turn + 11ms);
    meter.end(first_turn + 18ms,
              [] { return 10ms + 100us; });  // most of it somebody else had the core
    CHECK(meter.longest().took == 7ms);
    CHECK(meter.longest().on_cpu == 100us);
}

TEST_CASE("turns: a thread that spins reads its CPU time seldom, and of a long turn always") {
    LoopTimer meter(true);
    int reads = 0;
    Duration cpu{};
    Time at = first_turn;
    const auto turn_of = [&](Duration took, Duration used) {
        meter.begin(at);
        cpu += used;
        at += took;
        meter.end(at, [&] {
            ++reads;
            return cpu;
        });
    };
    for (int i = 0; i < 1000; ++i) turn_of(10us, 10us);
    CHECK(reads <= 11);
    turn_of(8ms, 200us);
    CHECK(meter.longest().took == 8ms);
    CHECK(meter.longest().on_cpu == 200us);
    turn_of(9ms, 9ms);
    CHECK(meter.longest().on_cpu == 9ms);
}

TEST_CASE("turns: what the open turn has done is known, and of no other") {
    LoopTimer meter;
    const char* const work = "breach";
    CHECK_FALSE(meter.has_done(work));
    meter.begin(first_turn);
    CHECK_FALSE(meter.has_done(work));
    meter.did(work, first_turn);
    CHECK(meter.has_done(work));
    meter.end(first_turn + 1us, [] { return Duration{}; });
    CHECK_FALSE(meter.has_done(work));
}
