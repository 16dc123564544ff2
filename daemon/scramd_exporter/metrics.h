// What /metrics says. docs/interfaces.md has each name.
#pragma once

#include <string>

#include "daemon/scramd_exporter/exposition.h"
#include "daemon/scramd_exporter/look.h"

namespace scram {

// What is not known is not there. Of a scramd that does not move nothing is known but that: a
// breach would not fire now, and the rest of its status is of the past.
std::string metrics_text(const Look& look, ExpositionFormat format);

// The status itself; parts of metrics_text().
void add_accounts(simdjson::dom::element status, Exposition& out);
void add_latency(simdjson::dom::element status, Exposition& out);
void add_families(simdjson::dom::element status, Exposition& out);
void add_rules(simdjson::dom::element status, Exposition& out);
void add_sources(simdjson::dom::element status, Exposition& out);

}  // namespace scram
