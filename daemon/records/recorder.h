// The recorder: what the loop tells the engine, and what came of it, kept for a replay. To record
// is one copy into a ring, after the wire; another thread writes. What finds no room there is
// counted, and a record tells how many were lost where they are missing.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "config/config.h"
#include "core/engine/engine.h"
#include "core/recording/recording.h"
#include "daemon/log/line.h"
#include "daemon/records/journal_writer.h"
#include "daemon/records/recording_writer.h"

namespace scram {

class Recorder {
  public:
    // Null: the config wants none.
    static std::unique_ptr<Recorder> make(const Config& config);
    Recorder(const Config& config, WallMillis now);

    // What files say of this config. Takes its time, and any thread may call it.
    std::shared_ptr<const RecordingHead> base(const Config& config) const;
    // A reload has taken up that config; begin() follows.
    void adopt(std::shared_ptr<const RecordingHead> base) { base_ = std::move(base); }

    // A file begins with what the engine knows now. At a start, which then tells what it restores,
    // begun() ends that.
    void begin(RecordingBegin why, const Engine& engine, WallMillis wall, Time now);
    void begun(Time now);

    // After the wire, in the order in which the engine was told.
    void saw(SourceId from, const scram_signal& signal, Time read) {
        push(recorded(from, signal, read));
    }
    void told(RecordedKind kind, SourceId source, Time now);
    void after(const Step& step, const Engine& engine, Time now);

    // Now and then: begins a new file where one is full. Lines for the log.
    std::vector<LogNotice> beat(const Engine& engine, WallMillis wall, Time now);

    std::uint64_t written() const { return writer_.written(); }
    std::uint64_t lost() const { return lost_; }
    std::string trouble() const { return writer_.trouble(); }
    std::string file() const { return writer_.file(); }

  private:
    void push(const Recorded& record);
    void push_state(const Engine& engine, Time now);

    RecordingWriter writer_;
    const std::uint64_t run_;
    const BootNumber boot_;
    std::shared_ptr<const RecordingHead> base_;
    std::uint32_t file_number_ = 0;
    std::optional<RecordingBegin> owed_;  // a file begins as soon as there is room
    std::uint64_t lost_ = 0;
    std::uint64_t lost_told_ = 0;  // in the files
    std::uint64_t lost_logged_ = 0;
    std::string reported_;
};

}  // namespace scram
