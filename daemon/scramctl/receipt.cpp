#include "daemon/scramctl/receipt.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <functional>
#include <map>
#include <optional>
#include <vector>

#include "daemon/common/json.h"
#include "daemon/control/protocol.h"
#include "daemon/records/journal_files.h"
#include "daemon/records/receipt_writer.h"
#include "daemon/scramctl/connection.h"
#include "daemon/scramctl/exit.h"
#include "daemon/scramctl/receipt_text.h"

namespace scram {
namespace fs = std::filesystem;
using namespace printing;
namespace {

constexpr std::size_t listed_files_max = 64;

// What the daemon said, or why it could not be asked.
struct Asked {
    std::optional<Reply> answer;
    std::string trouble;  // empty: it answered

    // Why a file is looked for instead.
    std::string why() const { return answer ? answer->error() : trouble; }
};

Asked ask(const ReceiptQuery& query, const JsonObject& request) try {
    return {ControlClient(query.socket).ask(request), {}};
} catch (const Unreachable& error) {
    return {std::nullopt, error.what()};
}

// ---- Files --------------------------------------------------------------------------------------

fs::path folder_of(const ReceiptQuery& query, const Asked& told) {
    if (!query.directory.empty()) return query.directory / receipts_folder;
    if (told.answer && has(told.answer->root(), "folder"))
        return field(told.answer->root(), "folder");
    return fs::path(journal_directory({})) / receipts_folder;
}

std::optional<Reply> read_receipt(const fs::path& path) {
    const auto read = read_file(path.native());
    const auto* bytes = std::get_if<FileBytes>(&read);
    if (bytes == nullptr) return std::nullopt;
    const std::string_view text(reinterpret_cast<const char*>(bytes->data()), bytes->size());
    return Reply::read(std::string(text.substr(0, text.find_last_not_of('\n') + 1)));
}

// The id in "trip-3.json"; 0 for any other name.
std::uint64_t trip_in(const fs::path& path) {
    const std::string name = path.filename().native();
    std::uint64_t trip = 0;
    if (!name.starts_with("trip-")) return 0;
    const auto [end, error] = std::from_chars(name.data() + 5, name.data() + name.size(), trip);
    return error == std::errc() && std::string_view(end) == ".json" ? trip : 0;
}

std::uint64_t trip_of(dom::element receipt) {
    std::uint64_t trip = 0;
    return receipt["trip"].get(trip) == simdjson::SUCCESS ? trip : 0;
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

void print_receipt(const ReceiptQuery& query, dom::element receipt) {
    if (query.json) {
        fmt::print("{}\n", simdjson::minify(receipt));
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

int complain(const Asked& told, std::string_view what) {
    fmt::print(stderr, "scramctl: {}; and {}\n", told.why(), what);
    return told.answer ? refused : unreachable;
}

int show_file(const ReceiptQuery& query, const Asked& told) {
    const fs::path folder = folder_of(query, told);
    const auto trips = query.trip == 0 ? trips_in(folder) : std::vector{query.trip};
    if (trips.empty()) return complain(told, fmt::format("{} has none", folder.native()));
    const fs::path path = folder / receipt_file_name(TripId{trips[0]});
    const auto receipt = read_receipt(path);
    if (!receipt) return complain(told, fmt::format("{} cannot be read", path.native()));
    fmt::print(stderr, "scramctl: {}; this is {}\n",
               told.answer ? "scramd no longer has it" : told.trouble, path.native());
    print_receipt(query, receipt->root());
    name_files(folder, trips[0], path);
    return done;
}

}  // namespace

int show_receipt(const ReceiptQuery& query) {
    JsonObject wish = request("receipt");
    wish.add("signals", query.signals);
    if (query.trip != 0) wish.add("trip", query.trip);
    const Asked told = ask(query, wish);
    if (!told.answer) return show_file(query, told);
    dom::element receipt;
    if (told.answer->root()["receipt"].get(receipt) == simdjson::SUCCESS) {
        print_receipt(query, receipt);
        if (flag(receipt, "before_start")) name_files(folder_of(query, told), trip_of(receipt), {});
        return done;
    }
    // One who may not ask is told of no trips.
    if (has(told.answer->root(), "trips")) return show_file(query, told);
    fmt::print(stderr, "scramctl: {}\n", told.answer->error());
    return refused;
}

// ---- The list -----------------------------------------------------------------------------------

namespace {

// By trip, the latest first: what scramd has, and of the files those that it has not.
using Summaries = std::map<std::uint64_t, std::string, std::greater<>>;

void add_files(const fs::path& folder, Summaries& summaries) {
    auto trips = trips_in(folder);
    if (trips.size() > listed_files_max) trips.resize(listed_files_max);
    for (const std::uint64_t trip : trips) {
        if (summaries.count(trip) > 0) continue;
        const auto receipt = read_receipt(folder / receipt_file_name(TripId{trip}));
        if (!receipt || !has(receipt->root(), "trip")) continue;
        JsonObject summary;
        for (const char* key : {"trip", "verdict", "wall_ms", "time", "cause"})
            summary.add_raw(key, raw(receipt->root(), key));
        summaries[trip] = summary.text();
    }
}

void add_known(const Reply& answer, Summaries& summaries) {
    for (const dom::element receipt : list(answer.root(), "receipts"))
        summaries[trip_of(receipt)] = simdjson::minify(receipt);
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

void print_list(const ReceiptQuery& query, const std::string& listed) {
    if (query.json) {
        fmt::print("{}\n", listed);
    } else if (const auto read = Reply::read(listed)) {
        fmt::print("{}", receipts_text(list(read->root(), "receipts")));
    }
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
    const Asked told = ask(query, request("receipts"));
    if (told.answer && !told.answer->ok()) {
        fmt::print(stderr, "scramctl: {}\n", told.answer->error());
        return refused;
    }
    const fs::path folder = folder_of(query, told);
    if (!told.answer)
        fmt::print(stderr, "scramctl: {}; these are of {}\n", told.trouble, folder.native());
    tell_unreadable(folder);
    Summaries summaries;
    if (told.answer && query.directory.empty()) add_known(*told.answer, summaries);
    add_files(folder, summaries);
    print_list(query, listed(summaries, folder));
    return told.answer || !summaries.empty() ? done : unreachable;
}

}  // namespace scram
