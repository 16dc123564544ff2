#include "daemon/records/receipt_recorder.h"

#include <fmt/format.h>

#include <thread>

#include "daemon/log/line.h"

namespace scram {

ReceiptRecorder::ReceiptRecorder(const Engine& engine, const std::shared_ptr<const Plan>& plan,
                                 const std::filesystem::path& directory, ReceiptLimits limits)
    : receipts_(engine, plan), recorder_(plan->sources.size()), writer_(directory, limits) {}

ReceiptRecorder::~ReceiptRecorder() {
    while (any_to_file()) {
        if (!file_one()) std::this_thread::yield();
    }
}

// What one step tells, of one trip or of several, shares its signals.
void ReceiptRecorder::on_event(const Event& event, const Stages& stages, WallMillis wall) {
    if (event.kind == EventKind::restored) return on_restored(event, wall);
    receipts_.on_event(event, stages, wall);
    if (event.kind != EventKind::tripped) return;
    const bool same_step = !flights_.empty() && frozen_at_ == event.at;
    flights_[event.trip] = same_step ? flights_.rbegin()->second
                                     : std::make_shared<const Flight>(recorder_.freeze(event.at));
    frozen_at_ = event.at;
    if (flights_.size() > receipts_max) flights_.erase(flights_.begin());
}

// At a start: where the journal says no more than the trip, its receipt's file may say why.
void ReceiptRecorder::on_restored(Event event, WallMillis wall) {
    if (event.text.view().empty() && receipts_.find(event.trip) == nullptr)
        event.text = FixedText<160>(written_cause(writer_.folder(), event.trip));
    receipts_.on_event(event, {}, wall);
}

// What finds no room stays changed, and is handed over later as it stands then.
bool ReceiptRecorder::file_one() {
    if (!writer_.has_room()) return false;
    const Receipt* changed = receipts_.take_changed();
    if (changed == nullptr) return false;
    if (writer_.writes()) {
        writer_.file(
            std::make_unique<const FiledReceipt>(FiledReceipt{*changed, flight(changed->trip)}));
    }
    return true;
}

std::vector<LogNotice> ReceiptRecorder::news() {
    std::vector<LogNotice> out;
    const std::string trouble = writer_.trouble();
    if (trouble.empty() && !reported_error_.empty()) {
        out.push_back(
            {5,
             LogLine(LogEvent::receipts_recovered).add("detail", "they are written again").text()});
    } else if (!trouble.empty() && reported_error_.empty()) {
        out.push_back({2, LogLine(LogEvent::receipts_error).add("detail", trouble).text()});
    }
    reported_error_ = trouble;
    const std::uint64_t untaken = receipts_.untaken() - reported_untaken_;
    reported_untaken_ = receipts_.untaken();
    if (untaken > 0) {
        out.push_back(
            {4, LogLine(LogEvent::receipts_error)
                    .add("detail",
                         fmt::format("{} were overwritten by newer ones before they were written",
                                     untaken))
                    .text()});
    }
    return out;
}

std::shared_ptr<const Flight> ReceiptRecorder::flight(TripId trip) const {
    const auto found = flights_.find(trip);
    return found == flights_.end() ? nullptr : found->second;
}

}  // namespace scram
