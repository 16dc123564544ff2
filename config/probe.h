// What scram-probe saw of OKX, from its JSON (docs/interfaces.md), and where a config relies on
// something else.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <variant>

#include "config/config.h"
#include "config/findings.h"

namespace scram {

// One of the questions that OKX's documents leave open.
struct ProbePoint {
    bool open = true;    // not answered, and `detail` says why
    std::string value;   // a number as its digits
    std::string detail;  // for a person
};

struct ProbeResult {
    static constexpr std::int64_t version = 1;
    static constexpr std::size_t bytes_max = std::size_t{1} << 20;

    std::string host;
    bool demo = false;
    std::string uid;
    std::string family;                                     // BTC-USD
    std::map<std::string, ProbePoint, std::less<>> points;  // by name

    // Its value; empty if it is open, or not in the file.
    std::string_view value(std::string_view name) const;
};

// All texts are of printable ASCII: OKX wrote some of them. The error names the file and says what
// to do. Never throws.
std::variant<ProbeResult, std::string> parse_probe(std::string_view json,
                                                   const std::filesystem::path& file_name);
std::variant<ProbeResult, std::string> load_probe(const std::filesystem::path& file);

// Each difference in a sentence, and what stayed open.
ConfigFindings compare(const Config& config, const ProbeResult& probe);

}  // namespace scram
