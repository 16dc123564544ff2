// [journal].
#include "tests/unit/config/fixture.h"

using namespace scram;
using namespace scram::test;

TEST_CASE("journal section: every key is read") {
    const Config config = config_of(small + R"([journal]
directory = "history"
after_crash = "fire"
keep = 3
file_kib = 64
receipts = 20
receipt_signals = 0
)");
    CHECK(config.journal.directory == "/etc/scramd/history");
    CHECK(config.plan.after_crash == AfterCrash::fire);
    CHECK(config.journal.keep == 3);
    CHECK(config.journal.file_kib == 64);
    CHECK(config.journal.receipts == 20);
    CHECK(config.journal.receipt_signals == 0);
}

TEST_CASE("journal section: without it a crash latches") {
    const Config config = config_of(small);
    CHECK(config.journal.directory.empty());
    CHECK(config.plan.after_crash == AfterCrash::latched);
    CHECK(config.journal.keep == 16);
    CHECK(config.journal.file_kib == 4096);
    CHECK(config.journal.receipts == 1000);
    CHECK(config.journal.receipt_signals == 1000);
}

TEST_CASE("journal section: what does not fit is refused with what does") {
    const std::string wrong = messages(small + R"([journal]
after_crash = "arm"
keep = 1
file_kib = 100000
receipts = 9
receipt_signals = 4097
colour = "red"
)");
    CHECK(wrong.find("\"latched\"") != wrong.npos);
    CHECK(wrong.find("\"armed\"") != wrong.npos);
    CHECK(wrong.find("keep: expected an integer from 2 to 10000, got 1\n") != wrong.npos);
    CHECK(wrong.find("65536") != wrong.npos);
    CHECK(wrong.find("receipts: expected an integer from 10 to 100000, got 9\n") != wrong.npos);
    CHECK(wrong.find("receipt_signals: expected an integer from 0 to 4096, got 4097\n") !=
          wrong.npos);
    CHECK(wrong.find("colour") != wrong.npos);
}

TEST_CASE("journal section: a change needs a restart") {
    const std::string reason =
        restart_reason(config_of(small), config_of(small + "[journal]\nkeep = 5\n"));
    CHECK(reason.find("[journal]") != reason.npos);
}
