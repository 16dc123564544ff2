// A file that says that it is scramd's status page. Whatever is in it, its reader ends, and shows
// nothing that is not there.
#include <cstring>

#include "core/base/check.h"
#include "core/status_page/page.h"
#include "tests/fuzz/input.h"

namespace {

using namespace scram;

void check_content(const PageContent& page, std::string_view file) {
    check(page.text.size() == page.buffer.length, "a text is as long as it says");
    check(page.buffer.sequence % 2 == 0, "a text is whole");
    if (page.text.empty()) return;
    const std::size_t at = page_buffer_at(page.header.latest, page.header.text_max);
    check(file.substr(at + sizeof(PageBuffer), page.text.size()) == page.text,
          "a text is the file's");
    for (const Time now : {Time{}, Time{1h}, Time::max()}) {
        for (const bool is_there : {false, true})
            (void)life_of(page.header, now, page.header.boot, is_there);
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view file(reinterpret_cast<const char*>(data), size);
    const auto read_at = [&file](std::size_t at, std::span<std::byte> out) {
        if (at > file.size() || out.size() > file.size() - at) return false;
        std::memcpy(out.data(), file.data() + at, out.size());
        return true;
    };
    const auto read = read_page(size, read_at);
    if (const auto* page = std::get_if<PageContent>(&read)) check_content(*page, file);
    return 0;
}
