// The flight recorder: the last signals of each source, kept for the receipt of the next trip.
// Every source has a ring of its own, so that one that floods washes out nobody else's signals. To
// record is one plain copy; a signal is recorded as it came, right or wrong.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "core/base/ids.h"
#include "core/base/time.h"
#include "core/signal.h"

namespace scram {

inline constexpr std::size_t flight_records =
    8192;  // of all sources, but for the bounds per source
inline constexpr std::size_t flight_records_per_source_min = 8;
inline constexpr std::size_t flight_records_per_source_max = 1024;
inline constexpr Duration flight_span = 10s;     // before a trip, of which its receipt tells ...
inline constexpr std::size_t flight_max = 4096;  // ... so many signals at most, the newest

struct FlightRecord {
    Time read{};
    SourceId from = none<SourceId>();  // whose connection it came by
    std::uint16_t family = 0;          // this and all below as the source wrote it: hostile
    std::uint16_t metric = 0;
    std::uint16_t source = 0;
    std::uint8_t version = 0;
    std::uint8_t kind = 0;
    std::uint64_t sequence = 0;
    std::int64_t published_ns = 0;
    double value = 0;
};

class FlightRecorder {
  public:
    explicit FlightRecorder(std::size_t sources)
        : per_source_(std::clamp(flight_records / std::max<std::size_t>(sources, 1),
                                 flight_records_per_source_min, flight_records_per_source_max)),
          next_(sources, 0),
          records_(sources * per_source_) {}

    std::size_t per_source() const { return per_source_; }

    void record(SourceId from, const scram_signal& signal, Time read) {
        std::size_t& next = next_[index(from)];
        records_[index(from) * per_source_ + next] = {
            read,           from,        signal.family,   signal.metric,       signal.source,
            signal.version, signal.kind, signal.sequence, signal.published_ns, signal.value};
        next = next + 1 == per_source_ ? 0 : next + 1;
    }

    // The signals of `flight_span` up to `now`, in no order. Allocates: for after the wire.
    std::vector<FlightRecord> freeze(Time now) const {
        std::vector<FlightRecord> frozen;
        for (std::size_t source = 0; source < next_.size(); ++source)
            freeze(source, now - flight_span, frozen);
        if (frozen.size() <= flight_max) return frozen;
        const auto newer = [](const FlightRecord& a, const FlightRecord& b) {
            return a.read > b.read;
        };
        std::nth_element(frozen.begin(), frozen.begin() + flight_max, frozen.end(), newer);
        frozen.resize(flight_max);
        return frozen;
    }

  private:
    // From the newest back: what is older than `since` is not looked at.
    void freeze(std::size_t source, Time since, std::vector<FlightRecord>& frozen) const {
        const FlightRecord* const ring = &records_[source * per_source_];
        for (std::size_t i = 0, at = next_[source]; i < per_source_; ++i) {
            at = (at == 0 ? per_source_ : at) - 1;
            if (ring[at].from == none<SourceId>() || ring[at].read <= since) return;
            frozen.push_back(ring[at]);
        }
    }

    std::size_t per_source_;
    std::vector<std::size_t> next_;      // by source: where its next signal goes
    std::vector<FlightRecord> records_;  // grouped by source
};

}  // namespace scram
