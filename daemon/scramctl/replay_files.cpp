#include "daemon/scramctl/replay_files.h"

#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <tuple>

#include "config/plain_file.h"
#include "daemon/records/recording_writer.h"

namespace scram {
namespace {

BadRecording cannot_read(const std::filesystem::path& path, int error) {
    return BadRecording(fmt::format("{}: cannot be read: {}", path.native(), std::strerror(error)));
}

}  // namespace

MappedFile::MappedFile(const std::filesystem::path& path) {
    const UniqueFd file = open_to_read(path.c_str());
    struct stat status {};
    if (!file || fstat(file.get(), &status) != 0) throw cannot_read(path, errno);
    if (!S_ISREG(status.st_mode))
        throw BadRecording(
            fmt::format("{}: expected a file, or a folder of recordings", path.native()));
    const auto size = static_cast<std::size_t>(status.st_size);
    if (size == 0) return;
    void* const at = mmap(nullptr, size, PROT_READ, MAP_PRIVATE, file.get(), 0);
    if (at == MAP_FAILED) throw cannot_read(path, errno);
    madvise(at, size, MADV_SEQUENTIAL);
    bytes_ = {static_cast<const std::byte*>(at), size};
}

MappedFile::~MappedFile() {
    if (!bytes_.empty()) munmap(const_cast<std::byte*>(bytes_.data()), bytes_.size());
}

Recordings::Recordings(const std::vector<std::string>& paths) {
    for (const std::string& path : paths) {
        std::error_code error;
        if (!std::filesystem::is_directory(path, error)) {
            open(path);
            continue;
        }
        const auto listed = list_recordings(path);
        if (listed.empty())
            throw BadRecording(path +
                               ": there is no recording in this folder, as recording-000001");
        for (const RecordingFile& file : listed) open(file.path);
    }
    order();
    tell_borders();
}

void Recordings::open(const std::filesystem::path& path) {
    auto file = std::make_unique<File>();
    file->path = path;
    file->mapped = std::make_unique<MappedFile>(path);
    auto opened = RecordingReader::open(file->mapped->bytes());
    if (const auto* error = std::get_if<std::string>(&opened))
        throw BadRecording(fmt::format("{}: {}", path.native(), *error));
    auto& reader = std::get<RecordingReader>(opened);
    for (auto block = reader.next(); !block.records.empty(); block = reader.next()) {
        if (file->blocks.empty()) file->first = block.first;
        file->end = block.first + block.records.size();
        file->blocks.push_back(block.records);
    }
    file->head = reader.head();
    file->torn = reader.fault();
    files_.push_back(std::move(file));
}

// Runs by their first file's time, and each run's files by their numbers.
void Recordings::order() {
    std::map<std::uint64_t, std::int64_t> begins;
    for (const auto& file : files_) {
        const auto [run, is_new] = begins.emplace(file->head.run, file->head.wall.value);
        if (!is_new) run->second = std::min(run->second, file->head.wall.value);
    }
    const auto key = [&](const File* file) {
        return std::tuple(begins[file->head.run], file->head.run, file->head.number);
    };
    for (const auto& file : files_) order_.push_back(file.get());
    std::ranges::sort(order_, {}, key);
    const auto is_twice = [&](const File* a, const File* b) { return key(a) == key(b); };
    for (std::size_t i = 1; i < order_.size(); ++i) {
        if (is_twice(order_[i - 1], order_[i]))
            notes_.push_back(fmt::format("{} and {} are the same part of a run: the first is used",
                                         order_[i - 1]->path.native(), order_[i]->path.native()));
    }
    order_.erase(std::unique(order_.begin(), order_.end(), is_twice), order_.end());
}

void Recordings::tell_borders() {
    for (std::size_t i = 0; i < order_.size(); ++i) {
        const File& file = *order_[i];
        if (!file.torn.empty()) notes_.push_back(file.path.native() + ": " + file.torn);
        if (i == 0) continue;
        const File& before = *order_[i - 1];
        const bool same_run = before.head.run == file.head.run;
        if (same_run && before.head.number + 1 != file.head.number) {
            notes_.push_back(fmt::format(
                "files are missing between {} and {}: the replay begins again with what "
                "scramd knew then",
                before.path.native(), file.path.native()));
        } else if (same_run && file.first != before.end && !file.blocks.empty()) {
            notes_.push_back(fmt::format("{} records are missing between {} and {}",
                                         file.first - before.end, before.path.native(),
                                         file.path.native()));
        }
        if (before.head.config_hash != file.head.config_hash)
            notes_.push_back(
                fmt::format("{}: from here on another config ({:016x}, before it "
                            "{:016x})",
                            file.path.native(), file.head.config_hash, before.head.config_hash));
        const bool overlaps =
            !same_run && !before.blocks.empty() &&
            before.head.wall.value + (before.blocks.back().back().at - before.head.at) / 1ms >
                file.head.wall.value;
        if (overlaps)
            notes_.push_back(
                fmt::format("{} begins before {} ends: two runs overlap, and each is "
                            "replayed by itself",
                            file.path.native(), before.path.native()));
    }
}

}  // namespace scram
