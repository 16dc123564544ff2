#include "daemon/log/logger.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <string>

#include "net/clock.h"

using namespace scram;

namespace {

struct Pipe {
    Pipe() { REQUIRE(pipe2(ends.data(), O_CLOEXEC) == 0); }
    ~Pipe() {
        close_reader();
        close_writer();
    }
    void close_reader() {
        if (ends[0] >= 0) close(ends[0]);
        ends[0] = -1;
    }
    void close_writer() {
        if (ends[1] >= 0) close(ends[1]);
        ends[1] = -1;
    }
    // Everything up to the end, or up to a number of lines.
    std::string drain(std::size_t lines_max = std::string::npos) {
        std::string out;
        std::array<char, 4096> chunk;
        for (std::size_t lines = 0; lines < lines_max;) {
            pollfd reader{ends[0], POLLIN, 0};
            if (poll(&reader, 1, 60'000) != 1) break;  // lines that were lost fail, and do not hang
            const ssize_t n = read(ends[0], chunk.data(), chunk.size());
            if (n <= 0) break;
            lines += static_cast<std::size_t>(std::count(chunk.data(), chunk.data() + n, '\n'));
            out.append(chunk.data(), static_cast<std::size_t>(n));
        }
        return out;
    }
    std::array<int, 2> ends{-1, -1};
};

std::size_t lines(const std::string& text, const std::string& beginning) {
    std::size_t count = 0;
    for (std::size_t at = 0; (at = text.find(beginning, at)) != std::string::npos; ++at) {
        count += at == 0 || text[at - 1] == '\n' ? 1 : 0;
    }
    return count;
}

std::size_t sum_behind(const std::string& text, const std::string& beginning) {
    std::size_t sum = 0;
    for (std::size_t at = 0; (at = text.find(beginning, at)) != std::string::npos;) {
        sum += std::stoul(text.substr(at += beginning.size()));
    }
    return sum;
}

}  // namespace

TEST_CASE(
    "logger: lines arrive in order, with journald's priorities, and none is lost at the end") {
    Pipe pipe;
    {
        Logger logger(pipe.ends[1]);
        logger.say(5, "first");
        logger.say(3, std::string(400, 'x'));
    }
    pipe.close_writer();
    CHECK(pipe.drain() == "<5>first\n<3>" + std::string(400, 'x') + "\n");
}

TEST_CASE("logger: while nobody reads the log, telling goes on at once, and drops are counted") {
    constexpr std::size_t told = 10'000;
    Pipe pipe;
    std::string text;
    std::size_t dropped = 0;
    {
        Logger logger(pipe.ends[1]);
        for (std::size_t i = 0; i < told; ++i) logger.say(6, std::string(200, 'y'));
        dropped = logger.dropped();
        text = pipe.drain(told - dropped);  // an end would wait for half a second only
    }
    pipe.close_writer();
    text += pipe.drain();
    CHECK(dropped > 0);
    CHECK(lines(text, "<6>yyy") == told - dropped);
    CHECK(sum_behind(text, "<4>log_lines_dropped count=") == dropped);
}

TEST_CASE("logger: it ends also where nobody ever reads the log") {
    Pipe pipe;
    const Time begin = monotonic_now();
    {
        Logger logger(pipe.ends[1]);
        for (std::size_t i = 0; i < 10'000; ++i) logger.say(6, std::string(200, 'y'));
        CHECK(logger.dropped() > 0);
    }
    CHECK(monotonic_now() - begin < 30s);  // a hang, not a measure
}

TEST_CASE("logger: what repeats is told as one line, with its count and its times") {
    Pipe pipe;
    {
        Logger logger(pipe.ends[1]);
        const Time now = monotonic_now();
        for (int i = 0; i < 5; ++i)
            logger.say_often({1, 2}, 60s, 4, "refused pid=" + std::to_string(i), now);
        logger.tell_repeats(now);
        logger.tell_repeats(never);
    }
    pipe.close_writer();
    const std::string text = pipe.drain();
    CHECK(lines(text, "<4>refused pid=") == 2);
    CHECK(lines(text, "<4>refused pid=0\n") == 1);
    CHECK(lines(text, "<4>refused pid=4 repeated=4 first=20") == 1);
}

TEST_CASE("logger: links that flap are folded, each by itself; trips and answers never") {
    const auto plan = std::make_shared<Plan>();
    plan->accounts = {{"mm-1", {}, 2}};
    Pipe pipe;
    {
        Logger logger(pipe.ends[1]);
        LogEntry story;
        story.plan = plan;
        for (const auto kind :
             {EventKind::link_down, EventKind::tripped, EventKind::alarm_raised}) {
            for (std::size_t i = 0; i < 6; ++i) {
                story.event = {.kind = kind, .at = monotonic_now()};
                if (kind == EventKind::link_down) story.event.link = id_at<LinkId>(i % 2);
                logger.tell(story);
            }
        }
        logger.tell_repeats(never);
    }
    pipe.close_writer();
    const std::string text = pipe.drain();
    CHECK(lines(text, "<4>link_down link=mm-1#0") == 2);
    CHECK(lines(text, "<4>link_down link=mm-1#1 repeated=2 first=") == 1);
    CHECK(lines(text, "<2>tripped") == 6);
    CHECK(lines(text, "<2>alarm_raised") == 6);
}

TEST_CASE("logger: orders that OKX will not cancel are folded by family, on whatever link") {
    const auto plan = std::make_shared<Plan>();
    plan->accounts = {{"mm-1", {}, 3}};
    plan->families = {{"mm-1/F0-USD", AccountId{0}, "F0-USD"},
                      {"mm-1/F1-USD", AccountId{0}, "F1-USD"}};
    Pipe pipe;
    {
        Logger logger(pipe.ends[1]);
        LogEntry story;
        story.plan = plan;
        for (std::size_t i = 0; i < 12; ++i) {
            story.event = {.kind = EventKind::rest_cancelled,
                           .at = monotonic_now(),
                           .family = id_at<FamilyId>(i % 2),
                           .link = id_at<LinkId>(i % 3),
                           .answer = {AnswerClass::failed, 200, 51400}};
            logger.tell(story);
        }
        logger.tell_repeats(never);
    }
    pipe.close_writer();
    const std::string text = pipe.drain();
    CHECK(lines(text, "<5>rest_cancelled ") == 4);
    for (const std::string family : {"mm-1/F0-USD", "mm-1/F1-USD"})
        CHECK(lines(text, "<5>rest_cancelled family=" + family + " ") == 2);
}

TEST_CASE("logger: on a terminal a person reads: no priorities") {
    int terminal = -1, ours = -1;
    if (openpty(&ours, &terminal, nullptr, nullptr, nullptr) != 0) {
        MESSAGE("skipped: no terminal can be opened here");
        return;
    }
    {
        Logger logger(terminal);
        logger.say(5, "first");
    }
    std::array<char, 64> line{};
    const ssize_t size = read(ours, line.data(), line.size());
    CHECK(std::string(line.data(), static_cast<std::size_t>(std::max<ssize_t>(size, 0))) ==
          "first\r\n");
    close(terminal);
    close(ours);
}

TEST_CASE("logger: a log that is gone does not stop it") {
    Pipe pipe;
    Logger logger(pipe.ends[1]);
    pipe.close_reader();  // from now on a write raises SIGPIPE where it is not blocked
    for (int i = 0; i < 100; ++i) logger.say(6, "into nothing");
}
