// The file in which the engine keeps what it knows (core/rules/memory.h), beside the board: in
// shared memory (tmpfs), where it outlives the process. A clean end leaves a copy with the journal,
// for a start after a reboot. Nothing that becomes of either stops scramd.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

namespace scram {

class StateFile {
  public:
    // `copy`: where a clean end leaves one.
    StateFile(std::string path, std::string copy);
    ~StateFile();
    StateFile(const StateFile&) = delete;
    StateFile& operator=(const StateFile&) = delete;

    // What earlier processes left: the file's bytes, then those of the copy; empty if there is
    // none.
    std::vector<std::vector<std::byte>> left() const;
    // Zeroed memory for the next state, which counts from keep() on; the one before stays mapped
    // until then.
    std::span<std::byte> map(std::size_t size);
    void keep();
    // A clean end: `bytes` are left for a start after a reboot. Does not wait for the disk.
    void leave_copy(std::span<const std::byte> bytes);

    // Why it is not kept; empty if it is.
    const std::string& trouble() const { return trouble_; }

  private:
    std::span<std::byte> map_shared(std::size_t size);

    std::string path_, copy_;
    std::span<std::byte> kept_, next_;
    std::string trouble_;
};

}  // namespace scram
