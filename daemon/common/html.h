#pragma once

#include <string>
#include <string_view>

namespace scram {

// Any text as HTML's or SVG's text, or as an attribute's value in quotes; a control character
// becomes a space.
std::string html_text(std::string_view text);

}  // namespace scram
