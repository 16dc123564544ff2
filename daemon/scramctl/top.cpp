#include "daemon/scramctl/top.h"

#include <fmt/format.h>
#include <unistd.h>

#include <optional>

#include "daemon/scramctl/exit.h"
#include "daemon/scramctl/page.h"
#include "daemon/scramctl/terminal.h"

namespace scram {
namespace {

TopInput input_of(const PageReply& page) {
    TopInput out{page.life(), page.life_text(), page.age_text(), {}, page.missing_text()};
    if (page.status()) out.status = page.status()->root();
    return out;
}

// Whether scramd moves.
int show_once(const TopQuery& query) {
    const PageReply page = PageReply::read(query.file);
    for (const ScreenLine& line : top_frame(input_of(page), ScreenSize{}))
        fmt::print("{}\n", line.text);
    return page.life() == PageLife::moves ? done : unreachable;
}

// What cannot be read now may be there in a second.
bool show(const TopQuery& query, Terminal& terminal) {
    std::optional<PageReply> page;
    TopInput input;
    try {
        page = PageReply::read(query.file);
        input = input_of(*page);
    } catch (const Unreachable& why) {
        input.life_text = "NO STATUS PAGE";
        input.missing_text = why.what();
    }
    return terminal.draw(top_frame(input, terminal.size()));
}

}  // namespace

int top(const TopQuery& query) {
    if (query.once) return show_once(query);
    if (isatty(STDOUT_FILENO) == 0) {
        fmt::print(stderr, "scramctl: top needs a terminal; top --once prints one frame\n");
        return usage;
    }
    Terminal terminal;
    do {
        if (!show(query, terminal)) return refused;
    } while (terminal.wait() != Terminal::Wake::quit);
    return done;
}

}  // namespace scram
