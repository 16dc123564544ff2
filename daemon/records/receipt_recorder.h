// The receipts of a running scramd: what core knows of each trip, the signals before it, and the
// writer that writes both down.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "core/receipts/flight_recorder.h"
#include "core/receipts/receipts.h"
#include "daemon/records/journal_writer.h"
#include "daemon/records/receipt_writer.h"

namespace scram {

class ReceiptRecorder {
  public:
    // Receipts are written below `directory`; empty: nowhere.
    ReceiptRecorder(const Engine& engine, const std::shared_ptr<const Plan>& plan,
                    const std::filesystem::path& directory, ReceiptLimits limits = {});
    // The writer writes what is left.
    ~ReceiptRecorder();
    void adopt(std::shared_ptr<const Plan> plan) { receipts_.adopt(std::move(plan)); }

    // On the way of a signal: one copy.
    void saw(SourceId from, const scram_signal& signal, Time read) {
        recorder_.record(from, signal, read);
    }
    // After the wire; see Receipts.
    void on_event(const Event& event, const Stages& stages, WallMillis wall);
    // Whether a receipt has changed since it was filed.
    bool any_to_file() const { return receipts_.any_changed(); }
    // Hands one that has changed to the writer. False: it has no room, or none has changed.
    bool file_one();

    // Lines for the log since the last call: trouble is told once, until it is over.
    std::vector<LogNotice> news();

    const Receipts& receipts() const { return receipts_; }
    const ReceiptWriter& writer() const { return writer_; }
    std::shared_ptr<const Flight> flight(TripId trip) const;

  private:
    void on_restored(Event event, WallMillis wall);

    Receipts receipts_;
    FlightRecorder recorder_;
    std::map<TripId, std::shared_ptr<const Flight>> flights_;  // of the last trips
    Time frozen_at_{};                                         // the latest of them
    ReceiptWriter writer_;
    std::string reported_error_;
    std::uint64_t reported_untaken_ = 0;
};

}  // namespace scram
