// Landlock by its bare system calls (landlock.rst in the kernel's documentation): the C library has
// none, and the headers of a distribution may know less than its kernel.
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstring>

#include "daemon/sandbox/sandbox.h"
#include "net/unique_fd.h"

namespace scram {
namespace {

// The same numbers on every architecture.
constexpr long sys_create_ruleset = 444, sys_add_rule = 445, sys_restrict_self = 446;
constexpr std::uint32_t ask_version = 1;  // LANDLOCK_CREATE_RULESET_VERSION
constexpr int rule_path_beneath = 1;      // LANDLOCK_RULE_PATH_BENEATH

// LANDLOCK_ACCESS_FS_...
constexpr std::uint64_t execute = 1 << 0, write_file = 1 << 1, read_file = 1 << 2,
                        read_dir = 1 << 3, remove_dir = 1 << 4, remove_file = 1 << 5,
                        make_dir = 1 << 7, make_reg = 1 << 8, make_sock = 1 << 9,
                        make_all = 0x7f << 6, refer = 1 << 13, truncate = 1 << 14;

struct RulesetAttribute {
    std::uint64_t handled_files;
};
struct [[gnu::packed]] PathBeneath {
    std::uint64_t allowed;
    std::int32_t parent;
};

std::uint64_t handled_by(long version) {
    std::uint64_t handled =
        execute | write_file | read_file | read_dir | remove_dir | remove_file | make_all;
    if (version >= 2) handled |= refer;
    if (version >= 3) handled |= truncate;
    return handled;
}

std::string failed(const char* what) {
    return std::string(what) + ": " + std::strerror(errno);
}

bool add_rule(int ruleset, const Folder& folder, std::uint64_t handled) {
    const std::uint64_t reading = read_file | read_dir;
    const std::uint64_t writing =
        write_file | truncate | remove_file | remove_dir | make_reg | make_dir | make_sock;
    const UniqueFd beneath(::open(folder.path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (!beneath) return errno == ENOENT || errno == ENOTDIR || errno == EACCES;
    const PathBeneath rule{(reading | (folder.writable ? writing : 0)) & handled, beneath.get()};
    return syscall(sys_add_rule, ruleset, rule_path_beneath, &rule, 0) == 0;
}

std::string restrict(int ruleset, std::span<const Folder> folders, std::uint64_t handled) {
    for (const Folder& folder : folders) {
        if (!add_rule(ruleset, folder, handled)) return failed(folder.path.c_str());
    }
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return failed("no new privileges");
    if (syscall(sys_restrict_self, ruleset, 0) != 0) return failed("landlock_restrict_self");
    return {};
}

}  // namespace

std::string confine_files(std::span<const Folder> folders) {
    const long version = syscall(sys_create_ruleset, nullptr, 0, ask_version);
    if (version < 1) return failed("the kernel offers no Landlock");
    const std::uint64_t handled = handled_by(version);
    const RulesetAttribute attribute{handled};
    const UniqueFd ruleset(
        static_cast<int>(syscall(sys_create_ruleset, &attribute, sizeof attribute, 0)));
    if (!ruleset) return failed("landlock_create_ruleset");
    return restrict(ruleset.get(), folders, handled);
}

}  // namespace scram
