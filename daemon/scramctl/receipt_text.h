// Receipts, laid out for a person in a hurry: the verdict first.
#pragma once

#include <simdjson.h>

#include <string>
#include <vector>

namespace scram {

// With its signals, if it has them and they are asked for.
std::string receipt_text(simdjson::dom::element receipt, bool signals);
// A line for each of these receipts or summaries.
std::string receipts_text(const std::vector<simdjson::dom::element>& receipts);

}  // namespace scram
