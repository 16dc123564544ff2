// The config of scram-notify: what it takes, and what it says of the rest.
#include "daemon/scram_notify/config.h"

#include <sys/stat.h>

#include <fstream>

#include "daemon/scram_notify/post.h"
#include "tests/unit/daemon/scram_notify/rig.h"

using namespace scram;
using namespace scram::test;

namespace {

constexpr std::string_view one_target =
    "[[target]]\nname = \"ops\"\nkind = \"json\"\nsecret_file = \"/ops\"\n";

NotifyConfig taken(const std::string& text) {
    auto made = parse_notify_config(text, "/etc/scramd/scram-notify.toml");
    REQUIRE(std::holds_alternative<NotifyConfig>(made));
    return std::get<NotifyConfig>(made);
}

// The errors, a line each.
std::string refused(const std::string& text) {
    const auto made = parse_notify_config(text, "/etc/scramd/scram-notify.toml");
    REQUIRE(std::holds_alternative<std::vector<ConfigError>>(made));
    std::string out;
    for (const ConfigError& error : std::get<std::vector<ConfigError>>(made))
        out += std::to_string(error.line) + ": " + error.message + "\n";
    return out;
}

bool has(const std::string& text, std::string_view part) {
    INFO(text);
    CHECK(text.find(part) != std::string::npos);
    return true;
}

std::string why_no_address(std::string_view url) {
    const auto made = web_address(url);
    return std::holds_alternative<std::string>(made) ? std::get<std::string>(made) : "";
}

}  // namespace

TEST_CASE("notify config: defaults, and paths from the file's folder") {
    const NotifyConfig config = taken("journal = \"here\"\nhost = \"t-1\"\n" +
                                      std::string(one_target) + "timeout_s = 1.5\n");
    CHECK(config.journal == "/etc/scramd/here");
    CHECK(config.page == "/run/scramd/control.sock.status");
    CHECK(config.spool == "/var/lib/scram-notify");
    CHECK(config.unready_after == 5s);
    CHECK(config.host == "t-1");
    REQUIRE(config.targets.size() == 1);
    CHECK(config.targets[0].name == "ops");
    CHECK(config.targets[0].timeout == 1500ms);
    CHECK(config.targets[0].min_severity == Severity::info);
}

TEST_CASE("notify config: PagerDuty is told from warnings on, unless the file says otherwise") {
    const std::string pager =
        "[[target]]\nname = \"duty\"\nkind = \"pagerduty\"\nsecret_file = \"/duty\"\n";
    CHECK(taken(pager).targets[0].min_severity == Severity::warning);
    CHECK(taken(pager + "min_severity = \"info\"\n").targets[0].min_severity == Severity::info);
    has(refused(pager + "url = \"http://pager.example/\"\n"), "5: url: expected https://");
}

TEST_CASE("notify config: what is wrong is told with its line and what was expected") {
    has(refused(""), "expected at least one section [[target]]");
    has(refused("jurnal = \"x\"\n" + std::string(one_target)), "did you mean \"journal\"?");
    has(refused("[[target]]\nname = \"ops\"\n"), "expected the key \"kind\"");
    has(refused(std::string(one_target) + std::string(one_target)),
        "6: name: expected another one than before");
    has(refused("[[target]]\nname = \"..\"\nkind = \"json\"\nsecret_file = \"/ops\"\n"),
        "expected a letter, digit");
    has(refused(std::string(one_target) + "url = \"https://x/\"\n"),
        "expected with kind = \"pagerduty\" alone");
    has(refused(std::string(one_target) + "timeout_s = 0\n"), "from 1 to 60");
    has(refused("a b"), "1: this is not TOML");
    std::string many;
    for (std::size_t i = 0; i <= targets_max; ++i)
        many += "[[target]]\nname = \"t" + std::to_string(i) +
                "\"\nkind = \"json\"\nsecret_file = \"/t\"\n";
    has(refused(many), "expected at most 8");
}

TEST_CASE("notify config: a URL is taken apart, and its text stands in no error") {
    const auto made = web_address("https://hooks.example:8443/a/b?c=d");
    REQUIRE(std::holds_alternative<WebAddress>(made));
    const auto& address = std::get<WebAddress>(made);
    CHECK(address.is_tls);
    CHECK(address.host == "hooks.example");
    CHECK(address.port == 8443);
    CHECK(address.target == "/a/b?c=d");
    CHECK(address.host_header() == "hooks.example:8443");
    CHECK(std::get<WebAddress>(web_address("https://hooks.example")).target == "/");
    CHECK(std::get<WebAddress>(web_address("https://hooks.example?x")).target == "/?x");
    CHECK(std::get<WebAddress>(web_address("http://[::1]:80/x")).host_header() == "[::1]");
    for (const char* url :
         {"", "hooks.example/fake", "ftp://hooks.example/fake", "https:///fake",
          "https://user:fake@hooks.example/", "https://hooks.example:0/fake",
          "https://hooks.example:65536/fake", "https://hooks.example:8x/fake",
          "https://hooks.example/fa ke", "https://hooks.example/fake#part", "https://[::1/fake",
          "http://hooks.example/fake", "http://10.0.0.1/fake", "http://localhost/fake"}) {
        CAPTURE(url);
        CHECK(!why_no_address(url).empty());
        CHECK(why_no_address(url).find("fake") == std::string::npos);
    }
}

TEST_CASE("notify config: a secret is one line of a file that nobody else can read") {
    const SpoolFolder folder;
    const auto file = folder.root / "ops";
    TargetConfig target;
    target.name = "ops";
    target.secret_file = file.string();
    const auto why = [&] {
        const auto made = receiver_of(target);
        return std::holds_alternative<std::string>(made) ? std::get<std::string>(made) : "";
    };
    has(why(), "target ops: " + file.string() + " cannot be opened");
    std::ofstream(file) << "https://hooks.example/fake\n";
    chmod(file.c_str(), 0640);
    has(why(), "run chmod 0600");
    chmod(file.c_str(), 0600);
    CHECK(why().empty());
    std::ofstream(file) << "https://hooks.example/fake\nfake\n";
    has(why(), "expected one line");
    CHECK(why().find("fake") == std::string::npos);
    std::ofstream(file) << "\n";
    has(why(), "expected one line");
    target.kind = TargetKind::pagerduty;
    std::ofstream(file) << "fakekey";
    const auto made = receiver_of(target);
    REQUIRE(std::holds_alternative<Receiver>(made));
    CHECK(std::get<Receiver>(made).routing_key.reveal() == "fakekey");
    CHECK(std::get<Receiver>(made).address.host == "events.pagerduty.com");
}

TEST_CASE("notify config: what an answer means") {
    using What = PostResult::What;
    for (const unsigned status : {200u, 202u, 204u})
        CHECK(result_of(status, "").what == What::taken);
    for (const unsigned status : {408u, 429u, 500u, 503u, 599u})
        CHECK(result_of(status, "").what == What::later);
    for (const unsigned status : {100u, 301u, 307u, 400u, 401u, 404u, 410u})
        CHECK(result_of(status, "").what == What::refused);
    CHECK(result_of(429, "7").retry_after == 7s);
    CHECK(result_of(429, "99999999999").retry_after == retry_after_max);
    for (const char* odd :
         {"", "-1", "7 s", "Wed, 21 Oct 2026 07:28:00 GMT", "999999999999999999999"})
        CHECK(result_of(503, odd).retry_after == 0s);
    CHECK(result_of(503, "5").said == "answered 503");
}
