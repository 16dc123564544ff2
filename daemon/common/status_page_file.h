// The file of the status page (core/status_page/page.h): scramd's mapping of it, and reading it.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <variant>

#include "config/unique_fd.h"
#include "core/status_page/page.h"

namespace scram {

// Where scramd keeps its page: beside its control socket.
inline std::string status_page_path(const std::string& control_socket) {
    return control_socket + ".status";
}

// Memory for a page in a file that replaces whatever is at `path`, once show() says so. Its owner
// and its group may read it. As long as it lives, the kernel holds a lock on the file, by which a
// reader knows that the writer is there. Where the file is not to be had the memory is there all
// the same, and nobody can read it.
class StatusPageFile {
  public:
    StatusPageFile(std::string path, std::size_t text_max);
    ~StatusPageFile();
    StatusPageFile(const StatusPageFile&) = delete;
    StatusPageFile& operator=(const StatusPageFile&) = delete;

    std::span<std::byte> memory() const { return memory_; }
    // The memory is a page now.
    void show();
    // Why nobody can read it; empty if they can. Two system calls. (Whether it is on a disk, the
    // journal tells of its board, which is in the same folder.)
    std::string trouble() const;

  private:
    std::string map_shared(std::size_t size);

    std::string path_;
    UniqueFd file_;
    std::span<std::byte> memory_;
    std::string trouble_;
};

// What a reader finds.
struct StatusPage {
    PageContent content;
    PageLife life{};
    Time read_at{};
};

// Or why there is none that could be believed. Bounded, whatever is at `path`.
std::variant<StatusPage, std::string> read_status_page(const std::string& path);

}  // namespace scram
