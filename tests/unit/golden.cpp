#include "tests/unit/golden.h"

#include <doctest/doctest.h>
#include <simdjson.h>

#include <cstdlib>
#include <fstream>
#include <regex>
#include <sstream>

namespace scram::test {
namespace {

namespace dom = simdjson::dom;

std::string path_of(std::string_view name) {
    return SCRAM_SOURCE_DIR "/tests/unit/" + std::string(name);
}

bool ends_with_any(std::string_view key, std::initializer_list<std::string_view> ends) {
    for (const std::string_view end : ends) {
        if (key.ends_with(end)) return true;
    }
    return false;
}

// What stands there instead; empty: what stood there.
std::string_view stand_in(std::string_view key, dom::element value) {
    if (value.is_string())
        return key == "time"      ? R"("2026-01-05T09:30:00.123Z")"
               : key == "version" ? R"("1.2.3")"
                                  : "";
    if (!value.is_number()) return {};
    if (key == "pid") return "4711";
    if (key == "records_stored" || key == "written") return "0";  // by threads of their own
    if (key == "wall_ms" || key == "since_ms" || key == "at") return "1767605400123";
    if (ends_with_any(key, {"lock_ms", "error_max", "bucket_bounds_ns"})) return {};
    if (ends_with_any(key, {"_ns"})) return "1500";
    if (ends_with_any(key, {"_us"})) return "1500.5";
    if (ends_with_any(key, {"_ms", "_ms_ago", "ms_ago"})) return "2500";
    return {};
}

class Writer {
  public:
    explicit Writer(std::string_view folder) : folder_(folder) {}

    std::string text(dom::element value, std::string_view key, std::size_t depth) const {
        if (const std::string_view instead = stand_in(key, value); !instead.empty())
            return std::string(instead);
        if (value.is_object()) return members(value.get_object(), key, depth);
        if (value.is_array()) return items(value.get_array(), key, depth);
        std::string out = simdjson::minify(value);
        if (!value.is_string()) return out;
        if (!folder_.empty()) {
            for (auto at = out.find(folder_); at != out.npos; at = out.find(folder_))
                out.replace(at, folder_.size(), "/FOLDER");
        }
        static const std::regex seconds(R"(\d+\.\d s\b)");
        return std::regex_replace(out, seconds, "1.2 s");
    }

  private:
    static std::string margin(std::size_t depth) { return "\n" + std::string(2 * depth, ' '); }

    std::string members(dom::object object, std::string_view parent, std::size_t depth) const {
        std::string out;
        for (const auto [key, value] : object) {
            // Of a table by metric, ages are the values.
            const std::string_view of = parent == "ages_ms" ? parent : key;
            out += (out.empty() ? "" : ",") + margin(depth + 1) + "\"" + std::string(key) +
                   "\": " + text(value, of, depth + 1);
        }
        return out.empty() ? "{}" : "{" + out + margin(depth) + "}";
    }

    std::string items(dom::array array, std::string_view key, std::size_t depth) const {
        std::string out;
        for (const dom::element value : array)
            out += (out.empty() ? "" : ",") + margin(depth + 1) + text(value, key, depth + 1);
        return out.empty() ? "[]" : "[" + out + margin(depth) + "]";
    }

    const std::string_view folder_;
};

}  // namespace

std::string golden(std::string_view name) {
    std::ostringstream text;
    text << std::ifstream(path_of(name), std::ios::binary).rdbuf();
    return text.str();
}

void check_golden(std::string_view name, const std::string& text) {
    if (std::getenv("SCRAM_WRITE_GOLDEN") != nullptr)
        std::ofstream(path_of(name), std::ios::binary) << text;
    INFO("tests/unit/", std::string(name), "; SCRAM_WRITE_GOLDEN=1 writes it anew");
    CHECK(text == golden(name));
}

std::string readable(std::string_view json, std::string_view folder) {
    dom::parser parser;
    dom::element root;
    const bool is_json = parser.parse(json.data(), json.size()).get(root) == simdjson::SUCCESS;
    CHECK_MESSAGE(is_json, std::string(json));
    return is_json ? Writer(folder).text(root, "", 0) + "\n" : std::string(json);
}

}  // namespace scram::test
