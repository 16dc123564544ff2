#include "core/receipts/flight_recorder.h"

#include <doctest/doctest.h>

#include <map>
#include <set>

using namespace scram;

namespace {

constexpr SourceId quiet{0}, loud{1};
constexpr Time start = Time{1h};

scram_signal signal_of(std::uint64_t sequence, double value = 0) {
    scram_signal signal{};
    signal.sequence = sequence;
    signal.value = value;
    signal.version = SCRAM_VERSION;
    signal.kind = SCRAM_VALUE;
    return signal;
}

std::multiset<std::uint64_t> sequences_of(const std::vector<FlightRecord>& flight,
                                          SourceId source) {
    std::multiset<std::uint64_t> sequences;
    for (const FlightRecord& record : flight) {
        if (record.from == source) sequences.insert(record.sequence);
    }
    return sequences;
}

}  // namespace

TEST_CASE("flight recorder: nothing was recorded before the first signal") {
    CHECK(FlightRecorder(3).freeze(start).empty());
    CHECK(FlightRecorder(0).freeze(start).empty());
}

TEST_CASE("flight recorder: a signal is kept as it came, right or wrong") {
    FlightRecorder recorder(2);
    scram_signal signal = signal_of(9, -1.5);
    signal.published_ns = -7;
    signal.family = 65535;
    signal.metric = 3;
    signal.source = 77;
    signal.version = 9;
    signal.kind = 200;
    recorder.record(loud, signal, start);
    const auto flight = recorder.freeze(start);
    REQUIRE(flight.size() == 1);
    const FlightRecord& record = flight[0];
    CHECK(record.from == loud);
    CHECK(record.read == start);
    CHECK(record.sequence == 9);
    CHECK(record.published_ns == -7);
    CHECK(record.value == -1.5);
    CHECK(record.family == 65535);
    CHECK(record.metric == 3);
    CHECK(record.source == 77);
    CHECK(record.version == 9);
    CHECK(record.kind == 200);
}

TEST_CASE("flight recorder: a source that floods washes out its own signals alone") {
    FlightRecorder recorder(2);
    for (std::uint64_t i = 1; i <= 3; ++i) recorder.record(quiet, signal_of(i), start);
    for (std::uint64_t i = 1; i <= 100'000; ++i) recorder.record(loud, signal_of(i), start + 1ms);
    const auto flight = recorder.freeze(start + 2ms);
    CHECK(sequences_of(flight, quiet) == std::multiset<std::uint64_t>{1, 2, 3});
    const auto of_loud = sequences_of(flight, loud);
    CHECK(of_loud.size() == recorder.per_source());
    CHECK(*of_loud.begin() == 100'000 - recorder.per_source() + 1);
    CHECK(*of_loud.rbegin() == 100'000);
}

TEST_CASE("flight recorder: the more sources, the fewer signals of each, within bounds") {
    CHECK(FlightRecorder(1).per_source() == flight_records_per_source_max);
    CHECK(FlightRecorder(8).per_source() == 1024);
    CHECK(FlightRecorder(100).per_source() == 81);
    CHECK(FlightRecorder(1024).per_source() == flight_records_per_source_min);
}

TEST_CASE("flight recorder: what is older than the span is left out") {
    FlightRecorder recorder(1);
    recorder.record(quiet, signal_of(1), start);
    recorder.record(quiet, signal_of(2), start + 1ns);
    recorder.record(quiet, signal_of(3), start + flight_span);
    CHECK(sequences_of(recorder.freeze(start + flight_span), quiet) ==
          std::multiset<std::uint64_t>{2, 3});
    CHECK(recorder.freeze(start + 3 * flight_span).empty());
}

TEST_CASE("flight recorder: of more signals than a receipt holds the newest are frozen") {
    constexpr std::size_t sources = 8;
    FlightRecorder recorder(sources);
    for (std::size_t i = 0; i < flight_records; ++i) {
        recorder.record(id_at<SourceId>(i % sources), signal_of(i), start + Duration(i));
    }
    const auto flight = recorder.freeze(start + 1ms);
    CHECK(flight.size() == flight_max);
    Time oldest = never;
    for (const FlightRecord& record : flight) oldest = std::min(oldest, record.read);
    CHECK(oldest == start + Duration(flight_records - flight_max));
}
