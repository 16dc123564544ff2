#include "daemon/scramd/state_owner.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <vector>

#include "daemon/records/journal_files.h"
#include "daemon/records/receipt_writer.h"

namespace scram {
namespace {

namespace fs = std::filesystem;

std::string user_name(uid_t uid) {
    const passwd* entry = getpwuid(uid);  // nothing else runs yet
    return entry != nullptr ? std::string(entry->pw_name) : std::to_string(uid);
}

// Another's. A folder may be used all the same, but not by root, which would leave files of its
// own; a file may not, though it can be read: scramd did not write it.
bool is_foreign(const fs::path& path, uid_t& owner) {
    struct stat info {};
    if (stat(path.c_str(), &info) != 0 || info.st_uid == geteuid()) return false;
    owner = info.st_uid;
    if (geteuid() == 0 || !S_ISDIR(info.st_mode)) return true;
    return faccessat(AT_FDCWD, path.c_str(), R_OK | W_OK | X_OK, AT_EACCESS) != 0;
}

std::vector<fs::path> state_of(const std::string& directory, const std::string& board) {
    std::vector<fs::path> paths{directory, board, fs::path(directory) / receipts_folder,
                                fs::path(directory) / "state"};
    const auto listed = list_journal(directory);
    if (const auto* files = std::get_if<std::vector<JournalFile>>(&listed)) {
        for (const JournalFile& file : *files) paths.emplace_back(file.path);
    }
    return paths;
}

}  // namespace

std::string foreign_state(const Config& config) {
    const std::string directory = journal_directory(config.journal.directory);
    const std::string board = config.paths.control + ".board";
    for (const fs::path& path : state_of(directory, board)) {
        uid_t owner = 0;
        if (!is_foreign(path, owner)) continue;
        const std::string us = user_name(geteuid()), them = user_name(owner);
        if (geteuid() == 0) {
            return fmt::format(
                "{} belongs to user {}, and scramd was started as root: what root writes there, "
                "{} could not read. Start the service (systemctl start scramd), or: runuser -u {} "
                "-- scramd --config {}",
                path.native(), them, them, them, config.file.native());
        }
        return fmt::format(
            "{} belongs to user {}, so scramd (user {}) does not know what was latched. As root: "
            "chown -R {}: {} {}; then start it again",
            path.native(), them, us, us, directory, board);
    }
    return {};
}

}  // namespace scram
