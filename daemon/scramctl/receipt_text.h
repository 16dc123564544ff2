// Receipts, laid out for a person at three in the morning: the verdict first.
#pragma once

#include <string>
#include <string_view>

namespace scram {

// `json` is one receipt; with its signals, if it has them and they are asked for.
std::string receipt_text(std::string_view json, bool signals);
// `json` is an object whose `receipts` are receipts or their summaries.
std::string receipts_text(std::string_view json);

}  // namespace scram
