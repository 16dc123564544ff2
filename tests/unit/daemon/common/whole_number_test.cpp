#include "daemon/common/whole_number.h"

#include <doctest/doctest.h>

using scram::whole_number;

TEST_CASE("a number on a command line: what is no whole number is refused with its text") {
    for (const char* text : {"", " ", "+", "-", "1x", "1 ", " 1", "1,5", "1 2", "--1", "+-1", "0x",
                             "1e", "1e999", "many", "1\n", "1_000", "'1'"}) {
        CAPTURE(text);
        CHECK(whole_number(text).find(text) != std::string::npos);
    }
}

TEST_CASE("a number on a command line: every form of a number is taken") {
    for (const char* text : {"0", "-0", "1", "+1", "-25.5", ".5", "1e3", "1E-3", "1.7e308"}) {
        CAPTURE(text);
        CHECK(whole_number(text).empty());
    }
    CHECK(whole_number("nan").empty());  // it is published, and trips as a bad number
}
