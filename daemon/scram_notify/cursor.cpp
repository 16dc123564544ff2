#include "daemon/scram_notify/cursor.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "daemon/common/json.h"
#include "daemon/common/json_fields.h"
#include "daemon/scram_notify/notice_json.h"

namespace scram {
namespace {

constexpr std::int64_t cursor_version = 1;

std::string hex_of(const Hash& hash) {
    std::string out;
    for (const std::uint8_t byte : hash) out += fmt::format("{:02x}", byte);
    return out;
}

bool take_hash(std::string_view hex, Hash& out) {
    if (hex.size() != 2 * out.size()) return false;
    for (std::size_t i = 0; i < out.size(); ++i) {
        const char* at = hex.data() + 2 * i;
        const auto result = std::from_chars(at, at + 2, out[i], 16);
        if (result.ec != std::errc{} || result.ptr != at + 2) return false;
    }
    return true;
}

std::string trips_json(const std::vector<FollowedTrip>& trips) {
    JsonArray out;
    for (const FollowedTrip& its : trips) {
        JsonArray open;
        for (const std::string& family : its.open) open.add_raw(json_string(family));
        JsonObject one;
        one.add("trip", its.trip).add("severity", name(its.severity));
        one.add("families", its.families).add("armed", its.armed).add_raw("open", open.text());
        out.add_raw(one.text());
    }
    return out.text();
}

template <class Enum, std::size_t N>
Enum word_in(const std::array<std::string_view, N>& names, const std::string& word) {
    const auto found = std::find(names.begin(), names.end(), word);
    return found == names.end() ? Enum{} : static_cast<Enum>(found - names.begin());
}

std::uint64_t count_in(simdjson::dom::element json, std::string_view key) {
    std::uint64_t out = 0;
    return json[key].get(out) == simdjson::SUCCESS ? out : 0;
}

FollowedTrip trip_from(simdjson::dom::element json) {
    FollowedTrip out{count_in(json, "trip"),
                     word_in<Severity>(severity_names, printing::field(json, "severity")),
                     count_in(json, "families"), count_in(json, "armed")};
    for (const auto family : printing::list(json, "open")) {
        std::string_view text;
        if (family.get(text) == simdjson::SUCCESS) out.open.emplace(text);
    }
    return out;
}

}  // namespace

std::string cursor_json(const Cursor& cursor) {
    JsonArray waiting;
    for (const Flood::Waiting& its : cursor.waiting) {
        JsonObject one;
        one.add("stands_for", its.stands_for).add_raw("notice", notice_json(its.notice));
        waiting.add_raw(one.text());
    }
    JsonObject dropped;
    for (const auto& [target, count] : cursor.dropped) dropped.add(target, count);
    JsonObject out;
    out.add("v", cursor_version).add("sequence", cursor.journal.sequence);
    out.add("hash", hex_of(cursor.journal.hash)).add("wall_ms", cursor.journal.wall_ms);
    out.add("guard", name(cursor.guard)).add("spooled", cursor.spooled);
    out.add_raw("trips", trips_json(cursor.trips)).add_raw("waiting", waiting.text());
    return out.add_raw("dropped", dropped.text()).text();
}

std::optional<Cursor> cursor_from(std::string_view json) {
    simdjson::dom::parser parser;
    simdjson::dom::element root;
    if (parser.parse(json.data(), json.size()).get(root) != simdjson::SUCCESS) return std::nullopt;
    Cursor out;
    std::int64_t version = 0;
    const bool is_whole = root["v"].get(version) == simdjson::SUCCESS &&
                          version == cursor_version &&
                          root["sequence"].get(out.journal.sequence) == simdjson::SUCCESS &&
                          root["wall_ms"].get(out.journal.wall_ms) == simdjson::SUCCESS &&
                          root["spooled"].get(out.spooled) == simdjson::SUCCESS &&
                          take_hash(printing::field(root, "hash"), out.journal.hash);
    if (!is_whole) return std::nullopt;
    out.guard = word_in<Guard>(guard_names, printing::field(root, "guard"));
    for (const auto trip : printing::list(root, "trips")) out.trips.push_back(trip_from(trip));
    for (const auto one : printing::list(root, "waiting")) {
        simdjson::dom::element json_notice;
        if (one["notice"].get(json_notice) != simdjson::SUCCESS) continue;
        if (auto notice = notice_from(json_notice))
            out.waiting.push_back({std::move(*notice), count_in(one, "stands_for")});
    }
    simdjson::dom::object dropped;
    if (root["dropped"].get(dropped) != simdjson::SUCCESS) return out;
    for (const auto& field : dropped) {
        std::uint64_t count = 0;
        if (field.value.get(count) == simdjson::SUCCESS) out.dropped.emplace(field.key, count);
    }
    return out;
}

}  // namespace scram
