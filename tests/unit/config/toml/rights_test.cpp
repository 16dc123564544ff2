#include <grp.h>
#include <pwd.h>
#include <unistd.h>

#include "tests/unit/config/fixture.h"

using namespace scram;
using namespace scram::test;

namespace {

const Principals& of(const Config& config, Right right) {
    return config.rights[static_cast<std::size_t>(right)];
}

}  // namespace

TEST_CASE("rights: names and numbers of users and groups become numbers, each once") {
    const auto config = config_of(small + R"([rights]
publish = ["uid:1001", "user:root", "uid:0", "gid:7"]
rearm = ["group:root"]
)");
    CHECK(of(config, Right::publish).uids == std::vector<std::uint32_t>{0, 1001});
    CHECK(of(config, Right::publish).gids == std::vector<std::uint32_t>{7});
    CHECK(of(config, Right::rearm).gids == std::vector<std::uint32_t>{0});
    CHECK(of(config, Right::rearm).uids.empty());
    CHECK(of(config, Right::trip).uids.empty());
}

TEST_CASE("rights: what is no number, or of another form, is refused") {
    const auto with = [](const std::string& who) {
        return messages(small + "[rights]\ntrip = [\"" + who + "\"]\n");
    };
    for (const auto* number : {"uid:", "uid:-1", "uid:1x", "uid:4294967295", "gid:4294967296"}) {
        CAPTURE(number);
        CHECK(has(
            with(number),
            "expected \"user:NAME\", \"group:NAME\", \"uid:NUMBER\" or \"gid:NUMBER\", got \""));
    }
    CHECK(has(with("root"), "\"gid:NUMBER\", got \"root\""));
}

TEST_CASE("rights: a grant to somebody unknown is void, and all else holds") {
    const auto config = config_of(small + R"([rights]
trip = ["user:no-such-user", "uid:1001"]
read = ["group:no-such-group"]
)");
    CHECK(of(config, Right::trip).uids == std::vector<std::uint32_t>{1001});
    CHECK(of(config, Right::read).gids.empty());
    REQUIRE(config.warnings.size() == 2);
    CHECK(config.warnings[0].place() == "/etc/scramd/scramd.toml:12");
    CHECK(config.warnings[0].message ==
          "\"user:no-such-user\": this machine knows no such user, so this one entry is void. "
          "Correct or remove it, or make the user known; then: scramctl reload");
    CHECK(has(config.warnings[1].message, "no such group"));
    CHECK(has(describe(config), "trip = [\"uid:1001\", \"user:no-such-user\"]"));
}

TEST_CASE("source: one whose users are all unknown is nobody's, and not everybody's") {
    const auto config = config_of(small + "user = [\"user:no-such-user\"]\n");
    REQUIRE(config.warnings.size() == 1);
    CHECK_FALSE(may_attach(config, SourceId{}, 54321, {}));
    CHECK(may_attach(config_of(small), SourceId{}, 54321, {}));
}

TEST_CASE("rights: each right has its own list, and there is no other") {
    CHECK(has(messages(small + "[rights]\nre-arm = []\n"),
              "unknown key \"re-arm\" in [rights] (did you mean \"rearm\"?); expected one of "
              "publish, read, trip, rearm, admin"));
    CHECK(name(Right::publish) == "publish");
    CHECK(name(Right::rearm) == "rearm");
    CHECK(name(Right::admin) == "admin");
}

TEST_CASE("rights: root and the own user may do everything, others what their uid or groups hold") {
    const auto config = config_of(small + R"([rights]
publish = ["uid:1001"]
trip = ["gid:7"]
)");
    const std::uint32_t stranger = geteuid() + 4711;
    const std::vector<std::uint32_t> desk{100, 7};
    CHECK(may(config, Right::rearm, 0, {}));
    CHECK(may(config, Right::rearm, geteuid(), {}));
    CHECK(may(config, Right::publish, 1001, {}));
    CHECK_FALSE(may(config, Right::trip, 1001, {}));
    CHECK(may(config, Right::trip, stranger, desk));
    CHECK_FALSE(may(config, Right::rearm, stranger, desk));
    CHECK_FALSE(may(config, Right::read, stranger, {}));
}

TEST_CASE("rights: of five, each is held by its own list alone") {
    for (std::size_t held = 0; held < right_count; ++held) {
        const std::string key(name(static_cast<Right>(held)));
        const auto config = config_of(small + "[rights]\n" + key + " = [\"uid:54321\"]\n");
        for (std::size_t asked = 0; asked < right_count; ++asked) {
            CAPTURE(key);
            CAPTURE(asked);
            CHECK(may(config, static_cast<Right>(asked), 54321, {}) == (asked == held));
        }
        CHECK(holds_a_right(config, 54321, {}));
        CHECK_FALSE(holds_a_right(config, 54322, {}));
    }
}

TEST_CASE("rights: a refusal names who, the right, and what grants it") {
    const auto config = config_of(small + "[rights]\ntrip = [\"uid:54321\"]\n");
    CHECK(missing_right(config, Right::rearm, 54321) ==
          "uid 54321 may not rearm: [rights] rearm does not list it. To grant it, add "
          "\"uid:54321\" or one of its groups to `rearm` under [rights] in "
          "/etc/scramd/scramd.toml and reload scramd");
}

TEST_CASE("rights: those who hold one are known by name, others by number") {
    const auto config = config_of(small + "[rights]\nread = [\"uid:54321\", \"gid:0\"]\n");
    CHECK(person(config, 0) == "uid 0 (root)");
    CHECK(person(config, 54321) == "uid 54321");
    CHECK(person(config_of(small), 0) == "uid 0 (root)");
}

TEST_CASE("rights: a source's name is its users' alone, where the config lists any") {
    const auto with = [](const std::string& user) {
        return small + "[[source]]\nname = \"bound\"\n" + user +
               "[rights]\npublish = [\"gid:7\"]\n";
    };
    const auto config = config_of(with("user = [\"uid:1001\", \"gid:9\"]\n"));
    const auto free = id_at<SourceId>(0), bound = id_at<SourceId>(1);
    const std::uint32_t stranger = geteuid() + 4711;
    const std::vector<std::uint32_t> publishers{7}, nine{7, 9};
    CHECK(may_attach(config, free, stranger, publishers));
    CHECK_FALSE(may_attach(config, bound, stranger, publishers));
    CHECK(may_attach(config, bound, stranger, nine));
    CHECK(may_attach(config, bound, 1001, publishers));
    CHECK(may_attach(config, bound, 0, {}));
    CHECK(has(not_its_user(config, bound, 4711), "may not attach as 'bound'"));
    CHECK(has(not_its_user(config, bound, 4711), "add \"uid:4711\""));
    CHECK(has(messages(with("user = []\n")), "user: expected those who may attach as this source"));
    CHECK(has(messages(with("user = [\"maker\"]\n")), "\"gid:NUMBER\", got \"maker\""));
}
