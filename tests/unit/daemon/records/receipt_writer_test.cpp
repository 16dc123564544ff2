#include "daemon/records/receipt_writer.h"

#include <doctest/doctest.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <chrono>
#include <fstream>
#include <sstream>
#include <thread>

#include "daemon/records/receipt_recorder.h"
#include "tests/unit/core/engine/rig.h"
#include "tests/unit/daemon/records/is_json.h"

using namespace scram;
using namespace scram::test;
namespace fs = std::filesystem;

namespace {

struct StateDirectory {
    StateDirectory() {
        std::string name = (fs::temp_directory_path() / "scram-test-XXXXXX").native();
        REQUIRE(mkdtemp(name.data()) != nullptr);
        path = name;
    }
    ~StateDirectory() { fs::remove_all(path); }
    fs::path file(const std::string& name) const { return path / "receipts" / name; }
    std::string text(const std::string& name) const {
        std::ostringstream out;
        out << std::ifstream(file(name)).rdbuf();
        return out.str();
    }
    std::size_t count() const {
        std::size_t files = 0;
        for ([[maybe_unused]] const auto& entry : fs::directory_iterator(path / "receipts"))
            ++files;
        return files;
    }
    fs::path path;
};

std::shared_ptr<const Plan> writers_plan() {
    static const auto writers_plan = std::make_shared<const Plan>(plan_of({1}));
    return writers_plan;
}

std::unique_ptr<const FiledReceipt> receipt_of(std::uint64_t trip, std::string_view reason,
                                               EventKind kind = EventKind::tripped) {
    Receipt receipt(1, 1);
    receipt.trip = TripId{trip};
    receipt.plan = writers_plan();
    receipt.wall = WallMillis{1'700'000'000'123};
    receipt.cause.kind = kind;
    receipt.cause.text = FixedText<160>(reason);
    return std::make_unique<const FiledReceipt>(FiledReceipt{receipt, nullptr});
}

// Files each and waits, by ending the writer.
template <class... Receipts>
void keep(const fs::path& directory, Receipts... receipts) {
    ReceiptWriter writer(directory);
    (writer.file(std::move(receipts)), ...);
}

// Gives up after a time that no disk needs.
template <class Condition>
void await(Condition condition) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    while (!condition() && std::chrono::steady_clock::now() < end) std::this_thread::yield();
    REQUIRE(condition());
}

}  // namespace

TEST_CASE("receipt writer: a receipt is a whole file that its owner and group may read") {
    StateDirectory state;
    keep(state.path, receipt_of(3, "one"));
    CHECK(is_json(state.text("trip-3.json")));
    CHECK(state.text("trip-3.json").find("\"one\"") != std::string::npos);
    CHECK(state.count() == 1);  // nothing is left beside it
    struct stat file {};
    REQUIRE(stat(state.file("trip-3.json").c_str(), &file) == 0);
    CHECK((file.st_mode & 0777) == 0640);
}

TEST_CASE("receipt writer: what is told later of the same trip takes its place") {
    StateDirectory state;
    keep(state.path, receipt_of(3, "one"), receipt_of(4, "other"), receipt_of(3, "two"));
    CHECK(state.text("trip-3.json").find("\"two\"") != std::string::npos);
    CHECK(state.count() == 2);
}

TEST_CASE("receipt writer: another start's receipt of the same id is set aside, not overwritten") {
    StateDirectory state;
    keep(state.path, receipt_of(3, "an earlier life"));
    keep(state.path, receipt_of(3, "one"), receipt_of(3, "two"));
    CHECK(state.text("trip-3.json").find("\"two\"") != std::string::npos);
    CHECK(state.text("trip-3.before-1700000000123.json").find("an earlier life") !=
          std::string::npos);
    CHECK(state.count() == 2);
}

TEST_CASE("receipt writer: what a later start knows of a trip stands beside what the first wrote") {
    StateDirectory state;
    keep(state.path, receipt_of(3, "the whole story"));
    keep(state.path, receipt_of(3, "latched since", EventKind::restored), receipt_of(4, "new"));
    CHECK(state.text("trip-3.json").find("the whole story") != std::string::npos);
    CHECK(state.text("trip-3.since-1700000000123.json").find("latched since") != std::string::npos);
}

