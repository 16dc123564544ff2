// What each kind of target is sent.
#pragma once

#include <optional>
#include <string>

#include "core/notice/notice.h"
#include "daemon/scram_notify/config.h"

namespace scram {

// The body of a request, JSON. `routing_key` is PagerDuty's.
std::string body_for(TargetKind kind, const Notice& notice, const std::string& host,
                     const std::string& routing_key);
// By severity.
bool is_for(const TargetConfig& target, const Notice& notice);

}  // namespace scram
