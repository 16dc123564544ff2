// Recordings from files: mapped, checked and put into their order, and the plan that each is
// replayed by.
#pragma once

#include <deque>
#include <filesystem>
#include <map>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include "core/recording/recording.h"
#include "core/replay/replay.h"

namespace scram {

// A file that is no recording, or cannot be read: names it, and the byte.
struct BadRecording : std::runtime_error {
    using std::runtime_error::runtime_error;
};

// A file's bytes, as long as this.
class MappedFile {
  public:
    // Throws BadRecording.
    explicit MappedFile(const std::filesystem::path& path);
    ~MappedFile();
    MappedFile(const MappedFile&) = delete;
    MappedFile& operator=(const MappedFile&) = delete;
    std::span<const std::byte> bytes() const { return bytes_; }

  private:
    std::span<const std::byte> bytes_;
};

class Recordings {
  public:
    // Files, or folders of recordings, in any order. Throws BadRecording.
    explicit Recordings(const std::vector<std::string>& paths);

    // What a person should know of them, each in a line.
    const std::vector<std::string>& notes() const { return notes_; }
    std::size_t files() const { return order_.size(); }
    // In the order of time.
    struct File {
        std::filesystem::path path;
        std::unique_ptr<MappedFile> mapped;
        RecordingHead head;
        std::vector<std::span<const Recorded>> blocks;
        std::uint64_t first = 0, end = 0;  // of the run: its records
        std::string torn;
    };
    const std::vector<const File*>& in_order() const { return order_; }
    // Files that follow on from each other, and what each is replayed by.
    template <class By>
    std::vector<std::vector<Stretch>> runs(By by) const {
        std::vector<std::vector<Stretch>> out;
        for (std::size_t i = 0; i < order_.size(); ++i) {
            if (i == 0 || !follows(*order_[i - 1], *order_[i])) out.emplace_back();
            const File& file = *order_[i];
            out.back().push_back({&file.head, by(file), file.blocks});
        }
        return out;
    }

  private:
    static bool follows(const File& before, const File& next) {
        return before.head.run == next.head.run && before.head.number + 1 == next.head.number;
    }
    void open(const std::filesystem::path& path);
    void order();
    void tell_borders();

    std::vector<std::unique_ptr<File>> files_;
    std::vector<const File*> order_;
    std::vector<std::string> notes_;
};

}  // namespace scram
