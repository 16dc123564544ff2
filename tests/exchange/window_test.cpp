#include "tests/exchange/window.h"

#include <doctest/doctest.h>

namespace scram::okxsim {
namespace {

using namespace std::chrono_literals;

TEST_CASE("window: five requests within 2 s are admitted and the sixth is not") {
    for (const WindowKind kind : {WindowKind::sliding, WindowKind::fixed}) {
        RequestWindow window;
        for (int i = 0; i < 5; ++i) CHECK(window.admit(10s + i * 1ms, kind));
        CHECK_FALSE(window.admit(10s + 5ms, kind));
    }
}

TEST_CASE("window: sliding counts across an aligned border, fixed does not") {
    RequestWindow sliding;
    RequestWindow fixed;
    for (int i = 0; i < 5; ++i) {
        sliding.admit(11s + 990ms, WindowKind::sliding);
        fixed.admit(11s + 990ms, WindowKind::fixed);
    }
    CHECK_FALSE(sliding.admit(12s, WindowKind::sliding));
    CHECK(fixed.admit(12s, WindowKind::fixed));
}

TEST_CASE("window: two requests exactly 2 s apart share no sliding window") {
    RequestWindow window;
    window.admit(1s, WindowKind::sliding);
    window.admit(3s, WindowKind::sliding);
    CHECK(window.sliding_max() == 1);
    window.admit(5s - 1ns, WindowKind::sliding);
    CHECK(window.sliding_max() == 2);
}

TEST_CASE("window: refused requests count too") {
    RequestWindow window;
    for (int i = 0; i < 8; ++i) window.admit(10s + i * 100ms, WindowKind::sliding);
    CHECK_FALSE(window.admit(12s + 150ms, WindowKind::sliding));
    CHECK(window.sliding_max() == 8);
}

TEST_CASE("window: both maxima are remembered whichever kind refuses") {
    RequestWindow window;
    for (int i = 0; i < 4; ++i) window.admit(11s + 999ms, WindowKind::fixed);
    for (int i = 0; i < 3; ++i) window.admit(12s, WindowKind::fixed);
    window.admit(60s, WindowKind::fixed);
    CHECK(window.sliding_max() == 7);
    CHECK(window.fixed_max() == 4);
}

}  // namespace
}  // namespace scram::okxsim
