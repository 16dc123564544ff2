// The file in which the engine keeps what it knows (core/rules/memory.h), beside the board: in
// shared memory (tmpfs), where it outlives the process. A clean end leaves a copy with the journal,
// for a start after a reboot. Nothing that becomes of either stops scramd.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace scram {

// Memory that a state stands in. To give much of it back takes milliseconds.
class StateMapping {
  public:
    StateMapping() = default;
    explicit StateMapping(std::span<std::byte> bytes) : bytes_(bytes) {}
    ~StateMapping();
    StateMapping(StateMapping&& other) noexcept : bytes_(std::exchange(other.bytes_, {})) {}
    StateMapping& operator=(StateMapping&& other) noexcept {
        std::swap(bytes_, other.bytes_);
        return *this;
    }
    std::span<std::byte> bytes() const { return bytes_; }

  private:
    std::span<std::byte> bytes_;
};

class StateFile {
  public:
    // `copy`: where a clean end leaves one.
    StateFile(std::string path, std::string copy);
    StateFile(const StateFile&) = delete;
    StateFile& operator=(const StateFile&) = delete;

    // What earlier processes left: the file's bytes, then those of the copy; empty if there is
    // none.
    std::vector<std::vector<std::byte>> left() const;
    // Zeroed memory for the next state, which counts from keep() on. That gives the one before to
    // the caller, who may end it where time does not matter.
    std::span<std::byte> map(std::size_t size);
    StateMapping keep();
    // A clean end: `bytes` are left for a start after a reboot. Does not wait for the disk.
    void leave_copy(std::span<const std::byte> bytes);

    // Why it is not kept; empty if it is.
    const std::string& trouble() const { return trouble_; }

  private:
    StateMapping map_shared(std::size_t size);

    std::string path_, copy_;
    StateMapping kept_, next_;
    std::string trouble_;
};

}  // namespace scram
