// Texts that stand in files beside their tests, so that a change of one is seen as what it is.
// With SCRAM_WRITE_GOLDEN set in the environment they are written anew instead, to be read in the
// diff.
#pragma once

#include <string>
#include <string_view>

namespace scram::test {

// `name` is below tests/unit: "daemon/control/golden/trip.json".
void check_golden(std::string_view name, const std::string& text);
std::string golden(std::string_view name);

// JSON in lines, and what differs from run to run made the same: times, ages, the pid, the version,
// and `folder`, which becomes /FOLDER.
std::string readable(std::string_view json, std::string_view folder = {});

}  // namespace scram::test
