// Drills by the journal's records: what counts as one, for which account, and in the next file.
#include <doctest/doctest.h>

#include "core/journal/journal.h"

using namespace scram;

namespace {

JournalRecord drill_record(RecordKind kind, std::uint64_t trip, std::string_view subject,
                           std::string_view who = {}, std::string_view text = {}) {
    JournalRecord out;
    out.kind = kind;
    out.trip = trip;
    out.wall_ms = static_cast<std::int64_t>(1000 * trip);
    put_texts({subject, {}, who, {}, text}, out);
    return out;
}

void begin_drill(Drills& drills, std::uint64_t trip, std::string_view who = "uid 1 (ann)",
                 std::string_view text = "drill: weekly") {
    drills.see(drill_record(RecordKind::tripped, trip, {}, who, text));
}

}  // namespace

TEST_CASE("drills: one counts for an account once all of its families are verified") {
    Drills drills;
    begin_drill(drills, 3);
    for (const char* family : {"mm-1/A", "mm-1/B", "mm-2/A"})
        drills.see(drill_record(RecordKind::latched, 3, family));
    drills.see(drill_record(RecordKind::verified, 3, "mm-1/A"));
    CHECK(drills.last("mm-1") == 0);
    drills.see(drill_record(RecordKind::verified, 3, "mm-1/B"));
    CHECK(drills.last("mm-1") == 3000);
    CHECK(drills.last("mm-2") == 0);
}

TEST_CASE("drills: a trip that no operator made, or for another reason, is none") {
    Drills drills;
    begin_drill(drills, 1, "uid 1 (ann)", "news");
    begin_drill(drills, 2, "", "drill: by a rule");
    for (const std::uint64_t trip : {1U, 2U}) {
        drills.see(drill_record(RecordKind::latched, trip, "mm-1/A"));
        drills.see(drill_record(RecordKind::verified, trip, "mm-1/A"));
    }
    CHECK(drills.last("mm-1") == 0);
}

TEST_CASE("drills: what another trip latched is not verified by a drill") {
    Drills drills;
    begin_drill(drills, 2);
    drills.see(drill_record(RecordKind::verified, 2, "mm-1/A"));
    CHECK(drills.last("mm-1") == 0);
}

TEST_CASE("drills: so many are open at a time, and the latest counts") {
    Drills drills;
    for (std::uint64_t trip = 1; trip <= drills_open_max + 1; ++trip) {
        begin_drill(drills, trip);
        drills.see(drill_record(RecordKind::latched, trip, "mm-1/A"));
    }
    drills.see(drill_record(RecordKind::verified, 1, "mm-1/A"));
    CHECK(drills.last("mm-1") == 0);
    drills.see(drill_record(RecordKind::verified, 3, "mm-1/A"));
    drills.see(drill_record(RecordKind::verified, 2, "mm-1/A"));
    CHECK(drills.last("mm-1") == 3000);
}

TEST_CASE("drills: a new file's opening tells the last, and the fold takes it") {
    Ledger ledger{Folded{}};
    std::uint64_t sequence = 0;
    const auto add = [&](JournalRecord its) {
        its.sequence = ++sequence;
        ledger.add(its);
    };
    add(drill_record(RecordKind::tripped, 5, {}, "uid 1 (ann)", "drill: weekly"));
    add(drill_record(RecordKind::latched, 5, "mm-1/A"));
    add(drill_record(RecordKind::verified, 5, "mm-1/A"));
    const auto file = ledger.head(WallMillis{99});
    const std::span<const std::byte> bytes(file);
    const Folded folded = fold({&bytes, 1}, {}, {});
    CHECK(folded.drills.last("mm-1") == 5000);
    CHECK(folded.families.count("mm-1") == 0);
    CHECK(folded.health == Folded::Health::whole);
}
