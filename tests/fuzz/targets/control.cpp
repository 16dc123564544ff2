// An operator's connection: any bytes, in pieces of any size, to the desk of a whole scramd but for
// its links. Every line is answered by one JSON object, and nobody gets more than his rights.
//
// Input: three sizes of pieces, one byte each (0: the rest at once), used in turn; a byte of flags;
// then the lines.
//
// The switches of one input are armed again for the next, but a cancel that it made due stays so.
#include <simdjson.h>

#include <array>
#include <boost/asio/io_context.hpp>
#include <memory>
#include <string>
#include <utility>

#include "config/config.h"
#include "core/base/check.h"
#include "daemon/control/commands.h"
#include "daemon/loop/driver.h"
#include "net/operators/control_server.h"
#include "tests/fuzz/input.h"
#include "tests/fuzz/local_socket.h"

namespace {

using namespace scram;

constexpr uid_t trips_only = 65534;
constexpr std::string_view config_text = R"(
metrics = ["delta", "pnl"]
account = [{ name = "mm-1", credentials = "1" }, { name = "mm-2", credentials = "2" }]
family = [{ name = "mm-1/BTC-USD" }, { name = "mm-1/ETH-USD" }, { name = "mm-2/BTC-USD" }]
source = [{ name = "maker-1" }]
rule = [{ name = "delta", kind = "limit", metric = "delta", beyond = 25 }]
[rights]
trip = ["uid:65534"]
[paths]
control = "/dev/null/no-board"
[journal]
directory = "/dev/null/no-files"
)";

Config config() {
    const LoadResult result = parse(config_text, "/fuzz.toml");
    check(std::holds_alternative<Config>(result), "the config loads");
    return std::get<Config>(result);
}

SignerLine signer(const Plan& plan) {
    return std::get<SignerLine>(start_signer(plan, [](AccountId) {
        return Credentials{"fuzz-key", Secret("fuzz-secret"), Secret("fuzz-passphrase")};
    }));
}

// Everything that App wires, without the world outside.
struct Server final : ControlHandler {
    Config config = ::config();
    boost::asio::io_context io;
    std::unique_ptr<TlsContext> tls = std::get<0>(TlsContext::make({}));
    std::unique_ptr<Gates> gates = std::get<0>(Gates::make(config.plan.families.size()));
    Logger logger{open("/dev/null", O_WRONLY | O_CLOEXEC)};
    std::unique_ptr<Journal> journal = std::get<0>(Journal::open(config));
    Driver driver{io, config, signer(config.plan), links_over(io, *tls), *gates, logger, *journal};
    Refusals refusals{logger};
    Commands desk{io,     config,   driver,
                  logger, refusals, [](const Commands::ReloadDone& done) { done({}, {}); }};
    fuzz::LocalSocket socket{SOCK_STREAM};
    ControlServer control{io, socket.listener(), *this};
    bool is_trips_only = false;

    Server() {
        journal->begin();
        driver.tell_watchers(&control);
        control.start();
        run();
    }
    ~Server() { driver.tell_watchers(nullptr); }

    void run() {
        while (io.poll() > 0) continue;
    }
    bool all_armed() const {
        for (std::size_t f = 0; f < config.plan.families.size(); ++f) {
            if (driver.engine().family(id_at<FamilyId>(f)).latched) return false;
        }
        return true;
    }
    void arm() {
        is_trips_only = false;
        if (all_armed()) return;
        std::vector<FamilyId> families;
        std::vector<TripId> trips;
        for (std::size_t f = 0; f < config.plan.families.size(); ++f) {
            families.push_back(id_at<FamilyId>(f));
            trips.push_back(driver.engine().family(families.back()).wanted_by);
        }
        // Not by a line: a user has so many in a row, and the input's count too.
        driver.operate([&](Engine& engine, Time now, Step& step) {
            engine.on_rearm(families, trips, {"uid 0 (root)", "next"}, true, now, step);
        });
        check(all_armed(), "the next input starts armed");
    }