TEST_CASE("receipt writer: the newest files are kept") {
    StateDirectory state;
    fs::create_directory(state.path / "receipts");
    const auto long_ago = fs::file_time_type::clock::now() - std::chrono::hours(1);
    for (std::size_t i = 0; i < ReceiptLimits{}.files; ++i) {
        const fs::path path = state.file("trip-" + std::to_string(5000 + i) + ".json");
        std::ofstream(path) << "{}";
        fs::last_write_time(path, long_ago + std::chrono::seconds(i));
    }
    keep(state.path, receipt_of(1, "one"), receipt_of(2, "two"));
    CHECK(state.count() == ReceiptLimits{}.files);
    CHECK(fs::exists(state.file("trip-1.json")));
    CHECK(fs::exists(state.file("trip-2.json")));
    CHECK_FALSE(fs::exists(state.file("trip-5000.json")));
    CHECK_FALSE(fs::exists(state.file("trip-5001.json")));
    CHECK(fs::exists(state.file("trip-5002.json")));
}

TEST_CASE("receipt writer: what lies in the way of its file is replaced, and not written to") {
    StateDirectory state;
    const fs::path others = state.path / "others";
    fs::create_directories(state.path / "receipts");
    std::ofstream(others) << "another's\n";
    SUBCASE("a second name of another's file") {
        fs::create_hard_link(others, state.file("receipt.tmp"));
    }
    SUBCASE("a link to it") {
        fs::create_symlink(others, state.file("receipt.tmp"));
    }
    keep(state.path, receipt_of(3, "one"));
    CHECK(fs::is_regular_file(fs::symlink_status(state.file("trip-3.json"))));
    std::string text;
    std::getline(std::ifstream(others), text);
    CHECK(text == "another's");
}

TEST_CASE("receipt writer: an operator's trips push out their own, and not a rule's") {
    StateDirectory state;
    const auto limited = std::make_shared<Plan>(plan_of({1}));
    add_limit(*limited, 100);
    {
        ReceiptWriter writer(state.path);
        const auto file = [&](std::unique_ptr<const FiledReceipt> receipt) {
            await([&] { return writer.has_room(); });
            writer.file(std::move(receipt));
        };
        auto by_rule = std::make_unique<FiledReceipt>(*receipt_of(1, ""));
        by_rule->receipt.plan = limited;
        by_rule->receipt.cause.rule = RuleId{0};
        by_rule->receipt.cause.family = A;
        file(std::move(by_rule));
        for (std::uint64_t trip = 2; trip < ReceiptLimits{}.files / 2 + 7; ++trip)
            file(receipt_of(trip, "again"));
    }
    CHECK(state.count() == ReceiptLimits{}.files / 2 + 1);
    CHECK(fs::exists(state.file("trip-1.json")));
    CHECK_FALSE(fs::exists(state.file("trip-2.json")));
    CHECK(
        fs::exists(state.file("trip-" + std::to_string(ReceiptLimits{}.files / 2 + 6) + ".json")));
}

TEST_CASE("receipt writer: as many files, and as many signals in each, as the config says") {
    StateDirectory state;
    {
        ReceiptWriter writer(state.path, {.files = 10, .signals = 3});
        for (std::uint64_t trip = 1; trip <= 40; ++trip) {
            auto filed = std::make_unique<FiledReceipt>(*receipt_of(trip, "one"));
            Flight flight(100);
            for (FlightRecord& record : flight) record.from = SourceId{0};
            filed->flight = std::make_shared<const Flight>(std::move(flight));
            await([&] { return writer.has_room(); });
            writer.file(std::move(filed));
        }
    }
    CHECK(state.count() <= 10);
    const std::string newest = state.text("trip-40.json");
    CHECK(newest.find(R"("signals_left_out":97)") != std::string::npos);
    CHECK(newest.size() < 2000);
}

TEST_CASE("receipt writer: without a directory nothing is written, and nothing waits") {
    ReceiptWriter writer({});
    for (std::uint64_t trip = 1; trip < 100; ++trip) {
        CHECK(writer.has_room());
        writer.file(receipt_of(trip, "one"));
    }
    CHECK(writer.written() == 0);
}

