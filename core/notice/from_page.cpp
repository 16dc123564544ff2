#include "core/notice/from_page.h"

#include <algorithm>

namespace scram {
namespace {

constexpr std::size_t codes_told_max = 8;
constexpr std::size_t why_bytes_max = 600;

struct GuardTexts {
    Severity severity;
    std::string_view text;
    std::string_view what_to_do;
};

GuardTexts texts_about(Guard guard) {
    constexpr std::string_view look = "See: scramctl ready, and scramctl status.";
    constexpr std::string_view dead =
        "Nothing guards the quotes: stop the makers or scram-now all; then: systemctl status "
        "scramd.";
    switch (guard) {
        case Guard::unknown:
        case Guard::ready:
            break;
        case Guard::late:
            return {Severity::warning, "scramd is not ready: a breach would fire, if late", look};
        case Guard::unready:
            return {Severity::critical, "scramd is not ready: a breach would not cancel", look};
        case Guard::hangs:
            return {Severity::critical, "scramd hangs", dead};
        case Guard::gone:
            return {Severity::critical, "scramd is gone: it crashed or was killed", dead};
        case Guard::ended:
            return {Severity::warning, "scramd is not running: it ended in order", dead};
        case Guard::missing:
            return {Severity::critical, "scramd has no status page: how it is cannot be seen",
                    dead};
    }
    return {Severity::critical, "scramd is ready again: a breach would fire at once", ""};
}

std::string joined_codes(const std::vector<std::string>& codes) {
    std::string out;
    for (std::size_t i = 0; i < std::min(codes.size(), codes_told_max); ++i)
        out += (i > 0 ? ", " : "") + codes[i];
    return out;
}

// Within its bound, and not within a character.
std::string_view bounded(std::string_view text) {
    if (text.size() <= why_bytes_max) return text;
    std::size_t end = why_bytes_max;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) --end;
    return text.substr(0, end);
}

Notice notice_of(const GuardLook& look, std::int64_t wall_ms) {
    const bool well = look.guard == Guard::ready;
    const GuardTexts texts = texts_about(look.guard);
    Notice notice;
    notice.id = "readiness-" + std::to_string(wall_ms) + "-" + std::string(name(look.guard));
    notice.key = "readiness";
    notice.kind = well ? NoticeKind::resolve : NoticeKind::raise;
    notice.severity = texts.severity;
    notice.wall_ms = wall_ms;
    notice.text = texts.text;
    const std::string_view why = well ? std::string_view{} : bounded(look.why);
    if (!why.empty()) notice.text += ": " + std::string(why);
    if (!notice.text.ends_with('.')) notice.text += ".";
    notice.add("state", name(look.guard));
    if (!well) notice.add("reason_codes", joined_codes(look.codes));
    notice.add("what_to_do", texts.what_to_do);
    return notice;
}

}  // namespace

void PageNotices::take(const GuardLook& look, Time now, std::int64_t wall_ms, Notices& out) {
    if (look.guard != seen_ || since_ == Time{}) {
        seen_ = look.guard;
        since_ = now;
        since_wall_ms_ = wall_ms;
    }
    if (seen_ == told_ || now - since_ < lasts_) return;
    // A first start that finds all well has nothing to resolve.
    if (told_ != Guard::unknown || seen_ != Guard::ready)
        out.push_back(notice_of(look, since_wall_ms_));
    told_ = seen_;
}

}  // namespace scram
