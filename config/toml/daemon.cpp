// The sections about the daemon itself: the top of the file, [exchange], [timings], [wire],
// [paths], [journal], [recording]. Their keys: config/toml/keys.h.
#include "config/toml/keys.h"
#include "config/toml/reader.h"
#include "config/toml/sections.h"
#include "config/toml/validate.h"

namespace scram::config {

void read_top(Section& top, Config& config) {
    visit_top(Reader{top}, config);
    if (!top.has("wait")) config.wait = config.cpu < 0 ? Wait::sleep : Wait::spin;
}

void read_exchange(Section& top, Config& config) {
    auto section = top.table("exchange");
    if (!section) return;
    visit_exchange(Reader{*section}, config.exchange);
    check_reconnect_order(*section, config.exchange);
    section->end();
}

void read_timings(Section& top, Config& config) {
    auto section = top.table("timings");
    if (!section) return;
    visit_timings(Reader{*section}, config);
    check_retry_order(*section, config.plan.timings);
    section->end();
}

void read_wire(Section& top, Config& config) {
    auto section = top.table("wire");
    if (!section) return;
    visit_wire(Reader{*section}, config.wire);
    check_frames(*section, config.wire);
    section->end();
}

void read_paths(Section& top, Config& config) {
    auto section = top.table("paths");
    if (!section) return;
    visit_paths(Reader{*section}, config.paths);
    check_paths_differ(*section, config.paths);
    section->end();
}

void read_journal(Section& top, Config& config) {
    auto section = top.table("journal");
    if (!section) return;
    visit_journal(Reader{*section}, config);
    section->end();
}

void read_recording(Section& top, Config& config) {
    auto section = top.table("recording");
    if (!section) return;
    visit_recording(Reader{*section}, config.recording);
    section->end();
}

}  // namespace scram::config
