// What is still to be told survives every end of the process, and takes no room without end.
#include "daemon/scram_notify/spool.h"

#include <fstream>
#include <set>

#include "daemon/scram_notify/notice_json.h"
#include "daemon/scram_notify/stored_file.h"
#include "tests/unit/daemon/scram_notify/rig.h"

using namespace scram;
using namespace scram::test;

namespace {

Spool opened_spool(const SpoolFolder& folder, const std::uint64_t* last = nullptr) {
    auto made = Spool::open((folder.root / "queue").string(), {"ops", "duty"}, last);
    REQUIRE(std::holds_alternative<Spool>(made));
    return std::move(std::get<Spool>(made));
}

void keep_in(Spool& spool, std::size_t target, Notice notice) {
    spool.put(target, std::move(notice));
    REQUIRE(spool.write());
    spool.commit();
}

std::size_t files_in(const std::filesystem::path& folder) {
    std::size_t count = 0;
    for (const auto& entry : std::filesystem::directory_iterator(folder))
        count += entry.is_regular_file() ? 1 : 0;
    return count;
}

}  // namespace

TEST_CASE("spool: what is not committed is not delivered") {
    const SpoolFolder folder;
    Spool spool = opened_spool(folder);
    spool.put(0, sample_notice());
    REQUIRE(spool.write());
    CHECK(spool.next(0) == nullptr);
    spool.commit();
    REQUIRE(spool.next(0) != nullptr);
    CHECK(spool.next(0)->notice == sample_notice());
    CHECK(spool.next(1) == nullptr);
}

TEST_CASE("spool: a restart finds what was not taken, and not what was") {
    const SpoolFolder folder;
    std::uint64_t last = 0;
    {
        Spool spool = opened_spool(folder);
        keep_in(spool, 0, sample_notice("a"));
        keep_in(spool, 0, sample_notice("b"));
        keep_in(spool, 1, sample_notice("c"));
        spool.taken(0, spool.next(0)->number);
        last = spool.last();
    }
    Spool spool = opened_spool(folder, &last);
    CHECK(spool.size(0) == 1);
    CHECK(spool.next(0)->notice.id == "b");
    CHECK(spool.next(1)->notice.id == "c");
    CHECK(spool.last() == last);
}

TEST_CASE("spool: files behind the cursor's last are forgotten") {
    const SpoolFolder folder;
    std::uint64_t last = 0;
    {
        Spool spool = opened_spool(folder);
        keep_in(spool, 0, sample_notice("a"));
        last = spool.last();
        keep_in(spool, 0, sample_notice("b"));
    }
    Spool spool = opened_spool(folder, &last);
    CHECK(spool.size(0) == 1);
    CHECK(files_in(folder.root / "queue/ops") == 1);
    keep_in(spool, 0, sample_notice("again"));
    CHECK(spool.last() == last + 1);
}

TEST_CASE("spool: the most severe leaves first, of those the oldest") {
    const SpoolFolder folder;
    Spool spool = opened_spool(folder);
    for (const auto& [id, severity] :
         {std::pair{"a", Severity::info}, std::pair{"b", Severity::critical},
          std::pair{"c", Severity::warning}, std::pair{"d", Severity::critical}})
        keep_in(spool, 0, sample_notice(id, severity));
    std::string order;
    while (const Spool::Entry* entry = spool.next(0)) {
        order += entry->notice.id;
        spool.taken(0, entry->number);
    }
    CHECK(order == "bdca");
    CHECK(files_in(folder.root / "queue/ops") == 0);
}

TEST_CASE("spool: without room the oldest of the least severe go, and are counted") {
    const SpoolFolder folder;
    Spool spool = opened_spool(folder);
    spool.put(0, sample_notice("severe", Severity::critical));
    for (std::size_t i = 0; i < Spool::notices_max + 4; ++i)
        spool.put(0, sample_notice(std::to_string(i), Severity::info));
    CHECK(spool.size(0) == Spool::notices_max);
    CHECK(spool.dropped(0) == 5);
    spool.commit();
    CHECK(spool.next(0)->notice.id == "severe");
    spool.taken(0, spool.next(0)->number);
    CHECK(spool.next(0)->notice.id == "5");
}

TEST_CASE("spool: what is given up is kept for a person, up to a bound") {
    const SpoolFolder folder;
    Spool spool = opened_spool(folder);
    for (std::size_t i = 0; i < Spool::dead_max + 3; ++i) spool.put(0, sample_notice());
    REQUIRE(spool.write());
    spool.commit();
    CHECK(spool.refused(0, spool.next(0)->number) == 1);
    CHECK(spool.refused(0, spool.next(0)->number) == 2);
    while (const Spool::Entry* entry = spool.next(0)) spool.set_aside(0, entry->number);
    CHECK(files_in(folder.root / "queue/ops/dead") == Spool::dead_max);
    CHECK(files_in(folder.root / "queue/ops") == 0);
}

TEST_CASE("spool: a file that is no notice is removed and counted") {
    const SpoolFolder folder;
    { keep_in(*std::make_unique<Spool>(opened_spool(folder)), 0, sample_notice()); }
    std::ofstream(folder.root / "queue/ops/000000000002") << "{\"id\":";
    std::ofstream(folder.root / "queue/ops/000000000003.new") << "half";
    Spool spool = opened_spool(folder);
    CHECK(spool.size(0) == 1);
    CHECK(spool.unreadable() == 1);
}

TEST_CASE("spool: a disk that takes nothing is told, and what was put is there all the same") {
    const SpoolFolder folder;
    Spool spool = opened_spool(folder);
    std::filesystem::remove_all(folder.root / "queue");
    spool.put(0, sample_notice());
    CHECK(!spool.write());
    CHECK(spool.trouble().find("cannot create") == 0);
    spool.commit();
    CHECK(spool.next(0) != nullptr);
    std::filesystem::create_directories(folder.root / "queue/ops");
    CHECK(spool.write());
    CHECK(spool.trouble().empty());
    CHECK(files_in(folder.root / "queue/ops") == 1);
}
