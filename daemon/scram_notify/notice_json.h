// A notice as JSON: what the spool and the cursor keep, and what a target of kind json is sent
// (docs/interfaces.md).
#pragma once

#include <simdjson.h>

#include <optional>
#include <string>

#include "core/notice/notice.h"

namespace scram {

inline constexpr int notice_version = 1;

// `host`: this one, as told to targets; empty: left out.
std::string notice_json(const Notice& notice, const std::string& host = {});
// None: it is no notice.
std::optional<Notice> notice_from(simdjson::dom::element json);

}  // namespace scram
