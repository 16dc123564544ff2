#include "daemon/scramd_exporter/look.h"

#include <fmt/format.h>

#include "daemon/common/status_page_file.h"

namespace scram {

std::string_view name(PageLife life) {
    constexpr std::string_view names[] = {"moves", "hangs", "gone", "ended"};
    return names[static_cast<std::size_t>(life)];
}

std::string Look::life_text() const {
    if (!life) return "NO STATUS PAGE";
    const std::string since = printing::utc_time(heartbeat_wall_ms);
    switch (*life) {
        case PageLife::moves:
            return "moves";
        case PageLife::hangs:
            return fmt::format("HANGS: it has not moved for {:.1f} s, since {}",
                               seconds_of(heartbeat_age), since);
        case PageLife::gone:
            return fmt::format("IS GONE: it crashed or was killed, and moved last at {}", since);
        case PageLife::ended:
            return fmt::format("IS NOT RUNNING: it ended at {}", since);
    }
    return {};
}

void Look::take_status(std::string_view json) {
    parser_ = std::make_unique<simdjson::dom::parser>();
    simdjson::dom::element root;
    if (parser_->parse(json.data(), json.size()).get(root) == simdjson::SUCCESS && root.is_object())
        status = root;
    else
        trouble = "its text is no JSON object";
}

Look look_at(const std::string& path) {
    Look out;
    auto found = read_status_page(path);
    if (auto* why = std::get_if<std::string>(&found)) {
        out.trouble = std::move(*why);
        return out;
    }
    const StatusPage& page = std::get<StatusPage>(found);
    const PageHeader& head = page.content.header;
    const PageBuffer& buffer = page.content.buffer;
    out.life = page.life;
    out.pid = head.pid;
    out.started_wall_ms = head.started_wall_ms;
    out.heartbeat_wall_ms = head.heartbeat_wall_ms;
    out.heartbeat_age = page.read_at - time_from_ns(head.heartbeat_ns);
    out.status_age = page.read_at - time_from_ns(buffer.taken_ns);
    out.truncated = buffer.wanted > buffer.length;
    if (!page.content.text.empty())
        out.take_status(page.content.text);
    else if (out.truncated)
        out.trouble = "the status has no room in its page: restart scramd to make that larger";
    else
        out.trouble = "scramd has not written its status yet";
    return out;
}

}  // namespace scram
