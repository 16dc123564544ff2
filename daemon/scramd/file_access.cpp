#include "daemon/scramd/file_access.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>

#include "config/credentials.h"
#include "config/plain_file.h"
#include "daemon/log/line.h"
#include "daemon/records/journal_files.h"
#include "daemon/sandbox/sandbox.h"

namespace scram {
namespace fs = std::filesystem;
namespace {

// For the names of hosts and users and the exchange's certificates. Whole folders, since what is in
// them is replaced while scramd runs. Not /run: there are the credentials.
constexpr const char* of_the_system[] = {
    "/etc",
    "/usr",
    "/lib",
    "/lib32",
    "/lib64",
    "/proc",
    "/sys/devices/system/cpu",
    "/dev",
    "/run/systemd/resolve",
    "/run/resolvconf",
    "/run/NetworkManager",
    "/run/nscd",
};

fs::path folder_of(const fs::path& file) {
    std::error_code error;
    const fs::path whole = fs::absolute(file, error);
    return error ? fs::path() : whole.parent_path();
}

void add_where_it_is(std::vector<Folder>& folders, const fs::path& file) {
    std::error_code error;
    folders.push_back({folder_of(file)});
    const fs::path real = fs::canonical(file, error);
    if (!error) folders.push_back({real.parent_path()});
}

// What OpenSSL is told by the environment to trust, it reads when a link is made.
void add_trusted(std::vector<Folder>& folders) {
    if (const char* file = std::getenv("SSL_CERT_FILE")) folders.push_back({folder_of(file)});
    if (const char* folder = std::getenv("SSL_CERT_DIR")) folders.push_back({folder});
}

std::vector<Folder> folders_of(const Config& config) {
    std::vector<Folder> folders;
    for (const char* folder : of_the_system) folders.push_back({folder});
    add_where_it_is(folders, config.file);
    add_where_it_is(folders, "/etc/resolv.conf");
    add_trusted(folders);
    folders.push_back({journal_directory(config.journal.directory), true});
    if (!config.recording.directory.empty()) folders.push_back({config.recording.directory, true});
    folders.push_back({folder_of(config.paths.signals), true});
    folders.push_back({folder_of(config.paths.control), true});
    return folders;
}

// The truth, whatever stands in its way: rights, Landlock, a folder that others do not see.
std::string readable_again(const Config& config) {
    std::string files;
    for (const fs::path& named : config.credentials) {
        const fs::path file = credentials_file(named);
        if (!open_to_read(file.c_str())) continue;
        files += (files.empty() ? "" : " ") + file.native();
    }
    return files;
}

}  // namespace

std::variant<std::vector<std::string>, std::string> restrict_access(const Config& config,
                                                                    const SignerHello& signer) {
    std::vector<std::string> warnings;
    const auto warn = [&](std::string_view feature, std::string_view detail) {
        warnings.push_back(LogLine(LogEvent::sandbox_incomplete)
                               .add("feature", feature)
                               .add("detail", detail)
                               .text());
    };
    if (!signer.calls_confined)
        warn("signer_calls",
             "the kernel takes no filter of system calls (seccomp): the signer has "
             "no network only because it asks for none");
    if (runs_under_valgrind())
        warn("signer_calls", "the signer's filter of system calls has room for valgrind's own");
    if (!signer.memory_locked)
        warn("signer_memory",
             "the signer's memory may be swapped: raise the limit of locked "
             "memory (LimitMEMLOCK=64M)");
    if (const std::string why = confine_files(folders_of(config)); !why.empty())
        warn("files",
             "the process that speaks to the network keeps all files within its reach: " + why);
    const std::string files = readable_again(config);
    if (files.empty()) return warnings;
    const std::string detail =
        files +
        " can be read again by the process that speaks to the network: let the service manager "
        "hand them over (LoadCredential=), or in a container mount them at /run/secrets and set "
        "CREDENTIALS_DIRECTORY to that";
    if (config.readable_credentials == ReadableCredentials::refuse)
        return detail + "; or allow it: readable_credentials = \"warn\" in " + config.file.native();
    warn("credentials", detail);
    return warnings;
}

}  // namespace scram
