#include "daemon/scram_notify/guard_look.h"

#include <fmt/format.h>

#include "daemon/common/json_fields.h"
#include "daemon/common/status_page_file.h"

namespace scram {

GuardLook guard_of_status(std::string_view json) {
    simdjson::dom::parser parser;
    simdjson::dom::element root;
    if (parser.parse(json.data(), json.size()).get(root) != simdjson::SUCCESS || !root.is_object())
        return {Guard::missing, "its text is no JSON object"};
    if (printing::flag(root, "ready")) return {Guard::ready, {}};
    GuardLook out{printing::flag(root, "fires") ? Guard::late : Guard::unready,
                  printing::field(root, "unready_reason", "")};
    for (const auto reason : printing::list(root, "not_ready_reasons"))
        out.codes.push_back(printing::field(reason, "reason_code"));
    return out;
}

GuardLook look_at_guard(const std::string& path) {
    const auto found = read_status_page(path);
    if (const auto* why = std::get_if<std::string>(&found)) return {Guard::missing, *why};
    const auto& page = std::get<StatusPage>(found);
    const PageContent& content = page.content;
    const std::string since =
        "it moved last at " + printing::utc_time(content.header.heartbeat_wall_ms);
    switch (page.life) {
        case PageLife::hangs:
            return {Guard::hangs, since};
        case PageLife::gone:
            return {Guard::gone, since};
        case PageLife::ended:
            return {Guard::ended, since};
        case PageLife::moves:
            break;
    }
    if (!content.text.empty()) return guard_of_status(content.text);
    const bool is_cut = content.buffer.wanted > content.buffer.length;
    return {Guard::unready, is_cut ? "the status has no room in its page: restart scramd"
                                   : "scramd has not written its status yet"};
}

}  // namespace scram
