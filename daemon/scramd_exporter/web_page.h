// The web page: one look, for a person with a browser, also one on a phone or without scripts.
#pragma once

#include <string>
#include <string_view>

#include "daemon/scramd_exporter/look.h"

namespace scram {

// All of it.
std::string web_page(const Look& look);
// What changes: the inside of its <main>, in one line.
std::string web_board(const Look& look);

extern const std::string_view web_script, web_style;

// What the page may load and do: itself, and nothing else.
inline constexpr std::string_view web_policy =
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'";

}  // namespace scram
