// Who may stay at the control socket, and what a crowd cannot do there.
#include "net/operators/control_server.h"

#include <doctest/doctest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <filesystem>
#include <map>
#include <vector>

using namespace scram;

namespace {

struct Desk final : ControlHandler {
    bool holds_a_right(const Peer&) const override { return !strangers; }
    bool may_watch(const Peer&) const override { return !no_watching; }
    ControlReply on_line(const Peer&, std::string_view line) override {
        ++lines;
        if (line == "later")
            return {.granted = true,
                    .later = [this](ControlAnswer to) { owed.push_back(std::move(to)); }};
        if (line == "outcome")
            return {.line = "waiting", .granted = true, .outcome = [this](ControlAnswer to) {
                        owed.push_back(std::move(to));
                        const auto waiter = std::make_shared<int>();
                        waiters.push_back(waiter);
                        return waiter;
                    }};
        return {"ok " + std::string(line), line == "watch", !strangers};
    }
    std::string on_turned_away(const Peer&, Rejection why) override {
        ++turned_away[why];
        return "bye";
    }

    bool strangers = false;  // those who connect and speak now
    bool no_watching = false;
    int lines = 0;
    std::vector<ControlAnswer> owed;
    std::vector<std::weak_ptr<int>> waiters;  // of outcomes, as long as a connection holds them
    std::map<Rejection, int> turned_away;
};

// The one end of a connection.
class Caller {
  public:
    Caller(const std::string& path) : fd_(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        sockaddr_un to{};
        to.sun_family = AF_UNIX;
        path.copy(to.sun_path, sizeof to.sun_path - 1);
        REQUIRE(connect(fd_, reinterpret_cast<sockaddr*>(&to), sizeof to) == 0);
    }
    Caller(Caller&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    ~Caller() {
        if (fd_ >= 0) close(fd_);
    }
    bool say(std::string_view text) const {
        return send(fd_, text.data(), text.size(), MSG_NOSIGNAL | MSG_DONTWAIT) ==
               static_cast<ssize_t>(text.size());
    }
    void says_no_more() const { shutdown(fd_, SHUT_WR); }
    // What came; "(ended)" behind it if scramd has closed the connection.
    std::string hear() const {
        std::string out;
        char buffer[65536];
        for (;;) {
            const ssize_t size = recv(fd_, buffer, sizeof buffer, MSG_DONTWAIT);
            if (size == 0 || (size < 0 && errno == ECONNRESET)) return out + "(ended)";
            if (size < 0) return out;
            out.append(buffer, static_cast<std::size_t>(size));
        }
    }

  private:
    int fd_;
};

struct Room {
    Room() { control.start(); }
    ~Room() {
        control.stop();
        run();
    }
    void run() {
        while (io.poll() > 0) continue;
    }
    Caller call() {
        Caller caller(path);
        run();
        return caller;
    }
    std::vector<Caller> crowd(std::size_t count, std::string_view line = {}) {
        std::vector<Caller> all;
        for (std::size_t i = 0; i < count; ++i) {
            all.push_back(call());
            all.back().say(line);
            run();
        }
        return all;
    }

