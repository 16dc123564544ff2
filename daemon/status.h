// The daemon's state, as one JSON object: what `scramctl status` shows.
#pragma once

#include <string>

#include "config/config.h"
#include "daemon/driver.h"
#include "daemon/refusals.h"

namespace scram {

std::string status_json(const Config& config, const Driver& driver, const Scribe& scribe,
                        const Refusals& refusals);

// One family's switch, as an object; with its value that is nearest to a limit, if that is given.
std::string family_json(const Driver& driver, FamilyId id, Time now,
                        const std::string& nearest = {});
// "armed 2/2 families, 5/5 links warm, last rehearsal 1.2 s ago", for a person's glance (systemctl
// status).
std::string status_line(const Driver& driver, Time now);

}  // namespace scram
