// How many notices may leave.
#include "core/notice/flood.h"

#include <doctest/doctest.h>

using namespace scram;

namespace {

Notice notice_of_key(std::string key, int number, NoticeKind kind = NoticeKind::raise) {
    Notice out;
    out.id = key + "-" + std::to_string(number);
    out.key = std::move(key);
    out.kind = kind;
    return out;
}

std::string not_told(const Notice& notice) {
    return notice.fields.empty() ? "" : notice.fields.back().second;
}

constexpr Time begin = time_from_ns(1'000'000'000'000);

}  // namespace

TEST_CASE("flood: ten of a key leave at once, then the last one waits for its turn") {
    Flood flood;
    std::size_t left = 0;
    for (int i = 0; i < 1000; ++i) {
        const auto kind = i % 2 == 0 ? NoticeKind::raise : NoticeKind::resolve;
        left += flood.pass({notice_of_key("alarm-mm-1-refused", i, kind)}, begin).size();
    }
    CHECK(left == Flood::at_once);
    REQUIRE(flood.waiting().size() == 1);
    CHECK(flood.pass({}, begin + 5s).empty());
    const Notices out = flood.pass({}, begin + 6s);
    REQUIRE(out.size() == 1);
    CHECK(out[0].id == "alarm-mm-1-refused-999");
    CHECK(out[0].kind == NoticeKind::resolve);
    CHECK(not_told(out[0]) == "989");
}

TEST_CASE("flood: another key is not held up") {
    Flood flood;
    for (int i = 0; i < 100; ++i) flood.pass({notice_of_key("alarm-mm-1-refused", i)}, begin);
    CHECK(flood.pass({notice_of_key("readiness", 1)}, begin).size() == 1);
}

TEST_CASE("flood: trips count together, and what waits is bounded") {
    Flood flood;
    std::size_t left = 0;
    for (int i = 0; i < 1000; ++i)
        left += flood.pass({notice_of_key("trip-" + std::to_string(i), 0)}, begin).size();
    CHECK(left == Flood::at_once);
    CHECK(flood.waiting().size() == Flood::waiting_max);
    std::uint64_t told = left, counted = 0;
    for (Time now = begin; !flood.waiting().empty(); now += 6s) {
        for (const Notice& notice : flood.pass({}, now)) {
            ++told;
            if (!notice.fields.empty()) counted += std::stoull(not_told(notice));
        }
    }
    CHECK(told + counted == 1000);
}

TEST_CASE("flood: what waits survives a restart") {
    Flood flood;
    for (int i = 0; i < 12; ++i) flood.pass({notice_of_key("readiness", i)}, begin);
    Flood restarted(flood.waiting());
    const Notices out = restarted.pass({}, begin);
    REQUIRE(out.size() == 1);
    CHECK(out[0].id == "readiness-11");
    CHECK(not_told(out[0]) == "1");
}

TEST_CASE("flood: keys without end take no memory without end") {
    Flood flood;
    std::size_t left = 0;
    for (std::size_t i = 0; i < 2 * Flood::groups_max; ++i)
        left += flood.pass({notice_of_key("alarm-" + std::to_string(i), 0)}, begin).size();
    CHECK(left == Flood::groups_max);
    CHECK(flood.waiting().size() == Flood::waiting_max);
    CHECK(flood.pass({notice_of_key("readiness", 0)}, begin + 61s).size() > 0);
}
