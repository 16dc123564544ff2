#include "net/gates.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <system_error>

namespace scram {
namespace {

[[noreturn]] void fail(const char* what) {
    throw std::system_error(errno, std::generic_category(), what);
}

constexpr int seals = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_FUTURE_WRITE | F_SEAL_SEAL;

}  // namespace

Gates::Gates(std::size_t families) : size_(sizeof(scram_gates) + families * sizeof(std::uint32_t)) {
    fd_ = memfd_create("scramd-gates", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (fd_ < 0) fail("memfd_create for the gate region");
    if (ftruncate(fd_, static_cast<off_t>(size_)) != 0) fail("ftruncate of the gate region");
    void* at = mmap(nullptr, size_, PROT_READ | PROT_WRITE, MAP_SHARED, fd_, 0);
    if (at == MAP_FAILED) fail("mmap of the gate region");
    // Our own mapping stays writable; from here on nobody, scramd included, can make another such.
    if (fcntl(fd_, F_ADD_SEALS, seals) != 0) fail("sealing of the gate region");
    region_ = static_cast<scram_gates*>(at);
    region_->magic = SCRAM_GATE_MAGIC;
    region_->version = SCRAM_VERSION;
    region_->families = static_cast<std::uint16_t>(families);
    std::atomic_ref(region_->running).store(1, std::memory_order_release);
}

Gates::~Gates() {
    munmap(region_, size_);
    ::close(fd_);
}

void Gates::set(FamilyId family, scram_gate gate) {
    std::atomic_ref(region_->gates[index(family)]).store(gate, std::memory_order_release);
}

bool Gates::closed(FamilyId family) const {
    return std::atomic_ref(region_->gates[index(family)]).load(std::memory_order_acquire) !=
           SCRAM_GATE_OPEN;
}

void Gates::end() {
    std::atomic_ref(region_->running).store(0, std::memory_order_release);
}

}  // namespace scram
