// The record's layout is a contract with programs that are not compiled together with this one.
#include "core/signal.h"

#include <doctest/doctest.h>

#include <cstddef>
#include <type_traits>

TEST_CASE("signal: every field stands at the byte that version 1 promises") {
    CHECK(sizeof(scram_signal) == 64);
    CHECK(offsetof(scram_signal, sequence) == 0);
    CHECK(offsetof(scram_signal, published_ns) == 8);
    CHECK(offsetof(scram_signal, value) == 16);
    CHECK(offsetof(scram_signal, family) == 24);
    CHECK(offsetof(scram_signal, metric) == 26);
    CHECK(offsetof(scram_signal, source) == 28);
    CHECK(offsetof(scram_signal, version) == 30);
    CHECK(offsetof(scram_signal, kind) == 31);
    CHECK(offsetof(scram_signal, name) == 32);
    CHECK(std::is_trivially_copyable_v<scram_signal>);
}

TEST_CASE("signal: the gate words begin at byte 64 of the gate region") {
    CHECK(offsetof(scram_gates, magic) == 0);
    CHECK(offsetof(scram_gates, version) == 4);
    CHECK(offsetof(scram_gates, families) == 6);
    CHECK(offsetof(scram_gates, running) == 8);
    CHECK(sizeof(scram_gates) == 64);
    CHECK(offsetof(scram_gates, asleep) == 16);
}

TEST_CASE("signal: each word of the ring's header stands on a cache line of its own") {
    CHECK(offsetof(scram_ring, magic) == 0);
    CHECK(offsetof(scram_ring, version) == 4);
    CHECK(offsetof(scram_ring, slot_count) == 8);
    CHECK(offsetof(scram_ring, read) == 64);
    CHECK(offsetof(scram_ring, lost) == 128);
    CHECK(offsetof(scram_ring, slots) == 256);
    CHECK(sizeof(scram_ring) == 256 + 1024 * 64);
    CHECK(SCRAM_RING_MAGIC == 0x53435252);
    CHECK(SCRAM_RING_SLOTS == 1024);
}

TEST_CASE("signal: the numbers of kinds and gates are those of version 1") {
    CHECK(SCRAM_VERSION == 1);
    CHECK(SCRAM_VALUE == 1);
    CHECK(SCRAM_HEARTBEAT == 2);
    CHECK(SCRAM_DOORBELL == 3);
    CHECK(SCRAM_ATTACH == 16);
    CHECK(SCRAM_WANTS_RING == 1);
    CHECK(SCRAM_FAMILY == 17);
    CHECK(SCRAM_METRIC == 18);
    CHECK(SCRAM_GOODBYE == 19);
    CHECK(SCRAM_OK == 32);
    CHECK(SCRAM_REFUSED == 33);
    CHECK(SCRAM_CLOSING == 34);
    CHECK(SCRAM_GATE_OPEN == 0);
    CHECK(SCRAM_GATE_CLOSED == 1);
    CHECK(SCRAM_GATE_MAGIC == 0x53435247);
}
