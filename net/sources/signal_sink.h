// Where signals go that were read: straight from ring or socket to who decides about them.
#pragma once

#include "core/base/ids.h"
#include "core/base/time.h"
#include "core/signal.h"

namespace scram {

class SignalSink {
  public:
    virtual void signal(SourceId source, const scram_signal& signal, Time read_at) = 0;
    // What it published ends with one that has more to follow, and nothing follows.
    virtual void batch_ended(SourceId source, Time read_at) = 0;
    // More of its signals than before found its ring full.
    virtual void signals_lost(SourceId source, Time seen_at) = 0;

  protected:
    ~SignalSink() = default;
};

}  // namespace scram
