// A journal that was cut, changed, or never was one: told apart, and never a reason to arm.
#include <doctest/doctest.h>

#include <cstring>
#include <random>

#include "tests/unit/core/journal/rig.h"

using namespace scram;
using namespace scram::test;

namespace {

using Health = Folded::Health;
constexpr std::size_t record_bytes = 256;

// A was tripped and accepted, B's cancel is unfinished, C is armed; ended in peace.
Machine told_machine() {
    Machine machine = machine_of();
    machine.ring = 16;
    Process process(machine);
    process.trip({A});
    process.answer();
    process.trip({B});
    process.answer(AnswerClass::failed);
    process.stop();
    return machine;
}

// As after a crash of the machine: files alone.
Folded fold_files(const std::vector<Bytes>& files) {
    std::vector<std::span<const std::byte>> spans(files.begin(), files.end());
    return fold(spans, {}, boot_of(2));
}

std::string latched_by(const Folded& folded, AfterCrash after_crash = AfterCrash::armed) {
    return text_of(restored(folded, plan_of({3}), after_crash));
}

Bytes cut(const Bytes& bytes, std::size_t size) {
    return {bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(size)};
}

bool is_in(std::string_view part, std::string_view text) {
    return text.find(part) != text.npos;
}

}  // namespace

TEST_CASE("journal: cut at any byte, the files alone never count as ended in peace") {
    const Machine machine = told_machine();
    const Bytes& whole = machine.files.back();
    REQUIRE(latched_by(fold_files({whole})) == "A, B unfinished");
    for (std::size_t size = 1; size < whole.size(); ++size) {
        const Folded folded = fold_files({cut(whole, size)});
        CAPTURE(size);
        REQUIRE(folded.health == (size % record_bytes == 0 ? Health::whole : Health::torn));
        REQUIRE_FALSE(folded.clean);
        REQUIRE(latched_by(folded, AfterCrash::latched).ends_with("C held"));
        REQUIRE(folded.file_size == size / record_bytes * record_bytes);
    }
}

TEST_CASE("journal: cut at any byte, the board still knows it all") {
    Machine machine = told_machine();
    const Bytes whole = machine.files.back();
    for (std::size_t size = 0; size < whole.size(); ++size) {
        machine.files.back() = cut(whole, size);
        const Folded folded = machine.fold();
        CAPTURE(size);
        REQUIRE(folded.clean);
        REQUIRE(folded.last_sequence == (whole.size() / record_bytes) - 1);
        REQUIRE(latched_by(folded) == "A, B unfinished");
    }
}

TEST_CASE("journal: zeros at the end are a torn tail, as a power failure leaves them") {
    const Machine machine = told_machine();
    Bytes file = machine.files.back();
    const std::size_t last = file.size() - record_bytes;
    std::fill(file.begin() + static_cast<std::ptrdiff_t>(last), file.end(), std::byte{0});
    const Folded folded = fold_files({file});
    CHECK(folded.health == Health::torn);
    CHECK_FALSE(folded.clean);
    CHECK(folded.file_size == last);
    CHECK(latched_by(folded) == "A, B unfinished");
}

TEST_CASE("journal: zeros behind a peaceful end hide what came after it") {
    Bytes file = told_machine().files.back();
    REQUIRE(fold_files({file}).clean);
    file.resize(file.size() + record_bytes);
    const Folded folded = fold_files({file});
    CHECK(folded.health == Health::torn);
    CHECK_FALSE(folded.clean);
    CHECK(latched_by(folded, AfterCrash::latched) == "A, B unfinished, C held");
}

TEST_CASE("journal: records that the board lost and the files never had make a truncated journal") {
    Machine machine = machine_of();
    machine.ring = 8;
    {
        Process process(machine);
        for (int i = 0; i < 4; ++i) {
            process.trip({A});
            process.answer();
            process.rearm(A);
            process.wait(3s);
            process.store();
        }
        process.stop();
    }
    machine.files.back().resize(4 * record_bytes);
    const Folded folded = machine.fold();
    CHECK(folded.health == Health::truncated);
    CHECK(is_in("records 4 to ", folded.fault));
    CHECK(latched_by(folded).ends_with("B held, C held"));
    machine.files.clear();
    CHECK(machine.fold().health == Health::truncated);
}

