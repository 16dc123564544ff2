#include "config/probe.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <cerrno>
#include <cstring>
#include <exception>
#include <optional>

#include "config/plain_file.h"

namespace scram {
namespace {

namespace dom = simdjson::dom;

// What keeps the file from being read: a sentence without the file's name.
struct Unusable {
    std::string why;
};

std::string printable(std::string_view text) {
    std::string out(text);
    for (char& c : out) {
        if (c < ' ' || c > '~') c = '?';
    }
    return out;
}

// Of the key `name` in `object`, which stands at `place` in the file.
template <class Value>
Value value_at(dom::element object, std::string_view name, std::string_view expected,
               std::string_view place = "") {
    Value value{};
    if (object[name].get(value) != simdjson::SUCCESS) {
        throw Unusable{fmt::format("{}{}: expected {}", place, name, expected)};
    }
    return value;
}

std::string string_at(dom::element object, std::string_view name, std::string_view place = "") {
    return printable(value_at<std::string_view>(object, name, "a text", place));
}

ProbePoint point_from(dom::element json, std::string_view name) {
    const std::string place = fmt::format("points.{}.", name);
    ProbePoint point{.open = false, .value = {}, .detail = string_at(json, "detail", place)};
    const auto value = value_at<dom::element>(json, "value", "a text, a number or null", place);
    switch (value.type()) {
        case dom::element_type::NULL_VALUE:
            point.open = true;
            break;
        case dom::element_type::STRING:
            point.value = string_at(json, "value", place);
            break;
        case dom::element_type::INT64:
        case dom::element_type::UINT64:
            point.value = simdjson::minify(value);
            break;
        default:
            throw Unusable{place + "value: expected a text, a whole number or null"};
    }
    return point;
}

ProbeResult result_from(std::string_view json) {
    dom::parser parser;
    dom::element root;
    if (parser.parse(json.data(), json.size()).get(root) != simdjson::SUCCESS || !root.is_object())
        throw Unusable{"is no JSON object"};
    std::string_view program;
    if (root["program"].get(program) != simdjson::SUCCESS || program != "scram-probe")
        throw Unusable{"was not written by scram-probe"};
    const auto version = value_at<std::int64_t>(root, "v", "a number");
    if (version != ProbeResult::version) {
        throw Unusable{fmt::format("is of version {}, and this scramctl reads version {}", version,
                                   ProbeResult::version)};
    }
    ProbeResult result{.host = string_at(root, "host"),
                       .demo = value_at<bool>(root, "demo", "true or false"),
                       .uid = string_at(root, "uid"),
                       .family = string_at(root, "family"),
                       .points = {}};
    for (const auto& [name, point] : value_at<dom::object>(root, "points", "an object")) {
        result.points.emplace(printable(name), point_from(point, printable(name)));
    }
    return result;
}

std::string named(const std::filesystem::path& file, std::string_view why) {
    return fmt::format("{}: {}; to make one: scram-probe --json {}", file.native(), why,
                       file.native());
}

}  // namespace

std::string_view ProbeResult::value(std::string_view name) const {
    const auto at = points.find(name);
    return at == points.end() ? std::string_view() : std::string_view(at->second.value);
}

std::variant<ProbeResult, std::string> parse_probe(std::string_view json,
                                                   const std::filesystem::path& file_name) {
    try {
        return result_from(json);
    } catch (const Unusable& unusable) {
        return named(file_name, unusable.why);
    } catch (const std::exception& error) {
        return named(file_name, fmt::format("cannot be read: {}", error.what()));
    }
}

std::variant<ProbeResult, std::string> load_probe(const std::filesystem::path& file) {
    const UniqueFd opened = open_to_read(file.c_str());
    if (!opened) return named(file, fmt::format("cannot be opened: {}", std::strerror(errno)));
    std::string json(ProbeResult::bytes_max + 1, '\0');
    if (!read_full(opened, json)) {
        return named(file, fmt::format("cannot be read: {}", std::strerror(errno)));
    }
    if (json.size() > ProbeResult::bytes_max) {
        return named(file, fmt::format("is larger than {} bytes", ProbeResult::bytes_max));
    }
    return parse_probe(json, file);
}

}  // namespace scram
