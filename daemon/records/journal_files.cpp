#include "daemon/records/journal_files.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <optional>

#include "config/plain_file.h"

namespace scram {
namespace {

constexpr std::string_view name_start = "journal-";
// The most that [journal] allows a file, and its opening.
constexpr std::size_t file_size_max = 72 * 1024 * 1024;

std::optional<std::uint32_t> number_of(std::string_view name) {
    if (!name.starts_with(name_start)) return std::nullopt;
    name.remove_prefix(name_start.size());
    std::uint32_t number = 0;
    const auto result = std::from_chars(name.data(), name.data() + name.size(), number);
    const bool good = result.ec == std::errc{} && result.ptr == name.data() + name.size();
    return good ? std::optional(number) : std::nullopt;
}

std::string failure(std::string_view what, const std::string& path, int error) {
    return fmt::format("cannot {} {}: {}", what, path, std::strerror(error));
}

}  // namespace

std::string journal_directory(const std::string& configured) {
    if (!configured.empty()) return configured;
    const char* given = std::getenv("STATE_DIRECTORY");
    if (given == nullptr || *given == '\0') return "/var/lib/scramd";
    const std::string_view all = given;
    return std::string(all.substr(0, all.find(':')));
}

std::string journal_file_name(std::uint32_t number) {
    return fmt::format("{}{:06}", name_start, number);
}

std::variant<std::vector<JournalFile>, std::string> list_journal(const std::string& directory) {
    std::error_code error;
    std::vector<JournalFile> files;
    std::filesystem::directory_iterator at(directory, error);
    for (; !error && at != std::filesystem::directory_iterator{}; at.increment(error)) {
        const auto number = number_of(at->path().filename().native());
        if (number) files.push_back({*number, at->path().native()});
    }
    if (error) return failure("list", directory, error.value());
    std::sort(files.begin(), files.end(),
              [](const auto& a, const auto& b) { return a.number < b.number; });
    return files;
}

namespace {

std::variant<FileBytes, std::string> read_file_of(const std::string& path,
                                                  std::optional<uid_t> owner) {
    // Neither a link to another's file, nor a FIFO that would be waited for.
    const UniqueFd file = open_to_read(path.c_str(), O_NOFOLLOW);
    if (!file) return failure("open", path, errno);
    struct stat info {};
    if (fstat(file.get(), &info) != 0 || !S_ISREG(info.st_mode))
        return fmt::format("{} is not a regular file", path);
    if (owner && info.st_uid != *owner) {
        return fmt::format(
            "{} belongs to uid {}, not to scramd's uid {}: if scramd wrote it, run as root: chown "
            "{} {}; then restart scramd",
            path, info.st_uid, *owner, *owner, path);
    }
    FileBytes bytes(std::min(static_cast<std::size_t>(info.st_size), file_size_max));
    if (!read_full(file, bytes)) return failure("read", path, errno);
    return bytes;  // of one that is shorter by now, what is there
}

}  // namespace

std::variant<FileBytes, std::string> read_file(const std::string& path) {
    return read_file_of(path, std::nullopt);
}

std::variant<FileBytes, std::string> read_own_file(const std::string& path, uid_t us) {
    return read_file_of(path, us);
}

// ---- Verifying ----------------------------------------------------------------------------------

namespace {

std::string meaning(Folded::Health health) {
    switch (health) {
        case Folded::Health::torn:
            return "torn: the machine or the disk failed while it was written; what stands before "
                   "it is whole";
        case Folded::Health::damaged:
            return "damaged: bytes were changed after they were written";
        case Folded::Health::foreign:
            return "foreign: not a journal of this program";
        case Folded::Health::truncated:
            return "truncated: records are missing";
        case Folded::Health::fresh:
        case Folded::Health::whole:
        case Folded::Health::unread:
            return "";
    }
    return "";
}

// How a file joins the one before; empty if well.
std::string border_fault(const FileWalk& before, const FileWalk& next) {
    const std::uint64_t due = before.last_sequence + 1;
    if (next.first_sequence > due)
        return fmt::format("records {} to {} are missing before it", due, next.first_sequence - 1);
    if (next.first_sequence < due)
        return fmt::format("it begins at record {}, but the file before ends with {}",
                           next.first_sequence, due - 1);
    if (next.before != before.last_hash) return "it does not follow the last record before it";
    return {};
}

}  // namespace

JournalVerdict verify_journal(const std::vector<JournalFile>& files) {
    const Hasher hasher;
    JournalVerdict verdict;
    std::optional<FileWalk> before;
    std::size_t count = 0;
    std::string note;
    const auto fault = [&](const JournalFile& file, std::string_view what) {
        if (verdict.good) verdict.text = fmt::format("{}: {}", file.path, what);
        verdict.good = false;
    };
    for (const JournalFile& file : files) {
        const auto read = read_file(file.path);
        if (const auto* error = std::get_if<std::string>(&read)) {
            fault(file, *error);
            before.reset();
            continue;
        }
        const FileBytes& bytes = std::get<FileBytes>(read);
        if (is_blank(bytes)) continue;
        ++count;
        const FileWalk walked = walk(bytes, hasher, [&](const JournalRecord& record) {
            verdict.records += record.sequence > 0 ? 1 : 0;
        });
        // A torn tail is usual after a crash of the machine; the next start cuts it off.
        const bool usual = walked.health == Folded::Health::torn && &file == &files.back();
        if (usual)
            note = fmt::format("; {}: {}, which the next start cuts off", file.path, walked.fault);
        else if (walked.health != Folded::Health::whole)
            fault(file, fmt::format("{} ({})", walked.fault, meaning(walked.health)));
        const std::string border = before && walked.size > 0 ? border_fault(*before, walked) : "";
        if (!border.empty()) fault(file, border);
        if (walked.size > 0) before = walked;
    }
    if (verdict.good)
        verdict.text = fmt::format("{} records in {} files: whole{}", verdict.records, count, note);
    return verdict;
}

}  // namespace scram