    std::string path =
        (std::filesystem::temp_directory_path() / ("scram-control-" + std::to_string(getpid())))
            .string();
    boost::asio::io_context io;
    Desk desk;
    ControlServer control{io, std::get<Listener>(listen_at(path, SOCK_STREAM)), desk};
};

}  // namespace

TEST_CASE("control: a crowd of strangers sends away its own, and nobody who holds a right") {
    Room room;
    const Caller desk = room.call();
    room.desk.strangers = true;
    const auto crowd = room.crowd(control_group_max + 10);
    CHECK(room.desk.turned_away[Rejection::connection_limit] == 10);
    CHECK(crowd[9].hear() == "bye\n(ended)");
    CHECK(crowd[10].hear().empty());
    room.desk.strangers = false;
    desk.say("status\n");
    room.run();
    CHECK(desk.hear() == "ok status\n");
}

TEST_CASE("control: who holds a right gets in while strangers fill their places") {
    Room room;
    room.desk.strangers = true;
    const auto crowd = room.crowd(control_group_max);
    room.desk.strangers = false;
    const Caller desk = room.call();
    desk.say("status\n");
    room.run();
    CHECK(desk.hear() == "ok status\n");
    CHECK(room.desk.turned_away[Rejection::connection_limit] == 0);
}

TEST_CASE("control: of one user's connections a watcher stays, and the longest idle goes") {
    Room room;
    const Caller watcher = room.call();
    watcher.say("watch\n");
    room.run();
    const auto crowd = room.crowd(control_group_max);
    CHECK(room.desk.turned_away[Rejection::connection_limit] == 1);
    CHECK(crowd.front().hear() == "bye\n(ended)");
    CHECK(watcher.hear() == "ok watch\n");
}

TEST_CASE("control: where all watch, the one that watches longest goes") {
    Room room;
    const auto crowd = room.crowd(control_group_max + 1, "watch\n");
    CHECK(crowd.front().hear() == "ok watch\nbye\n(ended)");
    CHECK(crowd[1].hear() == "ok watch\n");
}

TEST_CASE("control: who asks without reading gets no further than his answers") {
    Room room;
    const Caller deaf = room.call();
    const std::string line = std::string(4000, 'x') + "\n";
    while (deaf.say(line)) room.run();
    const int heard = room.desk.lines;
    room.run();
    CHECK(room.desk.lines == heard);
    CHECK(room.desk.turned_away.empty());
    deaf.hear();
    room.run();
    CHECK(room.desk.lines > heard);
}

TEST_CASE("control: a watcher that lags further than the backlog is cut off") {
    Room room;
    const Caller deaf = room.call();
    deaf.say("watch\n");
    room.run();
    const std::string event(1000, 'e');
    for (std::size_t i = 0; i < 3 * control_backlog_max / event.size(); ++i) {
        room.control.announce(event);
        room.run();
    }
    CHECK(room.desk.turned_away[Rejection::slow_reader] == 1);
    CHECK_FALSE(room.control.watched());
    CHECK(deaf.hear().ends_with("(ended)"));
}

TEST_CASE("control: an answer that takes time holds up its own peer's next line alone") {
    Room room;
    const Caller patient = room.call(), other = room.call();
    patient.say("later\nstatus\n");
    other.say("status\n");
    room.run();
    CHECK(patient.hear().empty());
    CHECK(other.hear() == "ok status\n");
    REQUIRE(room.desk.owed.size() == 1);
    room.desk.owed[0]("done");
    room.run();
    CHECK(patient.hear() == "done\nok status\n");
}

TEST_CASE("control: who leaves before his answer is told nothing") {
    Room room;
    {
        const Caller gone = room.call();
        gone.say("later\n");
        room.run();
    }
    room.run();
    REQUIRE(room.desk.owed.size() == 1);
    room.desk.owed[0]("done");
    room.run();
    const Caller stays = room.call();
    stays.say("later\n");
    room.run();
    room.control.stop();
    room.desk.owed[1]("done");
    CHECK(stays.hear() == "(ended)");
}

TEST_CASE("control: an outcome follows the answer, and then the next line is read") {
    Room room;
    const Caller caller = room.call();
    caller.say("outcome\nstatus\n");
    room.run();
    CHECK(caller.hear() == "waiting\n");
    REQUIRE(room.desk.waiters.size() == 1);
    CHECK_FALSE(room.desk.waiters[0].expired());
    room.desk.owed[0]("came about");
    CHECK(room.desk.waiters[0].expired());
    room.run();
    CHECK(caller.hear() == "came about\nok status\n");
}

TEST_CASE("control: an outcome belongs to its connection, and is gone with it") {
    Room room;
    std::vector<Caller> gone;
    gone.push_back(room.call());
    const Caller says_no_more = room.call();
    gone[0].say("outcome\n");
    room.run();
    says_no_more.say("outcome\n");
    room.run();
    says_no_more.says_no_more();
    room.run();
    CHECK_FALSE(room.desk.waiters[0].expired());
    gone.clear();
    room.run();
    CHECK(room.desk.waiters[0].expired());
    room.desk.owed[0]("nobody hears it");
    REQUIRE_FALSE(room.desk.waiters[1].expired());
    room.desk.owed[1]("came about");
    room.run();
    CHECK(says_no_more.hear() == "waiting\ncame about\n(ended)");
}

TEST_CASE("control: one who waited, and waits again, is missed too when he goes") {
    Room room;
    std::vector<Caller> caller;
    caller.push_back(room.call());
    for (std::size_t i = 0; i < 3; ++i) {
        caller[0].say("outcome\n");
        room.run();
        if (i < 2) room.desk.owed[i]("came about");
        room.run();
    }
    caller.clear();
    room.run();
    CHECK(room.desk.waiters[2].expired());
}

TEST_CASE("control: a last line of one who was told and went is read all the same") {
    Room room;
    {
        const Caller goes = room.call();
        goes.say("outcome\n");
        room.run();
        room.desk.owed[0]("came about");
        room.run();
        goes.say("trip\n");
    }
    room.run();
    CHECK(room.desk.lines == 2);
}

TEST_CASE("control: rights that were taken away end a wait too, with a word") {
    Room room;
    const Caller waits = room.call();
    waits.say("outcome\n");
    room.run();
    room.desk.strangers = true;
    room.control.check_rights();
    room.run();
    CHECK(waits.hear() == "waiting\nbye\n(ended)");
    CHECK(room.desk.waiters[0].expired());
    room.desk.owed[0]("nobody hears it");
    room.run();
}

TEST_CASE("control: who awaits an outcome is sent away behind those who await nothing") {
    Room room;
    const Caller waits = room.call();
    waits.say("outcome\n");
    room.run();
    const auto crowd = room.crowd(control_group_max + 10, "status\n");
    CHECK(room.desk.turned_away[Rejection::connection_limit] == 11);
    CHECK(waits.hear() == "waiting\n");
    CHECK_FALSE(room.desk.waiters[0].expired());
    room.control.stop();
    CHECK(room.desk.waiters[0].expired());
}

TEST_CASE("control: rights that were taken away end those who used them, and nobody else") {
    Room room;
    const Caller watcher = room.call();
    watcher.say("watch\n");
    const Caller asker = room.call();
    asker.say("status\n");
    room.run();
    room.control.check_rights();
    CHECK(room.desk.turned_away.empty());
    room.desk.no_watching = true;
    room.control.check_rights();
    CHECK(room.desk.turned_away[Rejection::revoked] == 1);
    room.run();
    CHECK(watcher.hear() == "ok watch\nbye\n(ended)");
    CHECK(asker.hear() == "ok status\n");
    room.desk.strangers = true;
    room.control.check_rights();
    CHECK(room.desk.turned_away[Rejection::revoked] == 2);
    room.run();
    CHECK(asker.hear() == "bye\n(ended)");
}
