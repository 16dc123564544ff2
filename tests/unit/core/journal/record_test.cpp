// One record: what it holds, what it leaves out, and that any bytes can be read as one.
#include <doctest/doctest.h>

#include <cstring>
#include <random>

#include "tests/unit/core/journal/rig.h"

using namespace scram;
using namespace scram::test;

namespace {

std::vector<JournalRecord> records_of(const Process& process) {
    std::vector<JournalRecord> out;
    for (std::uint64_t s = 1; s <= process.board().last(); ++s) {
        out.push_back(process.board().record(s));
    }
    return out;
}

std::string kinds_of(const std::vector<JournalRecord>& records) {
    std::string out;
    for (const JournalRecord& record : records) {
        out += (out.empty() ? "" : " ") + std::string(name(record.kind));
    }
    return out;
}

}  // namespace

TEST_CASE("journal: a trip's way stands in the records, in its order") {
    Machine machine = machine_of(1);
    Process process(machine);
    process.trip({A});
    process.answer();
    process.rearm(A);
    process.stop();
    CHECK(kinds_of(records_of(process)) ==
          "started tripped latched fired answered accepted rearmed stopped");
}

TEST_CASE("journal: a trip of what is tripped already is one record") {
    Machine machine = machine_of(1);
    Process process(machine);
    process.trip({A});
    process.trip({A});
    CHECK(kinds_of(records_of(process)) == "started tripped latched fired tripped");
}

TEST_CASE("journal: a record holds names, numbers and times") {
    Machine machine = machine_of(2);
    add_limit(machine.plan, 25);
    Process process(machine);
    process.run([&] { process.engine.on_source_joined(maker, machine.now, process.step); });
    scram_signal signal{};
    signal.sequence = 1;
    signal.value = 27.5;
    signal.family = 1;
    signal.version = SCRAM_VERSION;
    signal.kind = SCRAM_VALUE;
    process.run([&] { process.engine.on_signal(maker, signal, machine.now, process.step); });
    process.answer();
    const auto records = records_of(process);
    REQUIRE(kinds_of(records) == "started tripped latched fired answered accepted");
    const JournalRecord& tripped = records[1];
    CHECK(texts_of(tripped).subject == "mm-1/F1-USD");
    CHECK(texts_of(tripped).rule == "limit");
    CHECK(texts_of(tripped).who == "maker-0");
    CHECK(texts_of(tripped).metric == "delta");
    CHECK(tripped.value == 27.5);
    CHECK(tripped.limit == 25);
    CHECK(tripped.trip == 1);
    CHECK(tripped.sequence == 2);
    CHECK(tripped.monotonic_ns == ns_of(machine.now));
    CHECK(tripped.wall_ms == wall_at(machine.now).value);
    CHECK(records[3].attempt == 1);
    CHECK(records[3].link == 0);
    CHECK(records[4].http_status == 200);
    CHECK(records[4].code == 0);
}

TEST_CASE("journal: a link is counted within its account") {
    Machine machine = machine_of(1);
    machine.plan.accounts.push_back({"mm-2", {}, 3});
    machine.plan.families.push_back({"mm-2/F0-USD", AccountId{1}, "F0-USD", {}});
    Process process(machine);
    process.trip({B});
    const JournalRecord& fired = process.board().record(process.board().last());
    CHECK(fired.kind == RecordKind::fired);
    CHECK(texts_of(fired).subject == "mm-2/F0-USD");
    CHECK(fired.link == 0);
}

TEST_CASE("journal: an operator's name and reason are kept, the reason as far as there is room") {
    Machine machine = machine_of(1);
    Process process(machine);
    const std::string reason(160, 'x');
    const std::string operator_name(32, 'o');
    const FamilyId family[] = {A};
    process.run([&] {
        process.engine.on_trip(family, {operator_name, reason}, machine.now, process.step);
    });
    const Texts texts = texts_of(process.board().record(2));
    CHECK(texts.who == operator_name);
    CHECK(texts.text.size() > 100);
    CHECK(reason.starts_with(texts.text));
}

TEST_CASE("journal: what a source or the network can repeat without end is not kept") {
    Machine machine = machine_of(1);
    Process process(machine);
    const std::uint64_t before = process.board().last();
    for (int i = 0; i < 50; ++i) {
        process.run([&] { process.engine.on_source_joined(maker, machine.now, process.step); });
        process.run([&] { process.engine.on_source_left(maker, machine.now, process.step); });
        process.run([&] { process.engine.on_link_down(link(0), machine.now, process.step); });
        process.run([&] { process.engine.on_link_up(link(0), machine.now, process.step); });
    }
    CHECK(process.board().last() == before);
}

TEST_CASE("journal: texts come back as they went in, and only the last is ever cut") {
    const std::string name(31, 'n');
    const std::string who(32, 'w');
    const std::string text(200, 't');
    JournalRecord record;
    put_texts({name, name, who, name, text}, record);
    const Texts back = texts_of(record);
    CHECK(back.subject == name);
    CHECK(back.rule == name);
    CHECK(back.who == who);
    CHECK(back.metric == name);
    CHECK(back.text == text.substr(0, 22));
    put_texts({}, record);
    CHECK(texts_of(record).text.empty());
}

TEST_CASE("journal: any bytes are read as texts within the record") {
    std::mt19937_64 random(7);
    for (int round = 0; round < 10'000; ++round) {
        JournalRecord record;
        for (char& byte : record.texts) byte = static_cast<char>(random());
        const Texts texts = texts_of(record);
        for (const std::string_view text :
             {texts.subject, texts.rule, texts.who, texts.metric, texts.text}) {
            REQUIRE((text.empty() ||
                     (text.data() >= record.texts.data() &&
                      text.data() + text.size() <= record.texts.data() + record.texts.size())));
        }
    }
}

TEST_CASE("journal: an operator's hand on a dead man's switch is no family's") {
    const Engine engine(plan_of({}));
    Event event{.kind = EventKind::dead_man_off, .account = account};
    event.by = FixedText<32>("uid 1 (ann)");
    event.text = FixedText<160>("hedging");
    const auto record = record_of(event, engine, WallMillis{1});
    REQUIRE(record);
    CHECK(name(record->kind) == "dead_man_off");
    CHECK(texts_of(*record).subject == "mm-1");
    CHECK(texts_of(*record).who == "uid 1 (ann)");
    CHECK(texts_of(*record).text == "hedging");
    CHECK_FALSE(standing_of(*record));
}

TEST_CASE("journal: the numbers of kinds are those that files hold") {
    CHECK(static_cast<int>(RecordKind::tripped) == 1);
    CHECK(static_cast<int>(RecordKind::accepted) == 6);
    CHECK(static_cast<int>(RecordKind::started) == 14);
    CHECK(static_cast<int>(RecordKind::lost) == 17);
    CHECK(static_cast<int>(RecordKind::dead_man_on) == 19);
    for (auto kind = RecordKind::tripped; kind <= RecordKind::drilled;
         kind = static_cast<RecordKind>(static_cast<int>(kind) + 1))
        CHECK(name(kind) != "?");
    CHECK(name(RecordKind{999}) == "?");
}
