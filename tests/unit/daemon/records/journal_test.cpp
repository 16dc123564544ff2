// The daemon's journal on a real disk: restarts, locks, and folders that are not as they should be.
#include "daemon/records/journal.h"

#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/daemon/records/journal_folder.h"

using namespace scram;
using namespace scram::test;

TEST_CASE("journal: a restart after a peaceful end knows what was latched") {
    const JournalFolder folder;
    {
        Journaled run(folder.config());
        says(run.report(), "5 journal state=fresh end=clean latched=0 unfinished=0");
        run.trip(B);
        run.confirm();
        run.journal->stop();
    }
    Journaled next(folder.config());
    CHECK(next.latched() == "B");
    says(next.report(), "5 journal state=whole end=clean latched=1 unfinished=0");
    CHECK(folder.files().size() == 1);
}

TEST_CASE("journal: a restart after an end without words follows after_crash") {
    const JournalFolder folder;
    Config config = folder.config();
    { Journaled run(config); }
    SUBCASE("latched") {
        Journaled next(config);
        CHECK(next.latched() == "ABC");
        says(next.report(), "4 journal state=whole end=unclean latched=3 unfinished=0");
    }
    SUBCASE("fire") {
        config.plan.after_crash = AfterCrash::fire;
        Journaled next(config);
        says(next.report(), "latched=3 unfinished=3 held=0 after_crash=fire");
    }
    SUBCASE("armed") {
        config.plan.after_crash = AfterCrash::armed;
        Journaled next(config);
        CHECK(next.latched() == "");
    }
}

TEST_CASE("journal: who only opened it and never began has not crashed") {
    const JournalFolder folder;
    {
        Journaled run(folder.config());
        run.journal->stop();
    }
    { const auto opened = Journaled::opened(folder.config()); }
    Journaled next(folder.config());
    CHECK(next.latched() == "");
}

TEST_CASE("journal: two scramd cannot have the same journal") {
    const JournalFolder folder;
    Journaled run(folder.config());
    const auto second = Journal::open(folder.config());
    REQUIRE(std::holds_alternative<std::string>(second));
    says(std::get<std::string>(second),
         "another scramd runs on the journal in " + folder.journal());
}

TEST_CASE("journal: without files the board suffices, without the board the files") {
    const JournalFolder folder;
    {
        Journaled run(folder.config());
        run.trip(A);
        run.confirm();
        run.journal->stop();
    }
    SUBCASE("no files") {
        std::filesystem::remove_all(folder.journal());
    }
    SUBCASE("no board") {
        std::filesystem::remove(folder.board());
    }
    Journaled next(folder.config());
    CHECK(next.latched() == "A");
    CHECK(next.settles());
    const JournalVerdict verdict = verify_journal(folder.files());
    INFO(verdict.text);
    CHECK(verdict.good);
}

TEST_CASE("journal: what cannot be read latches all, is told, and hinders nothing") {
    const JournalFolder folder;
    Config config = folder.config();
    config.plan.after_crash = AfterCrash::armed;
    SUBCASE("a file stands in the folder's place") {
        folder.write(folder.journal(), "in the way");
    }
    SUBCASE("the folder's parent does not exist") {
        config.journal.directory = (folder.root / "no" / "such").string();
    }
    SUBCASE("a folder stands in the file's place") {
        std::filesystem::create_directories(folder.file(1));
    }
    SUBCASE("a FIFO stands in the file's place") {
        std::filesystem::create_directories(folder.journal());
        REQUIRE(mkfifo(folder.file(1).c_str(), 0600) == 0);
    }
    SUBCASE("a link stands in the file's place") {
        std::filesystem::create_directories(folder.journal());
        std::filesystem::create_symlink("/dev/zero", folder.file(1));
    }
    Journaled run(config);
    CHECK(run.latched() == "ABC");
    says(run.report(), "2 journal state=unread");
    run.trip(A);
    CHECK(run.journal->last() > 0);
}

