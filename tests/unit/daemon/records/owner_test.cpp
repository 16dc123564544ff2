// Files that lie where scramd keeps its own, and are somebody else's: what they say is not taken
// up.
#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/records/receipt_writer.h"
#include "daemon/scramd/state_owner.h"
#include "tests/unit/daemon/records/journal_folder.h"

using namespace scram;
using namespace scram::test;
namespace fs = std::filesystem;

namespace {

constexpr uid_t other = 65534;

bool can_give_files_away() {
    if (geteuid() != 0) MESSAGE("skipped: only root can give files away");
    return geteuid() == 0;
}

void give_away(const fs::path& path) {
    REQUIRE(chown(path.c_str(), other, other) == 0);
}

std::string refusal(const std::variant<FileBytes, std::string>& read) {
    const auto* why = std::get_if<std::string>(&read);
    return why == nullptr ? "" : *why;
}

struct AsOther {
    AsOther() { REQUIRE(seteuid(other) == 0); }
    ~AsOther() { CHECK(seteuid(0) == 0); }
};

}  // namespace

TEST_CASE("owner: another user's file is refused, with the command that corrects it") {
    const JournalFolder folder;
    const std::string path = folder.file(1).string();
    folder.write(path, "text");
    CHECK(refusal(read_own_file(path)) == "");
    const std::string why = refusal(read_own_file(path, geteuid() + 1));
    const std::string next_uid = std::to_string(geteuid() + 1);
    says(why, path + " belongs to uid " + std::to_string(geteuid()) + ", not to scramd's uid");
    says(why, "run as root: chown " + next_uid + " " + path);
}

TEST_CASE("owner: of another's journal or board nothing is believed: all is latched, and told") {
    if (!can_give_files_away()) return;
    const JournalFolder folder;
    {
        Journaled run(folder.config());
        REQUIRE(run.settles());
        run.journal->stop();
    }
    fs::path given;
    SUBCASE("the journal") {
        given = folder.file(1);
    }
    SUBCASE("the board") {
        given = folder.board();
    }
    give_away(given);
    says(foreign_state(folder.config()), given.string() + " belongs to user ");
    Journaled next(folder.config());
    CHECK(next.latched() == "ABC");
    says(next.report(), "2 journal state=unread");
    says(next.report(), "chown 0 " + given.string());
}

TEST_CASE("owner: a file that is open to all is not scramd's own for that") {
    if (!can_give_files_away()) return;
    const JournalFolder folder;
    folder.write(folder.file(1), "text");
    for (const fs::path& path : {folder.root, fs::path(folder.journal())}) give_away(path);
    REQUIRE(chmod(folder.file(1).c_str(), 0666) == 0);
    const AsOther as_other;
    says(foreign_state(folder.config()), folder.file(1).string() + " belongs to user root");
}

TEST_CASE("owner: no record is added to another's file") {
    if (!can_give_files_away()) return;
    const JournalFolder folder;
    {
        Journaled run(folder.config());
        REQUIRE(run.settles());
        run.journal->stop();
    }
    auto journal = Journaled::opened(folder.config());  // reads it while it is its own
    give_away(folder.file(1));
    const auto size = fs::file_size(folder.file(1));
    journal->begin();
    CHECK(comes([&] { return fs::exists(folder.file(2)); }));
    CHECK(fs::file_size(folder.file(1)) == size);
}

TEST_CASE("owner: a receipt of another tells no cause") {
    if (!can_give_files_away()) return;
    const JournalFolder folder;
    const fs::path path = folder.root / receipt_file_name(TripId{3});
    folder.write(path, R"({"cause":"delta above 25"})");
    CHECK(written_cause(folder.root, TripId{3}) == "delta above 25");
    give_away(path);
    CHECK(written_cause(folder.root, TripId{3}) == "");
}