// ---- The book -----------------------------------------------------------------------------------

namespace {

// A book beside a desk: it sees the signals, then the events.
struct BookOfDesk {
    explicit BookOfDesk(Plan with, const fs::path& directory = {})
        : desk(std::move(with)),
          book(desk.engine, std::make_shared<const Plan>(desk.engine.plan()), directory) {}
    void publish(double value) {
        const scram_signal signal = desk.record(maker, A, delta, value);
        desk.hand_in(maker, signal);
        book.saw(maker, signal, desk.now);
        follow();
    }
    void follow() {
        for (const Event& event : std::exchange(desk.events, {}))
            book.on_event(event, {}, WallMillis{5});
        while (book.file_one()) continue;
    }
    Desk desk;
    ReceiptRecorder book;
};

Plan two_limits() {
    Plan writers_plan = plan_of({1});
    add_limit(writers_plan, 100);
    add_limit(writers_plan, 50).name = "tighter";
    return writers_plan;
}

}  // namespace

TEST_CASE("receipt book: what rules one signal breaches have one flight record, with that signal") {
    BookOfDesk of(two_limits());
    for (int i = 1; i <= 3; ++i) of.publish(i);
    of.desk.now += 1s;
    of.publish(101);
    const auto flight = of.book.flight(TripId{1});
    REQUIRE(flight != nullptr);
    CHECK(flight->size() == 4);
    CHECK(of.book.flight(TripId{2}) == nullptr);
}

TEST_CASE("receipt book: only the last trips keep their flight records") {
    BookOfDesk of(two_limits());
    for (std::size_t i = 0; i < receipts_max + 5; ++i) {
        of.desk.now += 1ms;
        of.desk.trip({A});
        of.follow();
    }
    CHECK(of.book.flight(TripId{5}) == nullptr);
    CHECK(of.book.flight(TripId{6}) != nullptr);
}

TEST_CASE("receipt book: what the writer has no room for is written in the end as it stands then") {
    StateDirectory state;
    {
        BookOfDesk of(two_limits(), state.path);
        for (std::size_t i = 0; i < 3 * receipts_waiting_max; ++i) {
            of.desk.trip({A});
            of.follow();
        }
        of.desk.answer(link(0), AnswerClass::accepted);
        of.follow();
    }
    for (std::size_t i = 1; i <= 3 * receipts_waiting_max; ++i) {
        const std::string text = state.text("trip-" + std::to_string(i) + ".json");
        CHECK(text.find("\"verdict\":\"ACCEPTED\"") != std::string::npos);
    }
}

TEST_CASE("receipt book: a disk that takes nothing is told once, and once when it is over") {
    StateDirectory state;
    std::ofstream(state.path / "receipts") << "in the way";
    BookOfDesk of(two_limits(), state.path);
    const auto trip = [&] {
        of.desk.trip({A});
        of.follow();
    };
    trip();
    await([&] { return !of.book.writer().trouble().empty(); });
    const auto news = of.book.news();
    REQUIRE(news.size() == 1);
    CHECK(news[0].priority == 2);
    CHECK(news[0].line.find("receipts_error detail=") == 0);
    trip();
    await([&] { return of.book.writer().failed() == 2; });
    CHECK(of.book.news().empty());
    fs::remove(state.path / "receipts");
    trip();
    await([&] { return of.book.writer().trouble().empty(); });
    REQUIRE(of.book.news().size() == 1);
    CHECK(of.book.news().empty());
}

TEST_CASE("receipt book: a start knows from the file why a family was latched before it") {
    StateDirectory state;
    keep(state.path, receipt_of(3, "the whole story"));
    BookOfDesk of(two_limits(), state.path);
    Restored before;
    before.latched.push_back({A, TripId{3}, false, true, {}});
    Step step(of.desk.engine.plan());
    of.desk.engine.on_restored(before, of.desk.now, step);
    of.desk.events.assign(step.events.begin(), step.events.end());
    of.follow();
    const Receipt* receipt = of.book.receipts().find(TripId{3});
    REQUIRE(receipt != nullptr);
    CHECK(cause_text(*receipt) == "before this start: the start of scramd: the whole story");
    CHECK(written_cause(state.path / "receipts", TripId{4}) == "");
}
