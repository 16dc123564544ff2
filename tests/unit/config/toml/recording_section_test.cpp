// [recording].
#include "tests/unit/config/fixture.h"

using namespace scram;
using namespace scram::test;

TEST_CASE("recording section: without it nothing is recorded") {
    const Config config = config_of(small);
    CHECK(config.recording.directory.empty());
    CHECK(config.recording.file_mib == 64);
    CHECK(config.recording.keep == 16);
}

TEST_CASE("recording section: every key is read") {
    const Config config = config_of(small + R"([recording]
directory = "tapes"
file_mib = 2
keep = 3
)");
    CHECK(config.recording.directory == "/etc/scramd/tapes");
    CHECK(config.recording.file_mib == 2);
    CHECK(config.recording.keep == 3);
}

TEST_CASE("recording section: what does not fit is refused with what does") {
    const std::string wrong = messages(small + R"([recording]
file_mib = 0
keep = 1
colour = "red"
)");
    CHECK(wrong.find("file_mib: expected an integer from 1 to 1024, got 0\n") != wrong.npos);
    CHECK(wrong.find("keep: expected an integer from 2 to 10000, got 1\n") != wrong.npos);
    CHECK(wrong.find("colour") != wrong.npos);
}

TEST_CASE("recording section: a change needs a restart") {
    const std::string reason =
        restart_reason(config_of(small), config_of(small + "[recording]\nkeep = 5\n"));
    CHECK(reason.find("[recording]") != reason.npos);
}
