// What the status page is told as, and what is over too soon to be told.
#include "core/notice/from_page.h"

#include <doctest/doctest.h>

using namespace scram;

namespace {

struct Page {
    explicit Page(Guard told = Guard::ready) : notices(told, 5s) {}

    // One look after `later`; what it had told.
    Notices see(Guard guard, Duration later = 1s, std::string why = {}) {
        now += later;
        Notices out;
        notices.take({guard, std::move(why), {}}, now, ns_of(now) / 1'000'000, out);
        return out;
    }

    Time now = time_from_ns(1'000'000'000'000);
    PageNotices notices;
};

}  // namespace

TEST_CASE("notice: a loss of readiness is told once it has lasted, and so is its end") {
    Page page;
    CHECK(page.see(Guard::ready).empty());
    CHECK(page.see(Guard::unready, 1s, "no link").empty());
    CHECK(page.see(Guard::unready, 4s, "no link").empty());
    const Notices raised = page.see(Guard::unready, 1s, "no link of mm-1 is up");
    REQUIRE(raised.size() == 1);
    CHECK(raised[0].key == "readiness");
    CHECK(raised[0].kind == NoticeKind::raise);
    CHECK(raised[0].severity == Severity::critical);
    CHECK(raised[0].wall_ms == 1'002'000);
    CHECK(raised[0].text ==
          "scramd is not ready: a breach would not cancel: no link of mm-1 is up.");
    CHECK(page.see(Guard::unready, 60s).empty());
    CHECK(page.see(Guard::ready).empty());
    const Notices resolved = page.see(Guard::ready, 5s);
    REQUIRE(resolved.size() == 1);
    CHECK(resolved[0].kind == NoticeKind::resolve);
    CHECK(resolved[0].key == "readiness");
}

TEST_CASE("notice: readiness that flaps is not told") {
    Page page;
    for (int i = 0; i < 20; ++i) {
        CHECK(page.see(Guard::unready, 2s).empty());
        CHECK(page.see(Guard::ready, 2s).empty());
    }
}

TEST_CASE("notice: how scramd is not there is told in words of its own") {
    for (const auto& [guard, words] :
         {std::pair{Guard::hangs, "scramd hangs"}, std::pair{Guard::gone, "scramd is gone"},
          std::pair{Guard::ended, "scramd is not running"},
          std::pair{Guard::missing, "scramd has no status page"},
          std::pair{Guard::late, "a breach would fire, if late"}}) {
        Page page;
        page.see(guard);
        const Notices out = page.see(guard, 5s, "since then");
        REQUIRE(out.size() == 1);
        CHECK(out[0].text.find(words) != std::string::npos);
        CHECK(out[0].text.ends_with("since then."));
    }
}

TEST_CASE("notice: from hanging to gone is told as well") {
    Page page;
    page.see(Guard::hangs);
    REQUIRE(page.see(Guard::hangs, 5s).size() == 1);
    page.see(Guard::gone);
    REQUIRE(page.see(Guard::gone, 5s).size() == 1);
}

TEST_CASE("notice: a restart does not tell again what was told, and tells what is over") {
    Page page(Guard::gone);
    CHECK(page.see(Guard::gone).empty());
    CHECK(page.see(Guard::gone, 10s).empty());
    page.see(Guard::ready);
    CHECK(page.see(Guard::ready, 5s).size() == 1);
}

TEST_CASE("notice: a first start that finds all well says nothing of it") {
    Page page(Guard::unknown);
    page.see(Guard::ready);
    CHECK(page.see(Guard::ready, 10s).empty());
    CHECK(page.notices.told() == Guard::ready);
}

TEST_CASE("notice: reasons without end are cut, between two characters") {
    Page page;
    std::string why;
    for (int i = 0; i < 1000; ++i) why += "\xc3\xa9";
    page.see(Guard::unready, 1s, why);
    const Notices out = page.see(Guard::unready, 5s, "x" + why);
    REQUIRE(out.size() == 1);
    CHECK(out[0].text.size() < 700);
    CHECK(out[0].text.ends_with("\xc3\xa9."));
}
