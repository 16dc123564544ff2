// What a person is told of an alarm.
#pragma once

#include <string_view>

#include "core/model/events.h"
#include "core/notice/notice.h"

namespace scram {

Severity severity_of(Alarm alarm);
// A sentence without its end: "the exchange refuses its cancels"
std::string_view meaning_of(Alarm alarm);
std::string_view what_to_do(Alarm alarm);

}  // namespace scram
