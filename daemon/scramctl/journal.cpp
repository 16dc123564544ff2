#include "daemon/scramctl/journal.h"

#include <fmt/format.h>

#include <cstdio>

#include "daemon/common/json.h"
#include "daemon/records/journal_files.h"
#include "daemon/scramctl/journal_text.h"

namespace scram {
namespace {

int complain(std::string_view text) {
    fmt::print(stderr, "scramctl: {}\n", text);
    return 1;
}

int print_verdict(const JournalVerdict& verdict, bool json) {
    if (json) {
        JsonObject out;
        out.add("ok", verdict.good).add("records", verdict.records).add("text", verdict.text);
        fmt::print("{}\n", out.text());
    } else if (verdict.good) {
        fmt::print("{}\n", verdict.text);
    } else {
        complain(verdict.text);
    }
    return verdict.good ? 0 : 1;
}

// A file's opening repeats what the files before tell; only the first is printed.
bool print_file(const JournalFile& file, bool with_opening, bool json) {
    const auto read = read_file(file.path);
    if (const auto* error = std::get_if<std::string>(&read)) return complain(*error) == 0;
    const FileBytes& bytes = std::get<FileBytes>(read);
    if (is_blank(bytes)) return true;
    const FileWalk walked = walk(bytes, Hasher(), [&](const JournalRecord& record) {
        if (record.sequence == 0 && !with_opening) return;
        fmt::print("{}\n", json ? record_json(record) : record_line(record));
    });
    if (walked.health == Folded::Health::whole) return true;
    return complain(fmt::format("{}: {}", file.path, walked.fault)) == 0;
}

}  // namespace

int journal_command(const JournalOptions& wish) {
    const auto listed = list_journal(wish.directory);
    if (const auto* error = std::get_if<std::string>(&listed)) return complain(*error);
    const auto& files = std::get<std::vector<JournalFile>>(listed);
    if (files.empty())
        return complain(
            fmt::format("no journal in {}; --directory names another folder", wish.directory));
    if (wish.verify) return print_verdict(verify_journal(files), wish.json);
    bool good = true;
    for (const JournalFile& file : files) {
        good = print_file(file, &file == &files.front(), wish.json) && good;
    }
    return good ? 0 : 1;
}

}  // namespace scram