TEST_CASE("journal: a board that is cut under it keeps no trip, and is whole again afterwards") {
    const JournalFolder folder;
    Config config = folder.config();
    config.plan.after_crash = AfterCrash::armed;
    SUBCASE("cut, and written to before anybody looks") {
        Journaled run(config);
        REQUIRE(run.settles());
        REQUIRE(truncate(folder.board().c_str(), 0) == 0);
        run.trip(B);
        run.news_of_beat();
        says(run.news, "was cut by somebody: another takes its place");
        says(run.news, "is whole");
        CHECK(run.journal->trouble().empty());
    }
    SUBCASE("removed") {
        Journaled run(config);
        REQUIRE(run.settles());
        std::filesystem::remove(folder.board());
        run.trip(B);
        run.news_of_beat();
        says(run.news, "was removed by somebody");
        CHECK(run.journal->trouble().empty());
    }
    const auto bytes = read_file(folder.board().string());
    REQUIRE(std::holds_alternative<FileBytes>(bytes));
    const Folded folded = fold({}, std::get<FileBytes>(bytes), BootId{});
    CHECK(folded.words.at(config.plan.families[index(B)].name) == Folded::Word::latched);
    CHECK(folded.words.at(config.plan.families[index(A)].name) == Folded::Word::armed);
    Journaled next(config);
    CHECK(next.latched() == "B");
}

TEST_CASE("journal: a board that found no memory is tried again") {
    const JournalFolder folder;
    Config config = folder.config();
    config.paths.control = (folder.root / "later" / "control.sock").string();
    Journaled run(config);
    CHECK_FALSE(run.journal->trouble().empty());
    run.trip(A);
    std::filesystem::create_directories(folder.root / "later");
    run.news_of_beat();
    CHECK(run.journal->trouble().empty());
    says(run.news, "is whole");
    CHECK(std::filesystem::exists(config.paths.control + ".board"));
}

TEST_CASE("journal: without shared memory it goes on, and says so") {
    const JournalFolder folder;
    Config config = folder.config();
    config.paths.control = (folder.root / "no" / "control.sock").string();
    {
        Journaled run(config);
        says(run.report(), "2 journal_error detail=\"no board at ");
        CHECK_FALSE(run.journal->trouble().empty());
        run.trip(A);
        run.confirm();
        run.journal->stop();
    }
    Journaled next(config);
    CHECK(next.latched() == "A");
}

TEST_CASE("journal: a damaged file stays as it is, and a new one begins") {
    const JournalFolder folder;
    Config config = folder.config();
    {
        Journaled run(config);
        run.trip(A);
        run.confirm();
        run.journal->stop();
    }
    folder.flip(folder.file(1), 2 * 256 + 80);
    const auto before = read_file(folder.file(1));
    Journaled next(config);
    CHECK(next.latched() == "ABC");
    says(next.report(), "2 journal_fault detail=\"record 2: ");
    CHECK(next.settles());
    CHECK(folder.files().size() == 2);
    CHECK(std::get<FileBytes>(read_file(folder.file(1))) == std::get<FileBytes>(before));
}

TEST_CASE("journal: a family that the config lost is told") {
    const JournalFolder folder;
    {
        Journaled run(folder.config());
        run.trip(C);
        run.journal->stop();
    }
    Journaled next(folder.config(2));
    says(next.report(), "3 journal_family family=mm-1/F2-USD");
}

TEST_CASE("journal: the folder is [journal]'s, or systemd's, or /var/lib/scramd") {
    CHECK(journal_directory("/a/b") == "/a/b");
    unsetenv("STATE_DIRECTORY");
    CHECK(journal_directory("") == "/var/lib/scramd");
    setenv("STATE_DIRECTORY", "/var/lib/one:/var/lib/two", 1);
    CHECK(journal_directory("") == "/var/lib/one");
    CHECK(journal_directory("/a/b") == "/a/b");
    unsetenv("STATE_DIRECTORY");
}
