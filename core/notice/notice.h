// A notice: one thing that a person is to be told of, as it leaves this host. Of notices with one
// key the last one counts: what one raises, another resolves.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/names.h"

namespace scram {

enum class NoticeKind : std::uint8_t {
    raise,    // something is wrong from now on
    resolve,  // what was raised under this key is over
    tell,     // nothing that could be over
};
inline constexpr std::array<std::string_view, 3> notice_kind_names = {"raise", "resolve", "tell"};
static_assert(names_all<NoticeKind>(notice_kind_names));
inline std::string_view name(NoticeKind kind) {
    return name_in(notice_kind_names, kind);
}

enum class Severity : std::uint8_t { info, warning, critical };
inline constexpr std::array<std::string_view, 3> severity_names = {"info", "warning", "critical"};
static_assert(names_all<Severity>(severity_names));
inline std::string_view name(Severity severity) {
    return name_in(severity_names, severity);
}

struct Notice {
    std::string id;   // no other notice has it; the same after a restart
    std::string key;  // "trip-3", "alarm-mm-1-refused", "readiness"
    NoticeKind kind = NoticeKind::tell;
    Severity severity = Severity::info;  // of a resolve: of what it resolves
    std::int64_t wall_ms = 0;            // since 1970: when it happened
    std::string text;                    // one sentence for a person
    std::vector<std::pair<std::string, std::string>> fields{};

    void add(std::string_view name, std::string_view value) {
        if (!value.empty()) fields.emplace_back(name, value);
    }
    bool operator==(const Notice&) const = default;
};

using Notices = std::vector<Notice>;

}  // namespace scram
