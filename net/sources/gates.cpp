#include "net/sources/gates.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstring>
#include <utility>

namespace scram {
namespace {

constexpr int gate_seals = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_FUTURE_WRITE | F_SEAL_SEAL;

std::size_t size_of(std::size_t families) {
    return SCRAM_HEARTBEAT_AT(families) + SCRAM_LINE_SIZE;
}

constexpr int beats_in_limit = 8;  // that the loop writes, if it turns at all

}  // namespace

std::variant<std::unique_ptr<Gates>, std::string> Gates::make(std::size_t families) {
    const auto failed = [](const char* what) {
        return "no gate region: " + std::string(what) + ": " + std::strerror(errno);
    };
    UniqueFd fd(memfd_create("scramd-gates", MFD_CLOEXEC | MFD_ALLOW_SEALING));
    if (!fd) return failed("memfd_create");
    const std::size_t size = size_of(families);
    if (ftruncate(fd.get(), static_cast<off_t>(size)) != 0) return failed("ftruncate");
    void* at = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd.get(), 0);
    if (at == MAP_FAILED) return failed("mmap");
    // Our own mapping stays writable; from here on nobody, scramd included, can make another such.
    if (fcntl(fd.get(), F_ADD_SEALS, gate_seals) != 0) return failed("sealing");
    return std::unique_ptr<Gates>(
        new Gates(std::move(fd), static_cast<scram_gates*>(at), families));
}

Gates::Gates(UniqueFd fd, scram_gates* region, std::size_t families)
    : fd_(std::move(fd)), region_(region), size_(size_of(families)) {
    region_->magic = SCRAM_GATE_MAGIC;
    region_->version = SCRAM_VERSION;
    region_->families = static_cast<std::uint16_t>(families);
    std::atomic_ref(region_->running).store(1, std::memory_order_release);
}

Gates::~Gates() {
    munmap(region_, size_);
}

void Gates::halted_after(Duration age) {
    const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(age).count();
    beat_interval_ = age / beats_in_limit;
    beat_due_ = {};
    std::atomic_ref(region_->halted_after_ms)
        .store(static_cast<std::uint32_t>(ms), std::memory_order_release);
}

void Gates::write_heartbeat(Time now) {
    beat_due_ = now + beat_interval_;
    auto* bytes = reinterpret_cast<std::byte*>(region_) + SCRAM_HEARTBEAT_AT(region_->families);
    std::atomic_ref(*reinterpret_cast<std::int64_t*>(bytes))
        .store(ns_of(now), std::memory_order_release);
}

void Gates::set(FamilyId family, scram_gate gate) {
    std::atomic_ref(region_->gates[index(family)]).store(gate, std::memory_order_release);
}

void Gates::touch(FamilyId family) const {
    (void)std::atomic_ref(region_->gates[index(family)]).load(std::memory_order_acquire);
}

// Numbered, so that a source knows in which sleep it rang already.
void Gates::fall_asleep() {
    say_asleep(++sleeps_);
}

void Gates::wake() {
    say_asleep(0);
}

void Gates::say_asleep(std::uint64_t sleep) {
    std::atomic_ref(region_->asleep).store(sleep, std::memory_order_seq_cst);
}

void Gates::end() {
    std::atomic_ref(region_->running).store(0, std::memory_order_release);
}

}  // namespace scram
