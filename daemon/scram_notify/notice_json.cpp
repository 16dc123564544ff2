#include "daemon/scram_notify/notice_json.h"

#include "daemon/common/json.h"
#include "daemon/common/json_fields.h"

namespace scram {
namespace {

template <class Enum, std::size_t N>
bool take_word(simdjson::dom::element json, std::string_view key,
               const std::array<std::string_view, N>& names, Enum& out) {
    const std::string word = printing::field(json, key);
    const auto found = std::find(names.begin(), names.end(), word);
    if (found == names.end()) return false;
    out = static_cast<Enum>(found - names.begin());
    return true;
}

}  // namespace

std::string notice_json(const Notice& notice, const std::string& host) {
    JsonObject fields;
    for (const auto& [key, value] : notice.fields) fields.add(key, value);
    JsonObject out;
    out.add("v", notice_version).add("program", "scram-notify").add("id", notice.id);
    out.add("key", notice.key).add("kind", name(notice.kind));
    out.add("severity", name(notice.severity)).add("wall_ms", notice.wall_ms);
    out.add("time", printing::utc_time(notice.wall_ms));
    if (!host.empty()) out.add("host", host);
    return out.add("text", notice.text).add_raw("fields", fields.text()).text();
}

std::optional<Notice> notice_from(simdjson::dom::element json) {
    Notice out;
    std::string_view id, key, text;
    simdjson::dom::object fields;
    const bool is_whole = json["id"].get(id) == simdjson::SUCCESS &&
                          json["key"].get(key) == simdjson::SUCCESS &&
                          json["text"].get(text) == simdjson::SUCCESS &&
                          json["wall_ms"].get(out.wall_ms) == simdjson::SUCCESS &&
                          json["fields"].get(fields) == simdjson::SUCCESS &&
                          take_word(json, "kind", notice_kind_names, out.kind) &&
                          take_word(json, "severity", severity_names, out.severity);
    if (!is_whole || id.empty()) return std::nullopt;
    out.id = id;
    out.key = key;
    out.text = text;
    for (const auto& field : fields) {
        std::string_view value;
        if (field.value.get(value) == simdjson::SUCCESS) out.add(field.key, value);
    }
    return out;
}

}  // namespace scram
