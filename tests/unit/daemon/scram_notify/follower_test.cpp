// The journal's files, followed while they are written, and whatever becomes of them.
#include "daemon/scram_notify/follower.h"

#include <fstream>

#include "tests/unit/daemon/records/journal_folder.h"

using namespace scram;
using namespace scram::test;

namespace {

std::string file_text(const std::filesystem::path& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

// One scram-notify, as far as it follows the journal.
class Following {
  public:
    explicit Following(const JournalFolder& folder,
                       std::optional<JournalPosition> from = JournalPosition{})
        : follower(folder.journal(), from) {
        if (from) notices = JournalNotices(*from, {});
    }

    // Looks until nothing more comes; the keys of what was told.
    std::string look(Duration later = 1s) {
        now += later;
        Notices out;
        for (int turns = 0; turns < 100 && follower.turn(notices, now, 7, out); ++turns) continue;
        now += notice_gathers_for;
        notices.settle(now, out);
        std::string keys;
        for (Notice& notice : out) {
            keys += (keys.empty() ? "" : " ") + notice.key;
            told.push_back(std::move(notice));
        }
        return keys;
    }

    JournalFollower follower;
    JournalNotices notices;
    Time now = time_from_ns(1'000'000'000'000);
    Notices told;
};

constexpr std::size_t trips = 12;  // each of a family of its own

Config small_journal(const JournalFolder& folder) {
    Config config = folder.config(trips);
    config.journal.file_kib = 1;  // three records
    config.journal.keep = 100;
    return config;
}

void end_in_peace(Journaled& run) {
    run.journal->stop();
    run.journal.reset();
}

}  // namespace

TEST_CASE("follower: what is written is told, once, while it is written") {
    const JournalFolder folder;
    Journaled run(folder.config());
    REQUIRE(run.settles());
    Following following(folder);
    CHECK(following.look() == "scramd");
    CHECK(following.look().empty());
    run.trip(A);
    REQUIRE(run.settles());
    CHECK(following.look() == "trip-1");
    run.trip(B);
    run.trip(C);
    REQUIRE(run.settles());
    CHECK(following.look() == "trip-2 trip-3");
    CHECK(following.follower.trouble().empty());
}

TEST_CASE("follower: a first start begins at the end, and says so") {
    const JournalFolder folder;
    Journaled run(folder.config());
    run.trip(A);
    REQUIRE(run.settles());
    Following following(folder, std::nullopt);
    CHECK(following.look() == "notify");
    CHECK(following.notices.safe().sequence == run.journal->last());
    run.trip(B);
    REQUIRE(run.settles());
    CHECK(following.look() == "trip-2");
}

TEST_CASE("follower: a restart goes on where it was") {
    const JournalFolder folder;
    Journaled run(folder.config());
    run.trip(A);
    REQUIRE(run.settles());
    Following before(folder);
    CHECK(before.look() == "scramd trip-1");
    run.trip(B);
    REQUIRE(run.settles());
    Following after(folder, before.notices.safe());
    CHECK(after.look() == "trip-2");
}

TEST_CASE("follower: other files are followed, also several at a time") {
    const JournalFolder folder;
    Journaled run(small_journal(folder));
    REQUIRE(run.settles());
    Following following(folder), later(folder);
    CHECK(following.look() == "scramd");
    std::string expected;
    for (std::size_t trip = 1; trip <= trips; ++trip) {
        run.trip(id_at<FamilyId>(trip - 1));
        run.confirm();
        REQUIRE(run.settles());
        CHECK(following.look() == "trip-" + std::to_string(trip));
        expected += " trip-" + std::to_string(trip);
    }
    CHECK(folder.files().size() > 3);
    CHECK(later.look() == "scramd" + expected);
}

TEST_CASE("follower: records that are gone are told as a gap") {
    const JournalFolder folder;
    Journaled run(small_journal(folder));
    REQUIRE(run.settles());
    Following following(folder);
    CHECK(following.look() == "scramd");
    for (std::size_t trip = 1; trip <= trips; ++trip) run.trip(id_at<FamilyId>(trip - 1));
    REQUIRE(run.settles());
    const auto files = folder.files();
    for (std::size_t i = 0; i + 1 < files.size(); ++i) std::filesystem::remove(files[i].path);
    Following restarted(folder, following.notices.safe());
    CHECK(restarted.look().starts_with("journal trip-"));
    CHECK(restarted.told[0].text.find("were removed before they were read") != std::string::npos);
}

TEST_CASE("follower: another journal is followed from its beginning, as far as it is younger") {
    const JournalFolder folder;
    JournalPosition position;
    {
        Journaled run(folder.config());
        run.trip(A);
        run.trip(B);
        REQUIRE(run.settles());
        Following before(folder);
        before.look();
        position = before.notices.safe();
        end_in_peace(run);
    }
    std::filesystem::remove_all(folder.journal());
    std::filesystem::remove(folder.board());
    Journaled run(folder.config());
    run.trip(C);
    REQUIRE(run.settles());
    Following after(folder, position);
    SUBCASE("it is shorter: only after a moment") {
        CHECK(after.look(0s).empty());
        after.now += 2s;
    }
    SUBCASE("it is longer") {
        for (int trip = 0; trip < 8; ++trip) {
            run.trip(A);
            run.confirm();
        }
        REQUIRE(run.settles());
    }
    const std::string told = after.look() + " " + after.look(3s);
    CHECK(told.find("journal") != std::string::npos);
    CHECK(told.find("trip-1") != std::string::npos);
}

TEST_CASE("follower: a record that is being written is waited for, and a damaged one told") {
    const JournalFolder folder;
    Following following(folder);
    std::string whole;
    {
        Journaled run(folder.config());
        run.trip(A);
        REQUIRE(run.settles());
        end_in_peace(run);
        whole = file_text(folder.file(1));
    }
    const std::size_t records = whole.size() / 256 - 1;
    REQUIRE(records >= 4);
    folder.write(folder.file(1), whole.substr(0, 2 * 256));
    CHECK(following.look() == "scramd");
    SUBCASE("half of one") {
        folder.write(folder.file(1), whole.substr(0, 2 * 256 + 100));
        CHECK(following.look().empty());
        folder.write(folder.file(1), whole.substr(0, 3 * 256) + std::string(256, '\0'));
        CHECK(following.look(5s).empty());
        folder.write(folder.file(1), whole);
        CHECK(following.look(1s) == "trip-1 scramd");
    }
    SUBCASE("a damaged one") {
        std::string damaged = whole;
        damaged[2 * 256 + 10] ^= 1;
        folder.write(folder.file(1), damaged);
        CHECK(following.look().empty());
        CHECK(following.look(3s).starts_with("journal"));
        CHECK(following.told.back().key == "scramd");
        CHECK(following.look(3s).empty());
    }
}

TEST_CASE("follower: a file that its writer has cut is read again") {
    const JournalFolder folder;
    {
        Journaled run(folder.config());
        run.trip(A);
        REQUIRE(run.settles());
        end_in_peace(run);
    }
    const std::string whole = file_text(folder.file(1));
    Following following(folder);
    CHECK(following.look() == "scramd trip-1 scramd");
    folder.write(folder.file(1), whole.substr(0, 3 * 256));
    CHECK(following.look(0s).empty());
    folder.write(folder.file(1), whole);
    CHECK(following.look(100ms).empty());
}

TEST_CASE("follower: a journal whose folder somebody removes is followed where it goes on") {
    const JournalFolder folder;
    Journaled run(folder.config());
    REQUIRE(run.settles());
    Following following(folder);
    CHECK(following.look() == "scramd");
    std::filesystem::remove_all(folder.journal());
    CHECK(following.look().empty());
    run.trip(A);
    REQUIRE(comes([&] {
        run.news_of_beat();
        return std::filesystem::exists(folder.file(1));
    }));
    REQUIRE(run.settles());
    CHECK(following.look() + following.look() == "trip-1");
}

TEST_CASE("follower: a folder that is not there is told as trouble, and then followed") {
    const JournalFolder folder;
    Following following(folder, std::nullopt);
    CHECK(following.look().empty());
    says(following.follower.trouble(), "cannot list");
    Journaled run(folder.config());
    REQUIRE(run.settles());
    CHECK(following.look() == "notify");
    CHECK(following.follower.trouble().empty());
}

TEST_CASE("follower: whatever stands in the folder, it ends and tells no trip") {
    const JournalFolder folder;
    Following following(folder);
    folder.write(folder.file(1), std::string(5000, 'x'));
    folder.write(folder.file(2), "");
    folder.write(folder.file(3), std::string(5000, '\0'));
    std::filesystem::create_symlink("/etc/passwd", folder.file(4));
    CHECK(following.look().find("trip") == std::string::npos);
    CHECK(following.look(5s).find("trip") == std::string::npos);
}
