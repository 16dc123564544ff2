// The sections of the file, each read into its part of the Config. Later ones refer to earlier ones
// by name, so their order here is the order of reading.
#pragma once

#include "config/config.h"
#include "config/toml/section.h"

namespace scram::config {

void read_top(Section& top, Config& config);        // wait, cpu, metrics
void read_exchange(Section& top, Config& config);   // [exchange]
void read_timings(Section& top, Config& config);    // [timings]
void read_wire(Section& top, Config& config);       // [wire]
void read_paths(Section& top, Config& config);      // [paths]
void read_journal(Section& top, Config& config);    // [journal]
void read_recording(Section& top, Config& config);  // [recording]
void read_rights(Section& top, Config& config);     // [rights]
void read_accounts(Section& top, Config& config);   // [[account]] and [[family]]
void read_sources(Section& top, Config& config);    // [[source]]
void read_rules(Section& top, Config& config);      // [[rule]], and the implicit rules

// A list of users and groups under `key`.
void read_principals(Section& section, std::string_view key, Principals& principals);
void look_up_people(Config& config);  // after all who are named were read

}  // namespace scram::config
