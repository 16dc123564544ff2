// What became of a family, for people and for programs.
#pragma once

#include <string>

#include "daemon/scram_now/kill.h"

namespace scram {

struct NowResult {
    std::string family;
    NowKill::Outcome outcome;
    Duration after{};   // since scram-now began
    std::string cause;  // why nothing was sent; empty if something was
};

std::string text(const Answer& answer);  // http 503, code 50001: service unavailable ...
std::string result_text(const NowResult& result);
std::string result_json(const NowResult& result);

}  // namespace scram