TEST_CASE("journal: any changed byte of a file is found, and then nothing is armed") {
    const Machine machine = told_machine();
    Bytes file = machine.files.back();
    for (std::size_t at = 0; at < file.size(); ++at) {
        for (const int bit : {0, 3, 7}) {
            const std::byte flip{static_cast<std::uint8_t>(1 << bit)};
            file[at] ^= flip;
            const Folded folded = fold_files({file});
            CAPTURE(at);
            REQUIRE(folded.health == (at < 16 ? Health::foreign : Health::damaged));
            REQUIRE(folded.in_doubt());
            REQUIRE(folded.file_size == 0);
            const std::string latched = latched_by(folded);
            REQUIRE(is_in("A", latched));
            REQUIRE(is_in("B", latched));
            REQUIRE(latched.ends_with("C held"));
            file[at] ^= flip;
        }
    }
}

TEST_CASE("journal: a record with a right hash and a wrong number is found") {
    const Machine machine = told_machine();
    Bytes file = machine.files.back();
    JournalRecord last, before;
    std::memcpy(&last, &file[file.size() - record_bytes], record_bytes);
    std::memcpy(&before, &file[file.size() - 2 * record_bytes], record_bytes);
    last.sequence += 1;
    last.hash = Hasher()(before.hash, last);
    std::memcpy(&file[file.size() - record_bytes], &last, record_bytes);
    const Folded folded = fold_files({file});
    CHECK(folded.health == Health::damaged);
    CHECK(is_in("its number is not the next", folded.fault));
}

TEST_CASE("journal: what stands behind a changed record is still read") {
    const Machine machine = told_machine();
    Bytes file = machine.files.back();
    file[2 * record_bytes + 100] ^= std::byte{1};  // the trip of A, whose latch follows
    const Folded folded = fold_files({file});
    CHECK(folded.health == Health::damaged);
    CHECK(is_in("record 2", folded.fault));
    CHECK(latched_by(folded) == "A unfinished, B unfinished, C held");
    CHECK(folded.last_trip == TripId{2});
}

TEST_CASE("journal: any changed byte of the board latches at least what was latched") {
    Machine machine = told_machine();
    const auto board = machine.board->bytes();
    for (std::size_t at = 0; at < board.size(); ++at) {
        board[at] ^= std::byte{0x40};
        const std::string latched = latched_by(machine.fold());
        CAPTURE(at);
        REQUIRE(is_in("A", latched));
        REQUIRE(is_in("B unfinished", latched));
        board[at] ^= std::byte{0x40};
    }
}

TEST_CASE("journal: a changed record that only the board holds is found") {
    Machine machine = machine_of();
    machine.ring = 16;
    Process process(machine);
    process.store();
    process.trip({A});
    const auto board = machine.board->bytes();
    const std::size_t ring = board.size() - 16 * record_bytes;
    const std::uint64_t first = process.board().stored() + 1;
    for (std::size_t at = 0; at < record_bytes; ++at) {
        std::byte& byte = board[ring + (first - 1) * record_bytes + at];
        byte ^= std::byte{1};
        const Folded folded = machine.fold();
        CAPTURE(at);
        REQUIRE(folded.health == Health::damaged);
        REQUIRE(folded.unstored.empty());
        byte ^= std::byte{1};
    }
}

TEST_CASE("journal: foreign bytes are told apart from damage") {
    Bytes file = told_machine().files.back();
    SUBCASE("another magic") {
        file[0] = std::byte{'X'};
        CHECK(is_in("does not begin as a journal", fold_files({file}).fault));
    }
    SUBCASE("another byte order") {
        std::swap(file[8], file[11]);
        std::swap(file[9], file[10]);
        CHECK(is_in("another byte order", fold_files({file}).fault));
    }
    SUBCASE("another version") {
        file[12] = std::byte{2};
        CHECK(is_in("version 2", fold_files({file}).fault));
    }
    SUBCASE("a text") {
        file.assign(1000, std::byte{'a'});
    }
    SUBCASE("a short text") {
        file.assign(3, std::byte{'a'});
    }
    const Folded folded = fold_files({file});
    CHECK(folded.health == Health::foreign);
    CHECK(latched_by(folded) == "A held, B held, C held");
    CHECK(latched_by(folded, AfterCrash::fire) == "A unfinished, B unfinished, C unfinished");
}

TEST_CASE("journal: a foreign board is in doubt though the files are whole") {
    Machine machine = told_machine();
    machine.board->bytes()[0] = std::byte{'X'};
    const Folded folded = machine.fold();
    CHECK(folded.health == Health::foreign);
    CHECK(latched_by(folded) == "A unfinished, B unfinished, C held");
    CHECK(restored(folded, machine.plan, AfterCrash::armed).budgets.at(0).at(0) == never);
}

