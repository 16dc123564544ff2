// Numbers on the command line.
#include "daemon/scramctl/numbers.h"

#include <doctest/doctest.h>

using namespace scram;

TEST_CASE("numbers: seconds to wait are between none and a day, and what is not is named") {
    for (const char* taken : {"0", "0.3", "10", "+5", "86400", "1e3"})
        CHECK_MESSAGE(wait_seconds(taken).empty(), taken);
    CHECK(wait_seconds("-5") ==
          "expected seconds from 0 (do not wait) to 86400 (a day), got \"-5\"");
    for (const char* refused : {"86400.1", "-0.1", "inf", "nan", "1e99"})
        CHECK_MESSAGE(wait_seconds(refused).find("expected seconds from 0") == 0, refused);
    for (const char* refused : {"", " ", "x", "5s", "5 6"})
        CHECK_MESSAGE(wait_seconds(refused).find("expected a number") == 0, refused);
}

TEST_CASE("numbers: a trip's id is a whole number from 1") {
    for (const char* taken : {"1", "3", "18446744073709551615"})
        CHECK_MESSAGE(trip_id(taken).empty(), taken);
    for (const char* refused : {"", "0", "-3", "+3", "3.5", "1e3", "x", "18446744073709551616"})
        CHECK_MESSAGE(trip_id(refused).find("expected the id of a trip") == 0, refused);
}
