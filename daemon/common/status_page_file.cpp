#include "daemon/common/status_page_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <new>

#include "config/plain_file.h"
#include "daemon/common/boot_id.h"
#include "daemon/common/memory_guard.h"
#include "net/clock.h"

namespace scram {
namespace {

constexpr mode_t page_mode = 0640;

// Of the whole file. Held by the open file itself, so that it ends with the process, however that
// ends, and is seen from every pid namespace.
struct flock page_lock() {
    struct flock lock {};
    lock.l_type = F_WRLCK;
    lock.l_whence = SEEK_SET;
    return lock;
}

bool is_writer_there(const UniqueFd& file) {
    struct flock lock = page_lock();
    lock.l_type = F_RDLCK;
    return fcntl(file.get(), F_OFD_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
}

std::string with_reason(const char* what, int error) {
    return fmt::format("{}: {}", what, std::strerror(error));
}

std::string why_unread(int error) {
    std::string out = with_reason("cannot be read", error);
    if (error == ENOENT)
        out += ". Each scramd makes one beside its control socket (`control` in [paths])";
    if (error == EACCES) out += ": root, its owner and members of its group may";
    return out;
}

// Whoever else could have written it could have written anything.
std::string whose_fault(const std::string& path, const struct stat& info) {
    if (!S_ISREG(info.st_mode)) return "is no plain file";
    if ((info.st_mode & 022) != 0) return "can be written by others than its owner";
    struct stat folder {};
    const auto parent = std::filesystem::absolute(path).parent_path();
    const bool known = ::stat(parent.c_str(), &folder) == 0;
    const bool trusted =
        info.st_uid == 0 || info.st_uid == geteuid() || (known && info.st_uid == folder.st_uid);
    if (trusted) return {};
    return fmt::format("belongs to uid {}, which owns neither its folder nor this command",
                       info.st_uid);
}

}  // namespace

// ---- Writing ------------------------------------------------------------------------------------

StatusPageFile::StatusPageFile(std::string path, std::size_t text_max) : path_(std::move(path)) {
    const std::size_t size = page_size_for(text_max);
    trouble_ = map_shared(size);
    if (trouble_.empty()) return;
    trouble_ = fmt::format("no status page at {}: {}", path_, trouble_);
    file_.reset();
    void* at = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (at == MAP_FAILED) throw std::bad_alloc();
    memory_ = {static_cast<std::byte*>(at), size};
}

StatusPageFile::~StatusPageFile() {
    guard_memory(Guarded::status_page, {});
    munmap(memory_.data(), memory_.size());
}

// Why it could not. All of the file now: a store into memory that the system cannot give would end
// the process.
std::string StatusPageFile::map_shared(std::size_t size) {
    const std::string fresh = path_ + ".new";
    ::unlink(fresh.c_str());
    file_.reset(
        ::open(fresh.c_str(), O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, page_mode));
    if (!file_) return with_reason("open", errno);
    if (fchmod(file_.get(), page_mode) != 0) return with_reason("fchmod", errno);
    if (const int error = posix_fallocate(file_.get(), 0, static_cast<off_t>(size)); error != 0)
        return with_reason("room for it", error);
    struct flock lock = page_lock();
    if (fcntl(file_.get(), F_OFD_SETLK, &lock) != 0) return with_reason("lock", errno);
    void* at =
        mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, file_.get(), 0);
    if (at == MAP_FAILED) return with_reason("mmap", errno);
    memory_ = {static_cast<std::byte*>(at), size};
    guard_memory(Guarded::status_page, memory_);
    (void)mlock(at, size);  // where the limits allow
    return {};
}

void StatusPageFile::show() {
    const std::string fresh = path_ + ".new";
    if (trouble_.empty() && std::rename(fresh.c_str(), path_.c_str()) != 0)
        trouble_ = fmt::format("no status page at {}: {}", path_, with_reason("rename", errno));
    if (!trouble_.empty()) ::unlink(path_.c_str());  // what is there is not this process's
}

std::string StatusPageFile::trouble() const {
    if (!trouble_.empty()) return trouble_;
    struct stat ours {
    }, there{};
    const bool is_ours = fstat(file_.get(), &ours) == 0 && stat(path_.c_str(), &there) == 0 &&
                         ours.st_ino == there.st_ino && ours.st_dev == there.st_dev;
    if (!is_ours) return path_ + " was removed by somebody; the next start makes another";
    if (memory_was_lost(Guarded::status_page) ||
        static_cast<std::size_t>(ours.st_size) != memory_.size())
        return path_ + " was cut by somebody; the next start makes another";
    return {};
}

// ---- Reading ------------------------------------------------------------------------------------

std::variant<StatusPage, std::string> read_status_page(const std::string& path) {
    const auto fault = [&path](std::string_view why) { return fmt::format("{} {}", path, why); };
    const UniqueFd file = open_to_read(path.c_str());
    struct stat info {};
    if (!file || fstat(file.get(), &info) != 0) return fault(why_unread(errno));
    if (std::string why = whose_fault(path, info); !why.empty()) return fault(why);
    const auto read_at = [&file](std::size_t at, std::span<std::byte> out) {
        while (!out.empty()) {
            const ssize_t got = pread(file.get(), out.data(), out.size(), static_cast<off_t>(at));
            if (got <= 0) return false;
            out = out.subspan(static_cast<std::size_t>(got));
            at += static_cast<std::size_t>(got);
        }
        return true;
    };
    auto content = read_page(static_cast<std::size_t>(info.st_size), read_at);
    if (const auto* why = std::get_if<std::string>(&content)) return fault(*why);
    StatusPage page{std::move(std::get<PageContent>(content)), {}, monotonic_now()};
    page.life = life_of(page.content.header, page.read_at, boot_id(), is_writer_there(file));
    return page;
}

}  // namespace scram
