// The cursor: what it keeps comes back, and nothing else is taken for one.
#include "daemon/scram_notify/cursor.h"

#include "tests/unit/daemon/scram_notify/rig.h"

using namespace scram;
using namespace scram::test;

namespace {

Cursor full_cursor() {
    Cursor out;
    out.journal.sequence = 12345678901234;
    for (std::size_t i = 0; i < out.journal.hash.size(); ++i)
        out.journal.hash[i] = static_cast<std::uint8_t>(i * 8);
    out.journal.wall_ms = 1'700'000'000'123;
    out.trips.push_back({3, Severity::warning, 5, 1, {"mm-1/BTC-USD", "mm-1/ETH-USD"}});
    out.guard = Guard::hangs;
    out.waiting.push_back({sample_notice(), 7});
    out.spooled = 42;
    out.dropped["ops"] = 9;
    return out;
}

}  // namespace

TEST_CASE("cursor: all of it comes back") {
    const auto again = cursor_from(cursor_json(full_cursor()));
    REQUIRE(again);
    CHECK(*again == full_cursor());
    CHECK(cursor_from(cursor_json(Cursor{})) == Cursor{});
}

TEST_CASE("cursor: what was cut at any byte is none") {
    const std::string whole = cursor_json(full_cursor());
    for (std::size_t size = 0; size < whole.size(); ++size)
        CHECK(!cursor_from(std::string_view(whole).substr(0, size)));
}

TEST_CASE("cursor: that of a later version is none") {
    std::string text = cursor_json(full_cursor());
    text.replace(text.find("\"v\":1"), 5, "\"v\":2");
    CHECK(!cursor_from(text));
}