TEST_CASE("journal: a record that was changed hides no cancel that the board knows of") {
    Machine machine = machine_of();
    { Process process(machine); }
    {
        Process process(machine);
        REQUIRE(process.engine.family(A).cancel == Cancel::held);
        for (std::size_t l = 0; l < process.engine.link_count(); ++l)
            process.run([&] { process.engine.on_link_down(link(l), machine.now, process.step); });
        process.trip({A});
        process.stop();
    }
    const Bytes whole = machine.files.back();
    for (std::size_t at = 0; at < whole.size(); at += record_bytes) {
        Bytes& file = machine.files.back();
        file = whole;
        file[at + 100] ^= std::byte{1};
        CAPTURE(at);
        CHECK(latched_by(machine.fold()).starts_with("A unfinished"));
    }
}

TEST_CASE("journal: a board older than the files is in doubt") {
    Machine machine = machine_of();
    BoardMemory early(Board::size_for(machine.plan, machine.ring));
    {
        Process process(machine);
        const auto now = machine.board->bytes();
        std::copy(now.begin(), now.end(), early.bytes().begin());
        process.trip({A});
        process.stop();
    }
    machine.board = std::move(early);
    CHECK(machine.fold().health == Health::truncated);
    CHECK(latched_by(machine.fold()) == "A unfinished, B held, C held");
}

TEST_CASE("journal: files that were made and never begun count for nothing") {
    const Machine machine = told_machine();
    std::vector<Bytes> files = machine.files;
    files.push_back({});
    files.push_back(Bytes(1024));
    const Folded folded = fold_files(files);
    CHECK(folded.health == Health::whole);
    CHECK(latched_by(folded) == "A, B unfinished");
    CHECK(fold_files({{}, Bytes(5)}).health == Health::fresh);
}

TEST_CASE("journal: zeros over a file's beginning are damage, and no first start") {
    Machine machine = told_machine();
    Bytes& file = machine.files.back();
    std::fill(file.begin(), file.begin() + 256, std::byte{0});
    CHECK(fold_files(machine.files).in_doubt());
}

TEST_CASE("journal: a new file that was cut in its opening leaves the word to the one before") {
    Machine machine = machine_of();
    {
        Process process(machine);
        process.trip({A, B});
        process.answer();
        process.store();
        process.begin_file();
    }
    const Bytes begun = machine.files.back();
    REQUIRE(begun.size() == 3 * record_bytes);
    for (std::size_t size = 0; size < begun.size(); ++size) {
        machine.files.back() = cut(begun, size);
        const Folded folded = fold_files(machine.files);
        CAPTURE(size);
        REQUIRE(latched_by(folded) == "A, B");
        REQUIRE_FALSE(folded.clean);
        if (size > 0)
            REQUIRE(folded.file_size ==
                    0);  // what is written on there would stand without its opening
        if (size > 0) REQUIRE(folded.health == Health::torn);
    }
}

TEST_CASE("journal: two files that do not join are each read for what they are") {
    Machine machine = machine_of();
    {
        Process process(machine);
        process.trip({A});
        process.answer();
        process.store();
        process.begin_file();
        process.trip({B});
        process.store();
    }
    const Hasher hasher;
    const auto nothing = [](const JournalRecord&) {};
    const FileWalk first = walk(machine.files[0], hasher, nothing);
    const FileWalk second = walk(machine.files[1], hasher, nothing);
    CHECK(second.first_sequence == first.last_sequence + 1);
    CHECK(second.before == first.last_hash);
    CHECK(second.self_contained);
}

TEST_CASE("journal: random bytes never crash a fold") {
    std::mt19937_64 random(1);
    const Machine machine = told_machine();
    for (int round = 0; round < 3000; ++round) {
        Machine hostile = told_machine();
        const std::size_t changes = random() % 64;
        Bytes& file = hostile.files.back();
        const auto board = hostile.board->bytes();
        for (std::size_t i = 0; i < changes; ++i) {
            file[random() % file.size()] = static_cast<std::byte>(random());
            board[random() % (i % 2 == 0 ? board.size() : 400)] = static_cast<std::byte>(random());
        }
        file.resize(random() % (file.size() + 1));
        const auto part = board.first(random() % (board.size() + 1));
        const std::span<const std::byte> spans[] = {file, file};
        const Folded folded = fold(spans, part, boot_of(1));
        restored(folded, hostile.plan, AfterCrash::armed);
        left_out(folded, hostile.plan);
    }
}
