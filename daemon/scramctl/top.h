// scramctl top: the status page on a terminal, drawn again each second.
#pragma once

#include <string>

namespace scram {

struct TopQuery {
    std::string file;   // the status page's
    bool once = false;  // one frame, without a terminal
};
// Until q or an interrupt; returns the exit code.
int top(const TopQuery& query);

}  // namespace scram
