// The writer: files follow the board whatever becomes of the disk.
#include "daemon/records/journal_writer.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "tests/unit/daemon/records/journal_folder.h"

using namespace scram;
using namespace scram::test;

namespace {

Config small_files(const JournalFolder& folder, std::uint32_t keep = 100) {
    Config config = folder.config();
    config.journal.file_kib = 1;  // four records
    config.journal.keep = keep;
    return config;
}

void many_trips(Journaled& run, int count) {
    for (int i = 0; i < count; ++i) {
        run.now += 3s;
        run.trip(A);
        run.confirm();
    }
}

}  // namespace

TEST_CASE("keeper: files hold what the board holds, and join") {
    const JournalFolder folder;
    Journaled run(small_files(folder));
    many_trips(run, 10);
    REQUIRE(run.settles());
    CHECK(folder.files().size() > 5);
    const JournalVerdict verdict = verify_journal(folder.files());
    INFO(verdict.text);
    CHECK(verdict.good);
    CHECK(verdict.records == run.journal->last());
}

TEST_CASE("keeper: old files are removed, and what is latched outlives them") {
    const JournalFolder folder;
    {
        Journaled run(small_files(folder, 2));
        run.trip(B);
        run.confirm();
        many_trips(run, 10);
        REQUIRE(run.settles());
        CHECK(folder.files().size() == 2);
        CHECK(folder.files().front().number > 5);
        run.journal->stop();
    }
    std::filesystem::remove(folder.board());
    Journaled next(small_files(folder, 2));
    CHECK(next.latched() == "AB");
}

TEST_CASE("keeper: a restart writes on in the same file") {
    const JournalFolder folder;
    for (int i = 0; i < 3; ++i) {
        Journaled run(folder.config());
        run.trip(A);
        run.journal->stop();
    }
    CHECK(folder.files().size() == 1);
    CHECK(verify_journal(folder.files()).good);
}

TEST_CASE("keeper: whatever the umask, the group may read the files, those of before as well") {
    namespace fs = std::filesystem;
    constexpr fs::perms wanted =
        fs::perms::owner_read | fs::perms::owner_write | fs::perms::group_read;
    const JournalFolder folder;
    const mode_t before = umask(0077);
    {
        Journaled run(folder.config());
        REQUIRE(run.settles());
        CHECK(fs::status(folder.file(1)).permissions() == wanted);
        run.journal->stop();
    }
    fs::permissions(folder.file(1), fs::perms::owner_read | fs::perms::owner_write);
    Journaled next(folder.config());
    REQUIRE(next.settles());
    umask(before);
    CHECK(folder.files().size() == 1);
    CHECK(fs::status(folder.file(1)).permissions() == wanted);
}

TEST_CASE("keeper: a torn end is cut off and written again") {
    const JournalFolder folder;
    {
        Journaled run(folder.config());
        run.trip(A);
        run.confirm();
        run.journal->stop();
    }
    std::filesystem::resize_file(folder.file(1), 3 * 256 + 99);
    says(verify_journal(folder.files()).text, "which the next start cuts off");
    Journaled next(folder.config());
    CHECK(next.latched() == "A");
    CHECK(next.settles());
    CHECK(folder.files().size() == 1);
    const JournalVerdict verdict = verify_journal(folder.files());
    CHECK(verdict.text == std::to_string(next.journal->last()) + " records in 1 files: whole");
}

TEST_CASE("keeper: a file that somebody removes or cuts is followed by a new one") {
    const JournalFolder folder;
    Journaled run(folder.config());
    run.trip(A);
    REQUIRE(run.settles());
    SUBCASE("removed") {
        std::filesystem::remove(folder.file(1));
        REQUIRE(comes([&] {
            run.news_of_beat();
            return std::filesystem::exists(folder.file(1)) || !run.news.empty();
        }));
        says(run.news, "was removed by somebody");
    }
    SUBCASE("removed with its folder") {
        std::filesystem::remove_all(folder.journal());
        run.trip(B);
        REQUIRE(comes([&] {
            run.news_of_beat();
            return !run.news.empty();
        }));
        says(run.news, "was removed by somebody");
    }
    SUBCASE("cut") {
        std::filesystem::resize_file(folder.file(1), 300);
        run.trip(B);
        REQUIRE(comes([&] {
            run.news_of_beat();
            return !run.news.empty();
        }));
        says(run.news, "was cut by somebody");
    }
    run.trip(C);
    REQUIRE(run.settles());
    run.journal->stop();
    run.journal.reset();
    std::filesystem::remove(folder.board());
    Journaled next(folder.config());
    CHECK(next.latched().back() == 'C');
    CHECK(next.latched().front() == 'A');
}

TEST_CASE("keeper: a disk without room costs no record, and is told once") {
    const JournalFolder folder;
    Journaled run(folder.config());
    REQUIRE(run.settles());
    {
        const FileSizeLimit limit(700);
        run.trip(A);
        REQUIRE(comes([&] {
            run.news_of_beat();
            return !run.journal->trouble().empty();
        }));
        for (int i = 0; i < 5; ++i) run.news_of_beat();
        says(run.news, "cannot write ");
        CHECK(run.news.find("cannot write ") == run.news.rfind("cannot write "));
    }
    REQUIRE(run.settles());
    says(run.news, "journal_recovered");
    CHECK(run.journal->lost() == 0);
    CHECK(folder.files().size() == 1);
    CHECK(verify_journal(folder.files()).good);
}

TEST_CASE("keeper: a disk that never has room is survived by the board") {
    const JournalFolder folder;
    {
        Journaled run(folder.config());
        REQUIRE(run.settles());
        const FileSizeLimit limit(600);
        for (int i = 0; i < 3000; ++i) {
            run.now += 3s;
            run.trip(A);
            run.confirm();
        }
        CHECK(run.journal->lost() > 0);
        run.trip(B);
    }
    Config config = folder.config();
    config.plan.after_crash = AfterCrash::armed;
    Journaled next(config);
    CHECK(next.latched() == "AB");
}

TEST_CASE("keeper: verify tells the first fault, with file, record and meaning") {
    const JournalFolder folder;
    {
        Journaled run(small_files(folder));
        many_trips(run, 4);
        run.journal->stop();
    }
    REQUIRE(verify_journal(folder.files()).good);
    SUBCASE("a changed byte") {
        folder.flip(folder.file(2), 256 * 3 + 7);
        says(verify_journal(folder.files()).text, "journal-000002: record 3: ");
    }
    SUBCASE("a missing file") {
        std::filesystem::remove(folder.file(2));
        says(verify_journal(folder.files()).text, "journal-000003: records ");
    }
    SUBCASE("an exchanged file") {
        std::filesystem::copy_file(folder.file(1), folder.file(3),
                                   std::filesystem::copy_options::overwrite_existing);
        says(verify_journal(folder.files()).text, "journal-000003: it begins at record 1, but");
    }
    SUBCASE("a foreign file") {
        folder.write(folder.file(2), std::string(999, 'x'));
        says(verify_journal(folder.files()).text, "foreign");
    }
    SUBCASE("a torn file in the middle") {
        std::filesystem::resize_file(folder.file(2), 700);
        says(verify_journal(folder.files()).text, "journal-000002: record 2: the file ends within");
    }
    CHECK_FALSE(verify_journal(folder.files()).good);
}
