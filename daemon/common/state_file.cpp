#include "daemon/common/state_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <new>
#include <utility>

#include "config/plain_file.h"
#include "daemon/common/write_full.h"

namespace scram {
namespace {

constexpr std::size_t size_max = std::size_t{256} << 20;  // more than any plan asks for

// Nothing of a file that is no plain one, or is somebody else's.
std::vector<std::byte> read_own(const std::string& path) {
    const UniqueFd file = open_to_read(path.c_str(), O_NOFOLLOW);
    struct stat info {};
    const bool ours =
        file && fstat(file.get(), &info) == 0 && S_ISREG(info.st_mode) && info.st_uid == geteuid();
    if (!ours) return {};
    std::vector<std::byte> bytes(std::min(static_cast<std::size_t>(info.st_size), size_max));
    if (!read_full(file, bytes)) return {};
    return bytes;
}

}  // namespace

StateMapping::~StateMapping() {
    if (!bytes_.empty()) munmap(bytes_.data(), bytes_.size());
}

StateFile::StateFile(std::string path, std::string copy)
    : path_(std::move(path)), copy_(std::move(copy)) {}

std::vector<std::vector<std::byte>> StateFile::left() const {
    return {read_own(path_), read_own(copy_)};
}

std::span<std::byte> StateFile::map(std::size_t size) {
    next_ = StateMapping();
    trouble_.clear();
    next_ = map_shared(size);
    if (!next_.bytes().empty()) return next_.bytes();
    void* at = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (at == MAP_FAILED) throw std::bad_alloc();
    next_ = StateMapping({static_cast<std::byte*>(at), size});
    return next_.bytes();
}

// All of it now: a store into memory that the system cannot give would end the process.
StateMapping StateFile::map_shared(std::size_t size) {
    const std::string fresh = path_ + ".new";
    const auto failed = [&](int error) {
        trouble_ = fmt::format("no state file at {}: {}; a restart will not know the values", fresh,
                               std::strerror(error));
        return StateMapping();
    };
    ::unlink(fresh.c_str());
    const UniqueFd file(
        ::open(fresh.c_str(), O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
    if (!file) return failed(errno);
    if (const int error = posix_fallocate(file.get(), 0, static_cast<off_t>(size)); error != 0)
        return failed(error);
    void* at =
        mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, file.get(), 0);
    if (at == MAP_FAILED) return failed(errno);
    (void)mlock(at, size);  // where the limits allow
    return StateMapping({static_cast<std::byte*>(at), size});
}

StateMapping StateFile::keep() {
    const std::string fresh = path_ + ".new";
    if (trouble_.empty() && std::rename(fresh.c_str(), path_.c_str()) != 0)
        trouble_ = fmt::format("cannot rename {}: {}; a restart will not know the values", fresh,
                               std::strerror(errno));
    if (!trouble_.empty())
        ::unlink(path_.c_str());  // what is older than this is wrong from here on
    ::unlink(copy_.c_str());
    return std::exchange(kept_, std::exchange(next_, StateMapping()));
}

// A copy that the disk has not taken when the power goes is cut, and its checksum tells.
void StateFile::leave_copy(std::span<const std::byte> bytes) {
    const std::string fresh = copy_ + ".new";
    ::unlink(fresh.c_str());
    const UniqueFd file(
        ::open(fresh.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
    if (!file) return;
    const bool written = write_full(file.get(), bytes);
    if (!written || std::rename(fresh.c_str(), copy_.c_str()) != 0) ::unlink(fresh.c_str());
}

}  // namespace scram
