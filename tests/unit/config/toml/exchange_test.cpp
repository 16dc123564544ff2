// [exchange], [timings], [paths] and the top of the file.
#include "tests/unit/config/fixture.h"

using namespace scram;
using namespace scram::test;

TEST_CASE("exchange: every key arrives") {
    const auto exchange = config_of(small + R"([exchange]
host = "eea.okx.com"
port = 8443
ca_file = "ca.pem"
pins = ["sha256/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="]
simulated_trading = true
resolve_every_s = 7.5
connect_timeout_ms = 1500.5
reconnect_first_ms = 20
reconnect_max_ms = 900
resign_every_ms = 500
)")
                              .exchange;
    CHECK(exchange.hosts == std::vector<std::string>{"eea.okx.com"});
    CHECK(exchange.port == 8443);
    CHECK(exchange.ca_file == "/etc/scramd/ca.pem");
    CHECK(exchange.pins.size() == 1);
    CHECK(exchange.simulated_trading);
    CHECK(exchange.resolve_every == 7500ms);
    CHECK(exchange.connect_timeout == 1500500us);
    CHECK(exchange.reconnect_first == 20ms);
    CHECK(exchange.reconnect_max == 900ms);
    CHECK(exchange.resign_every == 500ms);
}

TEST_CASE("exchange: host is a name alone") {
    CHECK(messages(small + "[exchange]\nhost = \"https://www.okx.com\"\n") ==
          "host: expected a host's name or address alone, as in \"www.okx.com\" (no https://, no "
          "path; the key `port` has the port), got \"https://www.okx.com\"\n");
    CHECK(config_of(small + "[exchange]\nhost = \"::1\"\n").exchange.hosts ==
          std::vector<std::string>{"::1"});
}

TEST_CASE("exchange: hosts are several names in their order, and host is one") {
    const std::string two = "[exchange]\nhosts = [\"openapi.okx.com\", \"127.0.0.1\"]\n";
    CHECK(config_of(small + two).exchange.hosts ==
          std::vector<std::string>{"openapi.okx.com", "127.0.0.1"});
    const std::string one = "[exchange]\nhost = \"a.b\"\n";
    const std::string list_of_one = "[exchange]\nhosts = [\"a.b\"]\n";
    CHECK(restart_reason(config_of(small + one), config_of(small + list_of_one)).empty());
    CHECK(has(restart_reason(config_of(small + one), config_of(small + two)),
              "`hosts = [\"a.b\"]` is running"));
}

TEST_CASE("exchange: hosts and host at once, or hosts that make no sense, are errors") {
    const auto with = [](const std::string& keys) {
        return messages(small + "[exchange]\n" + keys + "\n");
    };
    CHECK(with("hosts = [\"a.b\"]\nhost = \"a.b\"") ==
          "hosts: expected hosts or host, not both: put every name into hosts and take host out\n");
    CHECK(with("hosts = []") == "hosts: expected 1 to 4 names, got 0\n");
    CHECK(with("hosts = [\"a\", \"b\", \"c\", \"d\", \"e\"]") ==
          "hosts: expected 1 to 4 names, got 5\n");
    CHECK(with("hosts = [\"a.b\", \"a.b\"]") ==
          "hosts: expected each name once, got \"a.b\" again\n");
    CHECK(has(with("hosts = [\"a.b\", \"a.b:443\"]"), "hosts: expected a host's name or address"));
    CHECK(has(with("hosts = \"a.b\""), "hosts: expected a list of strings"));
    CHECK(has(with("hosts = [5]"), "hosts: expected a string"));
    CHECK_FALSE(has(with("hosts = [5]"), "names"));
    CHECK(has(with("host = [\"a.b\"]"), "host: expected a string"));
    CHECK(has(with("resolve_every_s = 0"),
              "resolve_every_s: expected a number of seconds from 1 to 3600, got 0"));
}

TEST_CASE("exchange: each name has a link that speaks to it") {
    const auto with = [](const std::string& links, const std::string& hosts) {
        std::string text = small;
        text.insert(text.find(account) + account.size(), links);
        return messages(text + "[exchange]\n" + hosts);
    };
    const std::string three = "hosts = [\"a\", \"b\", \"c\"]\n";
    CHECK(with("links = 3\n", three).empty());
    CHECK(
        with("links = 2\n", three) ==
        "hosts: expected at most 2 (no account has more links, and each link speaks to one name), "
        "got 3: raise links of [[account]], or take a name out\n");
    CHECK(with("links = 1\n", "").empty());  // the default names are two
    CHECK(with("links = 1\n", "host = \"a\"\n").empty());
}

