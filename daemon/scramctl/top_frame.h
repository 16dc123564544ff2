// What `scramctl top` shows: a status, laid out for a screen of a given size.
#pragma once

#include <simdjson.h>

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "core/status_page/page.h"

namespace scram {

struct ScreenSize {
    std::size_t columns = 80;
    std::size_t rows = 24;
};

enum class Tone : std::uint8_t { plain, heading, good, warning, bad };

struct ScreenLine {
    std::string text;  // nothing that a terminal would take as a command
    Tone tone = Tone::plain;
};

// What a frame is made of.
struct TopInput {
    PageLife life = PageLife::gone;
    std::string life_text;  // in one line; or why there is no page
    std::string age_text;   // of the status: "0.1 s old"
    std::optional<simdjson::dom::element> status;
    std::string missing_text;  // why there is no status
};

// At most `rows` lines of at most `columns` characters. What is wrong comes first; a list that has
// no room ends with how many more there are.
std::vector<ScreenLine> top_frame(const TopInput& input, ScreenSize size);

}  // namespace scram
