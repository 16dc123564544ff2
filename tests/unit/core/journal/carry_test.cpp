// What a restart carries over: what the budget had spent, families that the config lost or gained,
// and what new files and old boards tell.
#include <doctest/doctest.h>

#include "tests/unit/core/journal/rig.h"

using namespace scram;
using namespace scram::test;

// ---- Budgets ------------------------------------------------------------------------------------

TEST_CASE("journal: what the budget had spent is spent after a restart") {
    Machine machine = machine_of();
    {
        Process process(machine);
        process.trip({A, B});
        process.answer();
        process.trip({C});
    }
    Process next(machine);
    Budget budget = next.engine.budget(account);
    CHECK(budget.free_slots(machine.now) == 1);           // C's cancel has left again
    CHECK(budget.free_slots(machine.now + 2100ms) == 3);  // the two that were answered are back
    budget.alive(machine.now + 1s, machine.now + 1s);
    CHECK(budget.free_slots(machine.now + 3100ms) == 4);  // and the one that died with its process
}

TEST_CASE("journal: an attempt is in the budget before its bytes leave") {
    Machine machine = machine_of();
    {
        Process process(machine);
        const FamilyId family[] = {A};
        process.run(
            [&] {
                process.engine.on_trip(family, {"ann", "news"}, machine.now, process.step);
            },
            Process::Crash::before_actions);
    }
    // The unfinished cancel of A leaves at once, with a slot of its own.
    Process next(machine, AfterCrash::armed);
    CHECK(next.engine.budget(account).free_slots(machine.now) == 3);
}

TEST_CASE("journal: another boot's budget means nothing; an unknown one counts as spent") {
    Machine machine = machine_of();
    {
        Process process(machine);
        process.trip({A, B, C});
        process.stop();
    }
    SUBCASE("the board is gone with the boot") {
        machine.reboot();
        CHECK(restored(machine.fold(), machine.plan, AfterCrash::latched).budgets.empty());
    }
    SUBCASE("the board outlived the boot") {
        machine.boot = boot_of(9);
        CHECK(restored(machine.fold(), machine.plan, AfterCrash::latched).budgets.empty());
    }
    SUBCASE("the board is gone, the boot is the same") {
        machine.board.reset();
        Process next(machine);
        Budget budget = next.engine.budget(account);
        CHECK(budget.free_slots(machine.now + 3100ms) == 0);
        budget.alive(machine.now + 1s, machine.now + 1s);
        CHECK(budget.free_slots(machine.now + 3100ms) == 5);
    }
    SUBCASE("nobody knows the boot") {
        machine.boot = BootId{};
        Process next(machine);
        CHECK(next.engine.budget(account).free_slots(machine.now) == 0);
    }
}

// ---- The config changes between two starts
// --------------------------------------------------------

TEST_CASE("journal: a family that the config lost stays latched until it is back") {
    Machine machine = machine_of();
    const Plan three = machine.plan;
    {
        Process process(machine);
        process.trip({C});
        process.answer();
        process.stop();
    }
    machine.plan = plan_of({2});
    CHECK(after(machine) == "");
    CHECK(left_out(machine.fold(), machine.plan) == std::vector<std::string>{"mm-1/F2-USD"});
    {
        Process process(machine);
        process.begin_file();  // an opening that tells of it as well
        process.stop();
    }
    machine.reboot();
    machine.files.erase(machine.files.begin());
    machine.plan = three;
    CHECK(after(machine) == "C");
    CHECK(left_out(machine.fold(), machine.plan).empty());
}

TEST_CASE("journal: a family that the config gained is armed after a peaceful end") {
    Machine machine = machine_of(2);
    {
        Process process(machine);
        process.trip({A});
        process.stop();
    }
    machine.plan = plan_of({4});
    CHECK(after(machine) == "A unfinished");
}

TEST_CASE("journal: names count, not the config's order") {
    Machine machine = machine_of();
    {
        Process process(machine);
        process.trip({A});
        process.answer();
        process.stop();
    }
    std::swap(machine.plan.families[0], machine.plan.families[2]);
    CHECK(after(machine) == "C");
}

// ---- Files
// ----------------------------------------------------------------------------------------

TEST_CASE("journal: a new file alone tells how every family stands") {
    Machine machine = machine_of();
    {
        Process process(machine);
        process.trip({A, B});
        process.store();
        process.answer();
        process.store();
        process.rearm(A);
        process.trip({C});
        process.store();
        process.begin_file();
        process.stop();
    }
    machine.files.erase(machine.files.begin());
    machine.reboot();
    CHECK(machine.fold().health == Folded::Health::whole);
    CHECK(after(machine) == "B, C unfinished");
    Process next(machine);
    next.trip({A});
    CHECK(next.engine.family(A).trip == TripId{3});
}

TEST_CASE("journal: trips are counted on though none of them is latched any more") {
    Machine machine = machine_of();
    {
        Process process(machine);
        for (int i = 0; i < 3; ++i) {
            process.trip({A});
            process.answer();
            process.rearm(A);
        }
        process.begin_file_after_store();
        process.stop();
    }
    machine.files.erase(machine.files.begin());
    machine.reboot();
    CHECK(machine.fold().last_trip == TripId{3});
    CHECK(machine.fold().last_attempt == AttemptId{3});
}

TEST_CASE("journal: what no file took yet is on the board, and goes to the files after a restart") {
    Machine machine = machine_of();
    {
        Process process(machine);
        process.store();
        process.trip({A});
        process.answer();
    }
    Process next(machine, AfterCrash::armed);
    CHECK(text_of(next.before) == "A");
    CHECK_FALSE(next.folded.unstored.empty());
    next.stop();
    machine.board.reset();
    CHECK(machine.fold().health == Folded::Health::whole);
    CHECK(after(machine) == "A");
}

TEST_CASE("journal: without any file the board alone restores") {
    Machine machine = machine_of();
    {
        Process process(machine);
        process.trip({A});
        process.answer();
        process.trip({B});
        process.stop();
    }
    machine.files.clear();
    CHECK(after(machine) == "A, B unfinished");
}