TEST_CASE("exchange: a pin is the Base64 of 32 bytes") {
    const auto pinned = [](const std::string& pin) {
        return messages(small + "[exchange]\npins = [\"" + pin + "\"]\n");
    };
    const std::string zeros(42, 'A');
    CHECK(pinned("sha256/" + zeros + "A=").empty());
    CHECK(has(pinned("sha256/" + zeros + "="), "characters), got \"sha256/" + zeros + "=\""));
    CHECK(has(pinned("sha1/" + zeros + "A="), "pins: expected \"sha256/\" and the Base64"));
    CHECK(has(pinned("sha256/" + zeros + "B="), "44 characters"));  // bits beyond the 32 bytes
    CHECK(has(pinned("sha256/" + zeros + "A"), "44 characters"));
}

TEST_CASE("exchange: reconnect_first is at most reconnect_max") {
    CHECK(messages(small + "[exchange]\nreconnect_first_ms = 6000\n") ==
          "reconnect_first_ms: expected at most reconnect_max_ms = 5000, got 6000\n");
    CHECK(messages(small + "[exchange]\nreconnect_first_ms = 5000\n").empty());
}

TEST_CASE("exchange: a signature is renewed well before OKX refuses it") {
    CHECK(messages(small + "[exchange]\nresign_every_ms = 30000\n") ==
          "resign_every_ms: expected a number of milliseconds from 100 to 10000 (OKX refuses a "
          "signature of 30 s), got 30000\n");
}

TEST_CASE("timings: retry_first is at most retry_max") {
    CHECK(messages(small + "[timings]\nretry_max_ms = 50\n") ==
          "retry_first_ms: expected at most retry_max_ms = 50, got 100\n");
    CHECK(messages(small + "[timings]\nretry_first_ms = 50\nretry_max_ms = 50\n").empty());
}

TEST_CASE("timings: each is a finite number within its range") {
    CHECK(has(messages(small + "[timings]\nanswer_timeout_ms = nan\n"),
              "answer_timeout_ms: expected a number of milliseconds from 10 to 60000, got nan"));
    CHECK(has(messages(small + "[timings]\nanswer_timeout_ms = inf\n"), "from 10 to 60000"));
    CHECK(has(messages(small + "[timings]\nrehearse_every_ms = 400000\n"), "idle for 400 s"));
    CHECK(has(messages(small + "[timings]\nretry_refused_ms = -1\n"),
              "retry_refused_ms: expected a number of milliseconds from 100 to 3600000, got -1"));
    CHECK(has(messages(small + "[timings]\nhalted_after_ms = 99\n"), "from 100 to 10000"));
    CHECK(config_of(small).halted_after == 1s);
    CHECK(config_of(small + "[timings]\nhalted_after_ms = 250\n").halted_after == 250ms);
    CHECK(config_of(small + "[timings]\nretry_first_ms = 1.5\n").plan.timings.retry_first ==
          1500us);
}

TEST_CASE("paths: relative ones start at the file's folder") {
    const auto paths =
        config_of(small + "[paths]\nsignals = \"s.sock\"\ncontrol = \"../c.sock\"\n").paths;
    CHECK(paths.signals == "/etc/scramd/s.sock");
    CHECK(paths.control == "/etc/c.sock");
}

TEST_CASE("paths: a socket's address has 107 bytes at most") {
    const auto with = [](std::size_t size) {
        return messages(small + "[paths]\nsignals = \"/" + std::string(size - 1, 'x') + "\"\n");
    };
    CHECK(with(107).empty());
    CHECK(has(with(108), "expected at most 107 bytes (a Unix socket's address), got 108: "));
}

TEST_CASE("paths: signals and control are two sockets") {
    CHECK(has(messages(small + "[paths]\nsignals = \"/x/./a\"\ncontrol = \"/x/a\"\n"),
              "control: expected another path than that of signals, got \"/x/a\""));
}

