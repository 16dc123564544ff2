// All rings of attached sources, side by side: what the loop looks into again and again.
#pragma once

#include <optional>
#include <vector>

#include "net/sources/ring.h"
#include "net/sources/signal_sink.h"

namespace scram {

class RingReaders {
  public:
    explicit RingReaders(SignalSink& sink) : sink_(sink) {}

    void add(SourceId source, Ring ring, Time attached_at = {});
    bool has(SourceId source) { return find(source) != nullptr; }
    // Reads what the source has published until now.
    void read(SourceId source);
    // The same, and lets its ring go.
    void drain_and_remove(SourceId source);
    void clear() { feeds_.clear(); }

    // Of each ring so much that it holds up no other. True if there was anything.
    bool poll();
    // Reads a signal of nobody's from a ring of its own, so that the way of signals stays warm:
    // `sink` gets it with source none, and the sink of the others nothing.
    void drill(SignalSink& sink);
    // The source says that there is something, and poll() found nothing: did it skip a number?
    void look_behind(SourceId source);
    // A source whose ring broke; `bad` was told, it is read no more and wants to be removed.
    std::optional<SourceId> broken() const;

  private:
    struct Feed {
        RingReader reader;
        SourceId source;
        bool broken;
        Time attached_at;
        std::uint64_t missed;  // a number that was not there when one behind it was
        Ring ring;
    };

    Feed* find(SourceId source);
    bool read(Feed& feed, SignalSink& sink, int signals_max);
    void look_behind(Feed& feed);
    void break_off(Feed& feed, std::uint64_t number);

    SignalSink& sink_;
    std::vector<Feed> feeds_;
    std::optional<Feed> drill_;
    bool any_broken_ = false;
};

}  // namespace scram
