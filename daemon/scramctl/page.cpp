#include "daemon/scramctl/page.h"

#include <fmt/format.h>

#include "daemon/scramctl/exit.h"
#include "daemon/scramctl/status_text.h"

namespace scram {
namespace {

constexpr std::string_view life_names[] = {"moves", "hangs", "gone", "ended"};

double seconds(Duration span) {
    return std::chrono::duration<double>(span).count();
}

}  // namespace

PageReply PageReply::read(const std::string& path) {
    auto found = read_status_page(path);
    if (const auto* why = std::get_if<std::string>(&found)) throw Unreachable(*why);
    PageReply out;
    out.page_ = std::move(std::get<StatusPage>(found));
    if (out.page_.content.text.empty()) return out;
    out.status_ = Reply::read(out.page_.content.text);
    if (!out.status_) throw Unreachable(path + " is damaged: its text is no JSON object");
    return out;
}

Duration PageReply::heartbeat_age() const {
    return page_.read_at - time_from_ns(page_.content.header.heartbeat_ns);
}

std::string PageReply::age_text() const {
    return fmt::format("{:.1f} s old",
                       seconds(page_.read_at - time_from_ns(page_.content.buffer.taken_ns)));
}

std::string PageReply::life_text() const {
    const PageHeader& head = page_.content.header;
    const std::string since = printing::utc_time(head.heartbeat_wall_ms);
    switch (page_.life) {
        case PageLife::moves:
            return fmt::format("scramd (pid {}) moves; what follows is {}", head.pid, age_text());
        case PageLife::hangs:
            return fmt::format("scramd (pid {}) HANGS: it has not moved for {:.1f} s, since {}",
                               head.pid, seconds(heartbeat_age()), since);
        case PageLife::gone:
            return fmt::format(
                "scramd (pid {}) IS GONE: it crashed or was killed, and moved last "
                "at {}",
                head.pid, since);
        case PageLife::ended:
            return fmt::format("scramd (pid {}) is NOT RUNNING: it ended at {}", head.pid, since);
    }
    return {};
}

std::string PageReply::missing_text() const {
    const PageContent& its = page_.content;
    if (its.buffer.wanted == 0) return "scramd has not written its status yet";
    return fmt::format(
        "the status has {} bytes, and the page room for {}: restart scramd to make "
        "it larger, and ask scramctl status until then",
        its.buffer.wanted, its.header.text_max);
}

std::string PageReply::head_json() const {
    const PageContent& its = page_.content;
    JsonObject out;
    out.add("state", life_names[static_cast<std::size_t>(page_.life)]).add("pid", its.header.pid);
    out.add("heartbeat_ms_ago", heartbeat_age() / 1ms);
    out.add("heartbeat_wall_ms", its.header.heartbeat_wall_ms);
    if (status_) {
        out.add("taken_ms_ago", (page_.read_at - time_from_ns(its.buffer.taken_ns)) / 1ms);
        out.add("taken_wall_ms", its.buffer.taken_wall_ms);
    }
    return out.add("truncated", its.buffer.wanted > its.buffer.length).text();
}

std::string PageReply::json() const {
    const std::string head = "{\"page\":" + head_json();
    return status_ ? head + "," + status_->text().substr(1) : head + "}";
}

int show_page(const PageQuery& query) {
    const PageReply page = PageReply::read(query.file);
    const int code = page.life() == PageLife::moves ? done : unreachable;
    if (query.json) {
        fmt::print("{}\n", page.json());
        return code;
    }
    fmt::print("{}\n", page.life_text());
    if (!page.status()) {
        fmt::print("{}\n", page.missing_text());
        return unreachable;
    }
    const auto root = page.status()->root();
    fmt::print("{}", query.details ? status_text(root) : overview_text(root));
    return code;
}

}  // namespace scram
