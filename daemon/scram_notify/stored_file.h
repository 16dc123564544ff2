// Files that are there whole or not at all, whenever the process or the machine ends.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace scram {

inline constexpr std::size_t stored_bytes_max = std::size_t{4} << 20;

// Written aside, synced, and put in the place of what is at `path`. The caller syncs the folder.
// Empty, or why not.
std::string store_file(const std::string& path, std::string_view text);
// Its names are on the disk. Empty, or why not.
std::string sync_folder(const std::string& path);
// None: there is none that can be read; errno says why.
std::optional<std::string> load_file(const std::string& path);

}  // namespace scram