TEST_CASE("top: wait, cpu and metrics arrive, each metric once") {
    const auto config = config_of("wait = \"spin\"\ncpu = 3\n" + small);
    CHECK(config.wait == Wait::spin);
    CHECK(config.cpu == 3);
    CHECK(config.plan.metrics == std::vector<std::string>{"delta", "pnl"});
    CHECK(messages("metrics = [\"a\", \"b\", \"a\"]\n" + account +
                   "[[family]]\nname = \"mm-1/B-USD\"\n") ==
          "metric: expected each name once, got \"a\" again\n");
}

TEST_CASE("top: a start counts when all is armed, unless the file says at the first link") {
    CHECK(config_of(small).ready_when == ReadyWhen::armed);
    CHECK(config_of("ready_when = \"first_link\"\n" + small).ready_when == ReadyWhen::first_link);
    CHECK(messages("ready_when = \"soon\"\n" + small) ==
          "ready_when: expected one of \"armed\", \"first_link\", got \"soon\"\n");
}

TEST_CASE("top: 64 metrics are the most") {
    const auto with = [](int count) {
        std::string text = "metrics = [";
        for (int i = 0; i < count; ++i) text += "\"m" + std::to_string(i) + "\", ";
        return messages(text + "]\n" + account + "[[family]]\nname = \"mm-1/B-USD\"\n");
    };
    CHECK(with(64).empty());
    CHECK(with(65) == "metrics: expected at most 64, got 65\n");
}

TEST_CASE("wire: sealed, stamped and warm unless the file says otherwise") {
    const auto wire = config_of(small).wire;
    CHECK(wire.records == Records::sealed);
    CHECK(wire.stamps);
    CHECK(wire.warm_every == 1ms);
    CHECK(wire.warm_peer.empty());
    const auto other = config_of(small +
                                 "[wire]\nrecords = \"plain\"\nstamps = false\n"
                                 "warm_every_ms = 0\nwarm_peer = \"[2001:db8::1]:9\"\n")
                           .wire;
    CHECK(other.records == Records::plain);
    CHECK_FALSE(other.stamps);
    CHECK(other.warm_every == 0ms);
    CHECK(other.warm_peer == "[2001:db8::1]:9");
}

TEST_CASE("wire: frames name their device") {
    const auto with = [](const std::string& lines) { return messages(small + "[wire]\n" + lines); };
    const auto wire =
        config_of(small + "[wire]\nframes = true\ndevice = \"eth0\"\nwarm_frames = true\n").wire;
    CHECK(wire.frames);
    CHECK(wire.device == "eth0");
    CHECK(wire.warm_frames);
    CHECK_FALSE(config_of(small).wire.frames);
    CHECK(has(with("frames = true\n"), "frames: expected `device` beside it"));
    for (const char* wrong : {"a device", "eth0/1", "sixteen-bytes-00"}) {
        CAPTURE(wrong);
        CHECK(has(with("device = \"" + std::string(wrong) + "\"\n"),
                  "expected a network device as `ip link` names it"));
    }
}

TEST_CASE("wire: a peer to be warmed by is an address and a port") {
    const auto with = [](const std::string& peer) {
        return messages(small + "[wire]\nwarm_peer = \"" + peer + "\"\n");
    };
    CHECK(with("192.0.2.1:9").empty());
    CHECK(with("[::1]:65535").empty());
    for (const char* wrong : {"192.0.2.1", "192.0.2.1:0", "192.0.2.1:65536", "192.0.2.1:9x",
                              "example.com:9", "::1:9", "[192.0.2.1]:9", ":9"}) {
        CAPTURE(wrong);
        CHECK(has(with(wrong), "expected an address and a port, as in"));
    }
}

TEST_CASE("paths: modes are four octal digits that leave scramd's user in") {
    const auto paths = config_of(small + "[paths]\ncontrol_mode = \"0660\"\n").paths;
    CHECK(paths.control_mode == 0660);
    CHECK(paths.signals_mode == 0666);
    for (const std::string mode : {"660", "0888", "0060", "1777", "rw-rw----"}) {
        CAPTURE(mode);
        CHECK(has(messages(small + "[paths]\nsignals_mode = \"" + mode + "\"\n"),
                  "expected four octal digits"));
    }
}
