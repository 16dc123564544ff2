// `scramctl check`: a config file, what it says, and what it names.
#pragma once

#include <filesystem>

namespace scram {

// Prints every error, or the config with its plan of fire and a verdict; the exit code. `probe` is
// a file of scram-probe's to compare it with; empty: none.
int check_config(const std::filesystem::path& file, const std::filesystem::path& probe, bool json);

}  // namespace scram
