// An array of names is as long as its enum, or does not compile.
#include "core/base/names.h"

#include <doctest/doctest.h>

using namespace scram;

namespace scram::test {

enum class Light { red, amber, green };

}  // namespace scram::test

namespace {

using test::Light;
constexpr std::array<std::string_view, 3> names = {"red", "amber", "green"};
constexpr std::array<std::string_view, 2> too_few = {"red", "amber"};
constexpr std::array<std::string_view, 4> too_many = {"red", "amber", "green", "blue"};
constexpr std::array<std::string_view, 3> one_empty = {"red", "amber", ""};
static_assert(names_all<Light>(names));
static_assert(!names_all<Light>(too_few));
static_assert(!names_all<Light>(too_many));
static_assert(!names_all<Light>(one_empty));

}  // namespace

TEST_CASE("names: a value that the enum has not is called ?") {
    CHECK(name_in(names, Light::green) == "green");
    CHECK(name_in(names, static_cast<Light>(3)) == "?");
}
