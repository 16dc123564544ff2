// Answers of the control protocol that are made at once; status.h and outcome.h have the others.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "config/config.h"
#include "daemon/common/json.h"
#include "daemon/loop/driver.h"

namespace scram {

JsonObject ok_answer();
std::string refuse(std::string_view why);
// What a reload has changed.
std::string reloaded_json(const ConfigChanges& changes);
// What there is to look at before arming: nothing is armed by somebody who did not.
std::string review_json(const Driver& driver, std::span<const FamilyId> families);
// One trip's receipt, without an id the latest trip's; or which trips there are.
std::string receipt_answer(const ReceiptRecorder& book, TripId trip, bool signals);
// The latest first.
std::string receipts_answer(const ReceiptRecorder& book);
// Each account's that has one.
std::string dead_men_answer(const Engine& engine);
// What came of an arming, by its events.
JsonObject rearm_answer(const Engine& engine, const std::vector<Event>& events);

}  // namespace scram
