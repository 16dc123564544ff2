// A recording from anywhere: any bytes as a file, and any records under checksums that are right.
// Whatever they are, they are read within their bounds, and a replay of them ends.
//
// Input: a byte for the mode, then a file, or records one after the other.
#include <cstring>
#include <vector>

#include "core/replay/replay.h"
#include "tests/fuzz/every_rule.h"
#include "tests/fuzz/input.h"

namespace {

using namespace scram;
using namespace scram::fuzz;

constexpr std::size_t records_read_max = 4096;

// Stands aligned, as a mapped file does.
std::vector<Recorded> aligned_copy(std::string_view bytes) {
    std::vector<Recorded> out((bytes.size() + sizeof(Recorded) - 1) / sizeof(Recorded));
    if (!bytes.empty()) std::memcpy(static_cast<void*>(out.data()), bytes.data(), bytes.size());
    return out;
}

void read_file(std::string_view bytes) {
    const auto copy = aligned_copy(bytes);
    auto opened = RecordingReader::open(std::as_bytes(std::span(copy)).first(bytes.size()));
    if (const auto* error = std::get_if<std::string>(&opened)) {
        check(error->starts_with("at byte "), "an error names the byte");
        return;
    }
    auto& reader = std::get<RecordingReader>(opened);
    while (!reader.next().records.empty()) {
    }
}

void replay_records(std::string_view bytes) {
    static const ReplayPlan by{plan()};
    RecordingHead head;
    head.run = head.number = 1;
    head.wall = {1'700'000'000'000};
    head.at = time_from_ns(1'000'000'000);
    take_names(by.plan, head);
    std::vector<Recorded> records = aligned_copy(bytes);
    records.resize(std::min(records.size(), records_read_max));
    // Times that lie far apart only have the engine's timers run for long.
    for (Recorded& record : records)
        record.at = head.at + Duration{ns_of(record.at) & ((std::int64_t{1} << 36) - 1)};
    const Stretch stretch{&head, &by, {std::span<const Recorded>(records)}};
    Replay replay;
    replay.play({&stretch, 1});
    const Differences its = differences(replay.recorded().trips, replay.found().trips);
    check(its.same + its.missed.size() == replay.recorded().trips.size(),
          "each trip that was recorded is the same as one, or missed");
    check(its.same + its.added.size() == replay.found().trips.size(),
          "each trip that is found is the same as one, or new");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    Input input(data, size);
    const bool as_file = input.byte() % 2 == 0;
    as_file ? read_file(input.rest()) : replay_records(input.rest());
    return 0;
}
