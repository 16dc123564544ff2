#include "daemon/records/receipt_recorder.h"

#include <fmt/format.h>

#include <thread>

#include "daemon/log/line.h"

namespace scram {

ReceiptBook::ReceiptBook(const Engine& engine, const std::shared_ptr<const Plan>& plan,
                         const std::filesystem::path& directory, ReceiptLimits limits)
    : receipts_(engine, plan), recorder_(plan->sources.size()), keeper_(directory, limits) {}

ReceiptBook::~ReceiptBook() {
    while (any_to_file()) {
        if (!file_one()) std::this_thread::yield();
    }
}

// What one step tells, of one trip or of several, shares its signals.
void ReceiptBook::on_event(const Event& event, const Stages& stages, WallMillis wall) {
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
void ReceiptBook::on_restored(Event event, WallMillis wall) {
    if (event.text.view().empty() && receipts_.find(event.trip) == nullptr)
        event.text = FixedText<160>(written_cause(keeper_.folder(), event.trip));
    receipts_.on_event(event, {}, wall);
}

// What finds no room stays changed, and is handed over later as it stands then.
bool ReceiptBook::file_one() {
    if (!keeper_.has_room()) return false;
    const Receipt* changed = receipts_.take_changed();
    if (changed == nullptr) return false;
    if (keeper_.writes()) {
        keeper_.file(
            std::make_unique<const FiledReceipt>(FiledReceipt{*changed, flight(changed->trip)}));
    }
    return true;
}

std::vector<JournalNews> ReceiptBook::news() {
    std::vector<JournalNews> out;
    const std::string trouble = keeper_.trouble();
    if (trouble.empty() && !told_trouble_.empty()) {
        out.push_back(
            {5, LogLine(LogEvent::receipts_mended).add("detail", "they are written again").text()});
    } else if (!trouble.empty() && told_trouble_.empty()) {
        out.push_back({2, LogLine(LogEvent::receipts_trouble).add("detail", trouble).text()});
    }
    told_trouble_ = trouble;
    const std::uint64_t untaken = receipts_.untaken() - told_untaken_;
    told_untaken_ = receipts_.untaken();
    if (untaken > 0) {
        out.push_back(
            {4, LogLine(LogEvent::receipts_trouble)
                    .add("detail",
                         fmt::format("{} gave way to newer ones before they were written", untaken))
                    .text()});
    }
    return out;
}

std::shared_ptr<const Flight> ReceiptBook::flight(TripId trip) const {
    const auto found = flights_.find(trip);
    return found == flights_.end() ? nullptr : found->second;
}

}  // namespace scram
