#include "daemon/common/status_page_file.h"

#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "daemon/common/boot_id.h"
#include "net/clock.h"

using namespace scram;

namespace {

struct StatusPageRig {
    std::filesystem::path folder =
        std::filesystem::temp_directory_path() / ("scram-page-" + std::to_string(getpid()));
    std::string path = folder / "control.sock.status";

    StatusPageRig() { std::filesystem::create_directories(folder); }
    ~StatusPageRig() { std::filesystem::remove_all(folder); }

    PageWriter writer(const StatusPageFile& file) const {
        return {file.memory(), 7, boot_id(), {monotonic_now(), wall_now()}};
    }
    std::string fault() const {
        const auto read = read_status_page(path);
        const auto* why = std::get_if<std::string>(&read);
        return why != nullptr ? *why : "none";
    }
    StatusPage page() const { return std::get<StatusPage>(read_status_page(path)); }
};

bool says(const std::string& text, std::string_view what) {
    return text.find(what) != std::string::npos;
}

}  // namespace

TEST_CASE("status page file: it is there once it is shown, and tells when its writer has gone") {
    StatusPageRig rig;
    std::ofstream(rig.path) << "of an earlier version";
    {
        StatusPageFile file(rig.path, 256);
        PageWriter writer = rig.writer(file);
        CHECK(says(rig.fault(), "too short"));
        file.show();
        writer.begin(4, {monotonic_now(), wall_now()});
        writer.add("text");
        writer.publish();
        CHECK(rig.page().content.text == "text");
        CHECK(rig.page().life == PageLife::moves);
    }
    CHECK(rig.page().life == PageLife::gone);
}

TEST_CASE("status page file: its owner writes, its group reads, others neither") {
    StatusPageRig rig;
    const mode_t before = umask(077);
    StatusPageFile file(rig.path, 256);
    umask(before);
    file.show();
    struct stat info {};
    REQUIRE(stat(rig.path.c_str(), &info) == 0);
    CHECK((info.st_mode & 0777) == 0640);
    chmod(rig.path.c_str(), 0660);
    CHECK(says(rig.fault(), "can be written by others"));
}

TEST_CASE("status page file: a file that somebody cuts or removes ends nobody, and is told") {
    StatusPageRig rig;
    StatusPageFile file(rig.path, 64 * 1024);
    PageWriter writer = rig.writer(file);
    file.show();
    std::filesystem::resize_file(rig.path, 0);
    writer.begin(5000, {monotonic_now(), wall_now()});
    writer.add(std::string(5000, 'x'));
    writer.publish();
    writer.beat({monotonic_now(), wall_now()});
    CHECK(says(file.trouble(), "was cut by somebody"));
    CHECK(says(rig.fault(), "too short"));
    std::filesystem::remove(rig.path);
    CHECK(says(file.trouble(), "was removed by somebody"));
    CHECK(says(rig.fault(), "cannot be read: No such file"));
}

TEST_CASE("status page file: where there is no room for one, the loop writes all the same") {
    StatusPageRig rig;
    rig.path = rig.folder / "no" / "such" / "folder";
    StatusPageFile file(rig.path, 256);
    PageWriter writer = rig.writer(file);
    file.show();
    writer.beat({monotonic_now(), wall_now()});
    CHECK(says(file.trouble(), "no status page at " + rig.path));
}

TEST_CASE("status page file: what is no plain file is refused and not waited for") {
    StatusPageRig rig;
    REQUIRE(mkfifo(rig.path.c_str(), 0600) == 0);
    CHECK(says(rig.fault(), "is no plain file"));
}
