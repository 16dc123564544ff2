// What the exchange may answer, as it stands on the wire, and what that means. The meaning is
// written here a second time, from OKX's documents, so that a wrong row in core's table is noticed.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "core/okx/answer.h"

namespace scram::sim {

struct Reply {
    std::string body;
    int http = 200;
    AnswerClass meant{};     // what it says
    Answer read;             // what core reads in it
    bool from_edge = false;  // nobody knows whether the exchange has done what was asked
};

// All replies of one meaning. Made once per process.
std::span<const Reply> replies(AnswerClass meant);

}  // namespace scram::sim
