// What the tests of scram-notify share.
#pragma once

#include <doctest/doctest.h>
#include <stdlib.h>

#include <filesystem>
#include <string>

#include "core/notice/notice.h"

namespace scram::test {

class SpoolFolder {
  public:
    SpoolFolder() {
        char name[] = "/tmp/scram-spool-XXXXXX";
        REQUIRE(mkdtemp(name) != nullptr);
        root = name;
    }
    ~SpoolFolder() {
        std::error_code ignored;
        std::filesystem::remove_all(root, ignored);
    }
    SpoolFolder(const SpoolFolder&) = delete;
    SpoolFolder& operator=(const SpoolFolder&) = delete;

    std::filesystem::path root;
};

inline Notice sample_notice(std::string id = "record-7-0123456789ab",
                            Severity severity = Severity::critical) {
    Notice out;
    out.id = std::move(id);
    out.key = "trip-3";
    out.kind = NoticeKind::raise;
    out.severity = severity;
    out.wall_ms = 1'700'000'000'123;
    out.text = "Trip 3 latched 1 family, mm-1/BTC-USD (operator uid 1 (ann): <!here> & \"now\").";
    out.add("trip", "3");
    out.add("families", "mm-1/BTC-USD");
    out.add("reason", "<!here> & \"now\"");
    return out;
}

}  // namespace scram::test