    ControlReply on_line(const Peer& peer, std::string_view line) override {
        Peer as = peer;
        if (is_trips_only) as = {1, trips_only, {trips_only}};
        return static_cast<ControlHandler&>(desk).on_line(as, line);
    }
    bool holds_a_right(const Peer&) const override { return !is_trips_only; }
    bool may_watch(const Peer&) const override { return !is_trips_only; }
    std::string on_turned_away(const Peer& peer, Rejection why) override {
        return static_cast<ControlHandler&>(desk).on_turned_away(peer, why);
    }
};

// What the peer is told: one answer to each line, and events if it watches.
class Operator {
  public:
    explicit Operator(int fd, bool is_trips_only) : fd_(fd), is_trips_only_(is_trips_only) {}
    ~Operator() { close(fd_); }
    Operator(const Operator&) = delete;
    Operator& operator=(const Operator&) = delete;

    // False: scramd has ended the connection.
    bool say(std::string_view bytes) const {
        const ssize_t sent = send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
        check(sent < 0 || static_cast<std::size_t>(sent) == bytes.size(), "a piece is taken whole");
        return sent >= 0;
    }

    void read_all() {
        std::array<char, 65536> buffer;
        ssize_t size = 0;
        while ((size = recv(fd_, buffer.data(), buffer.size(), MSG_DONTWAIT)) > 0) {
            unread_.append(buffer.data(), static_cast<std::size_t>(size));
        }
        std::size_t end = 0;
        while ((end = unread_.find('\n')) != unread_.npos) {
            look_at(unread_.substr(0, end));
            unread_.erase(0, end + 1);
        }
    }

    std::size_t answers() const {
        check(unread_.empty(), "an answer is a whole line");
        return answers_;
    }

    bool awaits() const { return awaits_; }

  private:
    void look_at(const std::string& line) {
        simdjson::dom::object object;
        check(parser_.parse(line).get(object) == simdjson::SUCCESS, "a line is one JSON object");
        if (object["event"].error() == simdjson::SUCCESS) return;
        if (!std::exchange(awaits_, object["waiting"].error() == simdjson::SUCCESS)) ++answers_;
        bool ok = false;
        std::int64_t version = 0;
        check(object["v"].get(version) == simdjson::SUCCESS && version == 1 &&
                  object["ok"].get(ok) == simdjson::SUCCESS,
              "an answer has v and ok");
        std::string_view why;
        check(ok || (object["error"].get(why) == simdjson::SUCCESS && !why.empty()),
              "a refusal says why");
        check(!is_trips_only_ || !ok || object["trip"].error() == simdjson::SUCCESS,
              "who may trip may do nothing else");
    }

    int fd_;
    bool is_trips_only_;
    std::string unread_;
    std::size_t answers_ = 0;
    bool awaits_ = false;  // a second line of the last answer
    simdjson::dom::parser parser_;
};

// A line that is too long is answered too, and is the last.
std::size_t answers_due(std::string_view lines) {
    for (std::size_t due = 0;; ++due) {
        const std::size_t end = lines.find('\n');
        if (std::min(end, lines.size()) >= control_line_max) return due + 1;
        if (end == lines.npos) return due;
        lines.remove_prefix(end + 1);
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static Server server;
    const int open_before = fuzz::open_descriptors();
    fuzz::Input input(data, size);
    const auto sizes = input.value<std::array<std::uint8_t, 3>>();
    const std::uint8_t flags = input.byte();
    server.is_trips_only = (flags & 1) != 0;
    // Long lines need not be long inputs.
    const std::string lines =
        std::string((flags & 2) != 0 ? control_line_max - 60 : 0, ' ').append(input.rest());
    {
        Operator peer(server.socket.connect([] {}), server.is_trips_only);
        std::string_view rest = lines;
        for (std::size_t i = 0; !rest.empty(); ++i) {
            const std::size_t piece = sizes[i % sizes.size()];
            const std::string_view now = rest.substr(0, piece == 0 ? rest.size() : piece);
            rest.remove_prefix(now.size());
            if (!peer.say(now)) break;
            server.run();
            peer.read_all();
        }
        // Who awaits an outcome is read no further until it has come about.
        const bool answered = peer.awaits() ? peer.answers() <= answers_due(lines)
                                            : peer.answers() == answers_due(lines);
        check(answered, "each line has one answer");
    }
    server.run();
    server.arm();
    check(fuzz::open_descriptors() == open_before, "no descriptor is left open");
    return 0;
}
