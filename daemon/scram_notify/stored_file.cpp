#include "daemon/scram_notify/stored_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <span>

#include "config/plain_file.h"
#include "daemon/common/write_full.h"

namespace scram {
namespace {

std::string fault_of(std::string_view what, const std::string& path, int error) {
    return fmt::format("cannot {} {}: {}", what, path, std::strerror(error));
}

}  // namespace

std::string store_file(const std::string& path, std::string_view text) {
    const std::string aside = path + ".new";
    ::unlink(aside.c_str());
    const UniqueFd file(
        ::open(aside.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
    if (!file) return fault_of("create", aside, errno);
    if (!write_full(file.get(), std::as_bytes(std::span(text))) || fsync(file.get()) != 0) {
        const int error = errno;
        ::unlink(aside.c_str());
        return fault_of("write", aside, error);
    }
    if (std::rename(aside.c_str(), path.c_str()) != 0) return fault_of("rename", aside, errno);
    return {};
}

std::string sync_folder(const std::string& path) {
    const UniqueFd folder = open_to_read(path.c_str(), O_DIRECTORY);
    if (!folder || fsync(folder.get()) != 0) return fault_of("sync", path, errno);
    return {};
}

std::optional<std::string> load_file(const std::string& path) {
    const UniqueFd file = open_to_read(path.c_str(), O_NOFOLLOW);
    struct stat info {};
    if (!file || fstat(file.get(), &info) != 0) return std::nullopt;
    errno = EINVAL;
    if (!S_ISREG(info.st_mode) || static_cast<std::size_t>(info.st_size) > stored_bytes_max)
        return std::nullopt;
    std::string text(static_cast<std::size_t>(info.st_size), '\0');
    if (!read_full(file, text)) return std::nullopt;
    return text;
}

}  // namespace scram
