#include "net/sources/ring.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstring>
#include <utility>

namespace scram {
namespace {

constexpr int ring_seals = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL;

constexpr std::size_t signal_words = offsetof(scram_signal, name) / sizeof(std::uint64_t);
static_assert(signal_words == 4);

std::uint64_t& slot_word(scram_ring& ring, std::uint64_t number, std::size_t word) {
    return ring.slots[(number - 1) % SCRAM_RING_SLOTS].words[word];
}

}  // namespace

// ---- Reading ------------------------------------------------------------------------------------

Found RingReader::next(scram_signal& out) {
    const std::uint64_t found = word(due_);
    if (found != due_) {
        const std::uint64_t a_lap_ago = due_ > SCRAM_RING_SLOTS ? due_ - SCRAM_RING_SLOTS : 0;
        if (found == a_lap_ago) [[likely]]
            return Found::nothing;
        out = {};
        out.sequence = found;
        return Found::broken;
    }
    out = copy(due_);
    ++due_;
    return Found::signal;
}

bool RingReader::lost_more() {
    const std::uint64_t lost = std::atomic_ref(ring_->lost).load(std::memory_order_seq_cst);
    return std::exchange(lost_, lost) != lost;
}

// Release: the source may write there only after we have read.
void RingReader::free_read() {
    std::atomic_ref(ring_->read).store(due_ - 1, std::memory_order_release);
}

std::optional<std::uint64_t> RingReader::skipped_to() const {
    for (std::uint64_t n = due_ + 1; n < due_ + SCRAM_RING_SLOTS; ++n) {
        if (word(n) != n) continue;
        if (word(due_) == due_) break;  // it was just published: all is in order
        return n;
    }
    return std::nullopt;
}

std::uint64_t RingReader::word(std::uint64_t number) const {
    return std::atomic_ref(slot_word(*ring_, number, 0)).load(std::memory_order_seq_cst);
}

// Word by word, since the source may write there this moment. A signal has no name.
scram_signal RingReader::copy(std::uint64_t number) const {
    std::array<std::uint64_t, signal_words> words{number};
    for (std::size_t i = 1; i < signal_words; ++i) {
        words[i] = std::atomic_ref(slot_word(*ring_, number, i)).load(std::memory_order_relaxed);
    }
    scram_signal signal{};
    std::memcpy(static_cast<void*>(&signal), words.data(), sizeof words);
    return signal;
}

// ---- Memory -------------------------------------------------------------------------------------

// Populated: the first lap, too, is read without a page fault.
std::optional<Ring> Ring::make() {
    UniqueFd fd(memfd_create("scramd-ring", MFD_CLOEXEC | MFD_ALLOW_SEALING));
    if (!fd || ftruncate(fd.get(), sizeof(scram_ring)) != 0 ||
        fcntl(fd.get(), F_ADD_SEALS, ring_seals) != 0)
        return std::nullopt;
    void* at = mmap(nullptr, sizeof(scram_ring), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE,
                    fd.get(), 0);
    if (at == MAP_FAILED) return std::nullopt;
    auto* memory = static_cast<scram_ring*>(at);
    memory->magic = SCRAM_RING_MAGIC;
    memory->version = SCRAM_VERSION;
    memory->slot_count = SCRAM_RING_SLOTS;
    return Ring(std::move(fd), memory);
}

void Ring::publish(std::uint64_t number) {
    std::atomic_ref(slot_word(*memory_, number, 0)).store(number, std::memory_order_seq_cst);
}

Ring::Ring(Ring&& other) noexcept
    : fd_(std::move(other.fd_)), memory_(std::exchange(other.memory_, nullptr)) {}

Ring& Ring::operator=(Ring&& other) noexcept {
    std::swap(fd_, other.fd_);
    std::swap(memory_, other.memory_);
    return *this;
}

Ring::~Ring() {
    if (memory_ != nullptr) munmap(memory_, sizeof(scram_ring));
}

}  // namespace scram
