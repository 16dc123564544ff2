#include "net/sources/ring_readers.h"

#include <algorithm>
#include <utility>

#include "net/clock.h"
#include "net/sources/stamp.h"

namespace scram {
namespace {

constexpr int signals_per_turn = 64;  // then the others have their turn: a flood starves nobody

}  // namespace

// ---- The way of a kill --------------------------------------------------------------------------

bool RingReaders::poll() {
    bool any = false;
    for (Feed& feed : feeds_) any |= read(feed, sink_, signals_per_turn);
    return any;
}

// The source hears only after the signals' work is done that their slots are free again.
bool RingReaders::read(Feed& feed, SignalSink& sink, int signals_max) {
    scram_signal signal;
    bool open = false;  // a batch
    Found found = feed.broken ? Found::nothing : feed.reader.next(signal);
    int count = 0;
    while (found == Found::signal) {
        const Time now = monotonic_now();
        clear_foreign_stamp(signal, feed.attached_at, now);
        sink.signal(feed.source, signal, now);
        open = scram_is_more(signal.kind) != 0;
        // A batch is read whole; one that has no end is not.
        if (++count >= signals_max && !open) break;
        if (count >= signals_max + SCRAM_BATCH_MAX) break;
        found = feed.reader.next(signal);
    }
    if (open) [[unlikely]]
        sink.batch_ended(feed.source, monotonic_now());
    if (count > 0) feed.reader.free_read();
    const bool lost_more = feed.reader.lost_more();
    if (lost_more) [[unlikely]]
        sink.signals_lost(feed.source, monotonic_now());
    if (found == Found::broken) [[unlikely]]
        break_off(feed, signal.sequence);
    return count > 0 || lost_more || found == Found::broken;
}

void RingReaders::drill(SignalSink& sink) {
    if (!drill_) {
        auto ring = Ring::make();
        if (!ring) return;
        ring->close_fd();
        drill_.emplace(
            Feed{RingReader(ring->memory()), none<SourceId>(), false, Time{}, 0, std::move(*ring)});
    }
    drill_->ring.publish(drill_->reader.due());
    read(*drill_, sink, 1);
}

// ---- Rings that break, come and go --------------------------------------------------------------

// A record of this number is out of order, so it trips `bad`. Nothing behind it can be trusted.
void RingReaders::break_off(Feed& feed, std::uint64_t number) {
    feed.broken = any_broken_ = true;
    scram_signal signal{};
    signal.sequence = number;
    signal.source = static_cast<std::uint16_t>(feed.source);
    signal.version = SCRAM_VERSION;
    signal.kind = SCRAM_HEARTBEAT;
    sink_.signal(feed.source, signal, monotonic_now());
}

// A batch is written from its end, so what stands less than one behind a gap may be under way. But
// its source rings no doorbell in the midst of it: where the same number is missing by the next
// doorbell, it was left out.
void RingReaders::look_behind(Feed& feed) {
    const auto number = feed.broken ? std::nullopt : feed.reader.skipped_to();
    if (!number) return;
    const std::uint64_t due = feed.reader.due();
    const bool may_be_under_way = *number - due < SCRAM_BATCH_MAX;
    if (may_be_under_way && std::exchange(feed.missed, due) != due) return;
    break_off(feed, *number);
}

void RingReaders::look_behind(SourceId source) {
    if (Feed* const feed = find(source)) look_behind(*feed);
}

std::optional<SourceId> RingReaders::broken() const {
    if (!any_broken_) [[likely]]
        return std::nullopt;
    const auto feed =
        std::find_if(feeds_.begin(), feeds_.end(), [](const Feed& one) { return one.broken; });
    return feed == feeds_.end() ? std::nullopt : std::optional(feed->source);
}

void RingReaders::read(SourceId source) {
    if (Feed* const feed = find(source)) read(*feed, sink_, SCRAM_RING_SLOTS);
}

void RingReaders::add(SourceId source, Ring ring, Time attached_at) {
    feeds_.push_back({RingReader(ring.memory()), source, false, attached_at, 0, std::move(ring)});
}

// One whose end was told may still be alive and write: not more than a ring has room for is read.
void RingReaders::drain_and_remove(SourceId source) {
    Feed* const feed = find(source);
    if (feed == nullptr) return;
    read(*feed, sink_, SCRAM_RING_SLOTS);
    look_behind(*feed);
    feeds_.erase(feeds_.begin() + (feed - feeds_.data()));
    any_broken_ =
        std::any_of(feeds_.begin(), feeds_.end(), [](const Feed& one) { return one.broken; });
}

RingReaders::Feed* RingReaders::find(SourceId source) {
    const auto feed = std::find_if(feeds_.begin(), feeds_.end(),
                                   [&](const Feed& one) { return one.source == source; });
    return feed == feeds_.end() ? nullptr : &*feed;
}

}  // namespace scram
