// A recording's bytes: what is written is read, and what is torn or changed is told and used as far
// as it is whole.
#include "core/recording/recording.h"

#include <doctest/doctest.h>

#include <cstring>

namespace scram {
namespace {

RecordingHead sample_head() {
    RecordingHead head;
    head.run = 7;
    head.number = 3;
    head.begin = RecordingBegin::reload;
    head.boot[0] = 9;
    head.wall = {1'700'000'000'123};
    head.at = time_from_ns(5'000'000'000);
    head.families = {"mm-1/BTC-USD", "mm-1/ETH-USD"};
    head.sources = {"maker-1"};
    head.metrics = {"delta", "pnl"};
    head.rules = {"delta", "gone"};
    head.config = "metrics = [\"delta\"]\n";
    head.config_hash = config_hash(head.config);
    head.state.assign(100, std::byte{42});
    return head;
}

std::vector<Recorded> sample_records(std::size_t count) {
    std::vector<Recorded> out(count);
    for (std::size_t i = 0; i < count; ++i) {
        out[i].at = time_from_ns(static_cast<std::int64_t>(i));
        out[i].number = i + 1;
        out[i].value = 0.5 * static_cast<double>(i);
    }
    return out;
}

// A head and two blocks of three and two records.
std::vector<std::byte> sample_file() {
    std::vector<std::byte> file = recording_head(sample_head()), block;
    const auto records = sample_records(5);
    for (const auto& [first, count] : {std::pair(0, 3), std::pair(3, 2)}) {
        recording_block(std::span(records).subspan(static_cast<std::size_t>(first),
                                                   static_cast<std::size_t>(count)),
                        static_cast<std::uint64_t>(first), block);
        file.insert(file.end(), block.begin(), block.end());
    }
    return file;
}

struct ReadBack {
    std::size_t records = 0;
    std::string fault;
};
ReadBack read_back(std::span<const std::byte> bytes) {
    auto opened = RecordingReader::open(bytes);
    if (const auto* error = std::get_if<std::string>(&opened)) return {0, *error};
    auto& reader = std::get<RecordingReader>(opened);
    ReadBack out;
    for (auto block = reader.next(); !block.records.empty(); block = reader.next()) {
        CHECK(block.first == out.records);
        for (const Recorded& record : block.records) CHECK(record.number == ++out.records);
    }
    out.fault = reader.fault();
    return out;
}

bool mentions(const std::string& text, std::string_view part) {
    return text.find(part) != std::string::npos;
}

TEST_CASE("recording: a file is read as it was written") {
    const auto file = sample_file();
    auto opened = RecordingReader::open(file);
    REQUIRE(std::holds_alternative<RecordingReader>(opened));
    const RecordingHead& head = std::get<RecordingReader>(opened).head();
    const RecordingHead sample = sample_head();
    CHECK(head.run == 7);
    CHECK(head.number == 3);
    CHECK(head.begin == RecordingBegin::reload);
    CHECK(head.boot == sample.boot);
    CHECK(head.wall == sample.wall);
    CHECK(head.at == sample.at);
    CHECK(head.families == sample.families);
    CHECK(head.sources == sample.sources);
    CHECK(head.metrics == sample.metrics);
    CHECK(head.rules == sample.rules);
    CHECK(head.config == sample.config);
    CHECK(head.config_hash == sample.config_hash);
    CHECK(head.state == sample.state);
    const ReadBack all = read_back(file);
    CHECK(all.records == 5);
    CHECK(all.fault.empty());
}

TEST_CASE("recording: a signal keeps all that its source wrote, right or wrong") {
    scram_signal signal{};
    signal.sequence = 12;
    signal.published_ns = -3;
    signal.value = 1e300;
    signal.family = 999;
    signal.metric = 998;
    signal.source = 997;
    signal.version = 200;
    signal.kind = 255;
    const Recorded record = recorded(SourceId{4}, signal, time_from_ns(8));
    CHECK(record.kind == RecordedKind::signal);
    CHECK(record.from == SourceId{4});
    CHECK(record.at == time_from_ns(8));
    CHECK(record.number == 12);
    CHECK(record.published_ns == -3);
    CHECK(record.value == 1e300);
    CHECK(record.family == 999);
    CHECK(record.metric == 998);
    CHECK(record.source == 997);
    CHECK(record.version == 200);
    CHECK(record.signal_kind == 255);
}

TEST_CASE("recording: cut anywhere, what stands before the cut is used and the cut is told") {
    const auto file = sample_file();
    const std::size_t head = recording_head(sample_head()).size();
    const std::size_t first = head + 4 * 64;  // behind the block of three
    for (std::size_t size = 0; size < file.size(); ++size) {
        const ReadBack left = read_back(std::span(file).first(size));
        CHECK(left.records == (size < first ? 0 : 3));
        const bool at_border = size == head || size == first;
        // The zeros that end the head may be missing.
        if (size >= head || size < head - 64) CHECK(left.fault.empty() == at_border);
    }
}

TEST_CASE("recording: a byte that was changed is noticed, wherever it is") {
    const auto file = sample_file();
    const std::size_t head = recording_head(sample_head()).size();
    for (std::size_t at = 0; at < file.size(); at += 3) {
        auto changed = file;
        changed[at] ^= std::byte{1};
        const ReadBack left = read_back(changed);
        const bool in_padding = left.fault.empty();
        if (!in_padding) CHECK(left.records < 5);
        // Only zeros that nobody reads are under no checksum.
        if (in_padding) CHECK(file[at] == std::byte{0});
        if (at < 104) CHECK(mentions(left.fault, "at byte"));
        if (at < head && !in_padding) CHECK(left.records == 0);
    }
}

TEST_CASE("recording: what is no recording, or another version's, is refused with the byte") {
    const std::vector<std::byte> text(4096, std::byte{'x'});
    CHECK(mentions(read_back(text).fault, "at byte 0: this is no recording"));
    CHECK(mentions(read_back({}).fault, "ends within its head"));
    auto other = sample_file();
    other[12] = std::byte{99};
    CHECK(mentions(read_back(other).fault, "at byte 12: a recording of version 99"));
    other = sample_file();
    std::swap(other[8], other[11]);
    CHECK(mentions(read_back(other).fault, "another byte order"));
}

TEST_CASE("recording: lengths beyond the file are no way out of it") {
    auto file = sample_file();
    const std::uint64_t huge = ~std::uint64_t{0} - 8;
    for (const std::size_t at : {72u, 80u, 88u}) {
        auto changed = file;
        std::memcpy(changed.data() + at, &huge, sizeof huge);
        CHECK(mentions(read_back(changed).fault, "at byte"));
    }
}

}  // namespace
}  // namespace scram
