// One look at the status page, as everything that the exporter answers is made from it.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "core/status_page/page.h"
#include "daemon/common/json_fields.h"

namespace scram {

struct Look {
    // None: there is no page that could be believed; `trouble` says why.
    std::optional<PageLife> life;
    std::string trouble;
    std::uint32_t pid = 0;
    std::int64_t started_wall_ms = 0;
    std::int64_t heartbeat_wall_ms = 0;
    Duration heartbeat_age{};
    Duration status_age{};  // where there is a status
    bool truncated = false;
    // None: not written yet, no room, or damaged (then `trouble`).
    std::optional<simdjson::dom::element> status;

    bool moves() const { return life == PageLife::moves; }
    // "HANGS: it has not moved for 3.1 s, since ..." and what else life can be.
    std::string life_text() const;
    // `json` becomes the status, if it is an object.
    void take_status(std::string_view json);

  private:
    std::unique_ptr<simdjson::dom::parser> parser_;  // has what `status` points into
};

inline double seconds_of(Duration span) {
    return std::chrono::duration<double>(span).count();
}

// Bounded, whatever is at `path`.
Look look_at(const std::string& path);

// "moves", "hangs", "gone", "ended".
std::string_view name(PageLife life);

}  // namespace scram
