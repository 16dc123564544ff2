#include "daemon/scramctl/receipt.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <functional>
#include <map>
#include <optional>
#include <stdexcept>
#include <vector>

#include "daemon/common/json.h"
#include "daemon/control/protocol.h"
#include "daemon/records/journal_files.h"
#include "daemon/records/receipt_writer.h"
#include "daemon/scramctl/connection.h"
#include "daemon/scramctl/receipt_text.h"

namespace scram {
namespace fs = std::filesystem;
namespace dom = simdjson::dom;
namespace {

enum Exit { done = 0, refused = 1, unreachable = 4 };

constexpr std::size_t listed_files_max = 64;

// What the daemon said, or why it could not be asked.
struct Told {
    std::string answer;   // empty: it could not be asked
    std::string trouble;  // why
};

Told ask(const ReceiptQuery& query, const JsonObject& request) try {
    return {ControlClient(query.socket).ask(request.text()), {}};
} catch (const std::runtime_error& error) {
    return {{}, error.what()};
}

std::string member(const std::string& json, std::string_view key) {
    dom::parser parser;
    dom::element value;
    std::string_view text;
    if (parser.parse(json)[key].get(value) != simdjson::SUCCESS) return {};
    return value.get(text) == simdjson::SUCCESS ? std::string(text) : simdjson::minify(value);
}

// ---- Files --------------------------------------------------------------------------------------

fs::path folder_of(const ReceiptQuery& query, const Told& told) {
    if (!query.directory.empty()) return query.directory / receipts_folder;
    const std::string said = member(told.answer, "folder");
    if (!said.empty()) return said;
    return fs::path(journal_directory({})) / receipts_folder;
}

std::optional<std::string> read_text(const fs::path& path) {
    const auto read = read_file(path.native());
    const auto* bytes = std::get_if<FileBytes>(&read);
    if (bytes == nullptr) return std::nullopt;
    return std::string(reinterpret_cast<const char*>(bytes->data()), bytes->size());
}

// The id in "trip-3.json"; 0 for any other name.
std::uint64_t trip_in(const fs::path& path) {
    const std::string name = path.filename().native();
    std::uint64_t trip = 0;
    if (!name.starts_with("trip-")) return 0;
    const auto [end, error] = std::from_chars(name.data() + 5, name.data() + name.size(), trip);
    return error == std::errc() && std::string_view(end) == ".json" ? trip : 0;
}

// The latest first.
std::vector<std::uint64_t> trips_in(const fs::path& folder) {
    std::vector<std::uint64_t> trips;
    std::error_code error;
    for (fs::directory_iterator at(folder, error), end; !error && at != end; at.increment(error)) {
        if (const std::uint64_t trip = trip_in(at->path()); trip != 0) trips.push_back(trip);
    }
    std::sort(trips.rbegin(), trips.rend());
    return trips;
}

// Other files of the same id (daemon/records/receipt_writer.h).
std::vector<fs::path> files_beside(const fs::path& folder, std::uint64_t trip) {
    std::vector<fs::path> beside;
    const std::string start = fmt::format("trip-{}.", trip);
    std::error_code error;
    for (fs::directory_iterator at(folder, error), end; !error && at != end; at.increment(error)) {
        const std::string name = at->path().filename().native();
        if (name.starts_with(start) && name.ends_with(".json")) beside.push_back(at->path());
    }
    std::sort(beside.begin(), beside.end());
    return beside;
}

// ---- One receipt --------------------------------------------------------------------------------

void print_receipt(const ReceiptQuery& query, const std::string& receipt) {
    if (query.json) {
        fmt::print("{}\n", receipt);
    } else {
        fmt::print("{}", receipt_text(receipt, query.signals));
    }
}

// Of its id there may be more: told on stderr, so that the receipt stays what a program reads.
void name_files(const fs::path& folder, std::uint64_t trip, const fs::path& shown) {
    for (const fs::path& file : files_beside(folder, trip)) {
        if (file != shown) fmt::print(stderr, "scramctl: there is also {}\n", file.native());
    }
}

int show_file(const ReceiptQuery& query, const Told& told) {
    const fs::path folder = folder_of(query, told);
    const auto trips = query.trip == 0 ? trips_in(folder) : std::vector{query.trip};
    if (trips.empty()) {
        fmt::print(stderr, "scramctl: {}; and {} has none\n",
                   told.trouble.empty() ? member(told.answer, "error") : told.trouble,
                   folder.native());
        return told.answer.empty() ? unreachable : refused;
    }
    const fs::path path = folder / receipt_file_name(TripId{trips[0]});
    const auto receipt = read_text(path);
    if (!receipt) {
        fmt::print(stderr, "scramctl: {}; and {} cannot be read\n",
                   told.trouble.empty() ? member(told.answer, "error") : told.trouble,
                   path.native());
        return told.answer.empty() ? unreachable : refused;
    }
    fmt::print(stderr, "scramctl: {}; this is {}\n",
               told.trouble.empty() ? "scramd no longer has it" : told.trouble, path.native());
    print_receipt(query, receipt->substr(0, receipt->find_last_not_of('\n') + 1));
    name_files(folder, trips[0], path);
    return done;
}

}  // namespace

int show_receipt(const ReceiptQuery& query) {
    JsonObject request;
    request.add("v", control_version).add("op", "receipt").add("signals", query.signals);
    if (query.trip != 0) request.add("trip", query.trip);
    const Told told = ask(query, request);
    const std::string receipt = member(told.answer, "receipt");
    if (!receipt.empty()) {
        print_receipt(query, receipt);
        if (member(receipt, "before_start") == "true")
            name_files(folder_of(query, told), std::stoull(member(receipt, "trip")), {});
        return done;
    }
    const bool may_not = !told.answer.empty() && member(told.answer, "trips").empty();
    if (!may_not) return show_file(query, told);
    fmt::print(stderr, "scramctl: {}\n", member(told.answer, "error"));
    return refused;
}

// ---- The list -----------------------------------------------------------------------------------

namespace {

using Summaries = std::map<std::uint64_t, std::string, std::greater<>>;  // by trip, latest first

// Of the files that are not among them yet.
void add_files(const fs::path& folder, Summaries& summaries) {
    auto trips = trips_in(folder);
    if (trips.size() > listed_files_max) trips.resize(listed_files_max);
    for (const std::uint64_t trip : trips) {
        if (summaries.count(trip) > 0) continue;
        const auto text = read_text(folder / receipt_file_name(TripId{trip}));
        if (!text || member(*text, "trip").empty()) continue;
        JsonObject summary;
        for (const char* key : {"trip", "wall_ms"}) summary.add_raw(key, member(*text, key));
        for (const char* key : {"verdict", "time", "cause"}) summary.add(key, member(*text, key));
        summaries[trip] = summary.text();
    }
}

void add_known(const std::string& answer, Summaries& summaries) {
    dom::parser parser;
    dom::array receipts;
    if (parser.parse(answer)["receipts"].get(receipts) != simdjson::SUCCESS) return;
    for (const dom::element receipt : receipts) {
        std::uint64_t trip = 0;
        if (receipt["trip"].get(trip) == simdjson::SUCCESS)
            summaries[trip] = simdjson::minify(receipt);
    }
}

std::string listed(const Summaries& summaries, const fs::path& folder) {
    JsonArray receipts;
    for (const auto& [trip, summary] : summaries) receipts.add_raw(summary);
    return JsonObject()
        .add("v", control_version)
        .add("ok", true)
        .add_raw("receipts", receipts.text())
        .add("folder", folder.native())
        .text();
}

// A folder that this user may not read hides what was before the last start.
void tell_unreadable(const fs::path& folder) {
    std::error_code error;
    fs::directory_iterator(folder, error);
    if (error == std::errc::permission_denied)
        fmt::print(stderr, "scramctl: {}: {}; trips before the last start are left out\n",
                   folder.native(), error.message());
}

}  // namespace

int list_receipts(const ReceiptQuery& query) {
    JsonObject request;
    request.add("v", control_version).add("op", "receipts");
    const Told told = ask(query, request);
    if (!told.answer.empty() && member(told.answer, "ok") != "true") {
        fmt::print(stderr, "scramctl: {}\n", member(told.answer, "error"));
        return refused;
    }
    const bool is_there = !told.answer.empty();
    const fs::path folder = folder_of(query, told);
    if (!is_there)
        fmt::print(stderr, "scramctl: {}; these are of {}\n", told.trouble, folder.native());
    tell_unreadable(folder);
    Summaries summaries;
    if (query.directory.empty()) add_known(told.answer, summaries);
    add_files(folder, summaries);
    const std::string answer = listed(summaries, folder);
    fmt::print("{}", query.json ? answer + "\n" : receipts_text(answer));
    return is_there || !summaries.empty() ? done : unreachable;
}

}  // namespace scram
