// The folder that holds a journal's files, journal-000001 and on. What the daemon writes, `scramctl
// journal` reads, also while it is written.
#pragma once

#include <sys/types.h>
#include <unistd.h>

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "core/journal/journal.h"

namespace scram {

// Where [journal] says, or systemd ($STATE_DIRECTORY), or /var/lib/scramd.
std::string journal_directory(const std::string& configured);

struct JournalFile {
    std::uint32_t number = 0;
    std::string path;
};
std::string journal_file_name(std::uint32_t number);
// In the order of their numbers. The error says what cannot be read, and why.
std::variant<std::vector<JournalFile>, std::string> list_journal(const std::string& directory);

using FileBytes = std::vector<std::byte>;
// Files longer than any journal's are read no further than one can be.
std::variant<FileBytes, std::string> read_file(const std::string& path);
// For what scramd acts on: a file of any other user is refused, with the command that corrects it.
std::variant<FileBytes, std::string> read_own_file(const std::string& path, uid_t us = geteuid());

// What `--verify` says.
struct JournalVerdict {
    bool good = true;
    std::uint64_t records = 0;
    std::string text;  // what was checked, or the first fault: file, record, meaning
};
// Checks every file, and that each begins where the one before ended.
JournalVerdict verify_journal(const std::vector<JournalFile>& files);

}  // namespace scram
