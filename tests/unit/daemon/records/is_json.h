#pragma once

#include <simdjson.h>

#include <string>

inline bool is_json(const std::string& text) {
    simdjson::dom::parser parser;
    return parser.parse(text).error() == simdjson::SUCCESS;
}
