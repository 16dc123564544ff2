// What a restart knows: latches, unfinished cancels, numbers; after a peaceful end and after a
// crash at each place of an input.
#include <doctest/doctest.h>

#include "tests/unit/core/journal/rig.h"

using namespace scram;
using namespace scram::test;

TEST_CASE("journal: a first start finds nothing and arms everything") {
    Machine machine = machine_of();
    const Folded folded = machine.fold();
    CHECK(folded.health == Folded::Health::fresh);
    CHECK(folded.clean);
    CHECK(after(machine) == "");
    CHECK(restored(folded, machine.plan, AfterCrash::latched).budgets.empty());
}

TEST_CASE("journal: a peaceful end and a restart keep what was latched, and only that") {
    Machine machine = machine_of();
    {
        Process process(machine);
        process.trip({B});
        process.answer();
        process.stop();
    }
    CHECK(machine.fold().health == Folded::Health::whole);
    CHECK(after(machine) == "B");
    Process next(machine);
    CHECK(next.engine.family(B).latched);
    CHECK(next.engine.family(B).cancel == Cancel::accepted);
    CHECK_FALSE(next.engine.family(A).latched);
}

TEST_CASE("journal: a peaceful end keeps an unfinished cancel, and the next start sends it") {
    Machine machine = machine_of();
    {
        Process process(machine);
        process.trip({A});
        process.answer(AnswerClass::failed);
        process.stop();
    }
    machine.reboot();
    CHECK(after(machine) == "A unfinished");
    Process next(machine);
    CHECK(next.engine.family(A).cancel == Cancel::in_flight);
}

TEST_CASE("journal: a held family stays held over any number of starts, until it is cancelled") {
    Machine machine = machine_of();
    { Process process(machine); }
    CHECK(after(machine, AfterCrash::latched) == "A held, B held, C held");
    for (int start = 0; start < 3; ++start) {
        Process process(machine);
        CHECK(process.engine.family(A).cancel == Cancel::held);
        if (start == 1) process.stop();
    }
    machine.reboot();
    CHECK(after(machine, AfterCrash::fire) == "A held, B held, C held");
    {
        Process process(machine);
        process.trip({B});
    }
    CHECK(after(machine, AfterCrash::latched) == "A held, B unfinished, C held");
    {
        Process process(machine);
        process.answer();
    }
    CHECK(after(machine, AfterCrash::latched) == "A held, B, C held");
}

TEST_CASE("journal: trips and attempts are counted on after a restart") {
    Machine machine = machine_of();
    {
        Process process(machine);
        process.trip({A});
        process.trip({B});
        process.answer();
        process.stop();
    }
    machine.reboot();
    Process next(machine);
    next.trip({C});
    CHECK(next.engine.family(C).trip == TripId{3});
    CHECK(machine.fold().last_attempt == AttemptId{3});
}

TEST_CASE("journal: a family that was armed again is armed after a restart") {
    Machine machine = machine_of();
    {
        Process process(machine);
        process.trip({A, B});
        process.answer();
        process.rearm(A);
        process.stop();
    }
    CHECK(after(machine) == "B");
    machine.reboot();
    CHECK(after(machine) == "B");
}

TEST_CASE("journal: armed again with an unfinished cancel, it is latched after a restart") {
    Machine machine = machine_of();
    {
        Process process(machine);
        process.trip({A});
        process.answer(AnswerClass::failed);
        process.rearm(A);
        CHECK_FALSE(process.engine.family(A).latched);
        process.stop();
    }
    CHECK(after(machine) == "A unfinished");
}

TEST_CASE(
    "journal: an armed family whose lock is still to be released is latched after a restart") {
    Machine machine = machine_of();
    machine.plan.families[0].lock = 5000ms;
    {
        Process process(machine);
        process.trip({A});
        process.answer();
        process.rearm(A);
        CHECK(state_name(process.engine.family(A)) == "releasing");
        process.stop();
    }
    CHECK(after(machine) == "A");
}

TEST_CASE("journal: a crash keeps what was latched, and after_crash decides about the others") {
    Machine machine = machine_of();
    {
        Process process(machine);
        process.trip({B});
        process.answer();
    }
    CHECK_FALSE(machine.fold().clean);
    CHECK(after(machine, AfterCrash::latched) == "A held, B, C held");
    CHECK(after(machine, AfterCrash::fire) == "A unfinished, B, C unfinished");
    CHECK(after(machine, AfterCrash::armed) == "B");
    machine.reboot();
    CHECK(after(machine, AfterCrash::latched) == "A held, B held, C held");
}

TEST_CASE(
    "journal: a crash between the gate and the record still latches, and the cancel goes on") {
    Machine machine = machine_of();
    {
        Process process(machine);
        process.run(
            [&] {
                process.engine.on_trip(all_families(machine.plan), {"ann", "news"}, machine.now,
                                       process.step);
            },
            Process::Crash::before_actions);
    }
    CHECK(after(machine, AfterCrash::armed) == "A unfinished, B unfinished, C unfinished");
    CHECK(machine.fold().last_attempt == AttemptId{3});
}

TEST_CASE("journal: a crash while an accepted family is cancelled again repeats that cancel") {
    Machine machine = machine_of();
    {
        Process process(machine);
        process.trip({A});
        process.answer();
        process.run(
            [&] {
                const FamilyId again[] = {A};
                process.engine.on_trip(again, {"ann", "news"}, machine.now, process.step);
            },
            Process::Crash::before_actions);
    }
    CHECK(after(machine, AfterCrash::armed) == "A unfinished");
    const Process next(machine);
    REQUIRE(next.before.latched[0].family == A);
    CHECK_FALSE(next.before.latched[0].accepted);  // an answer said so of the cancel before
}

TEST_CASE("journal: a repeated cancel that waits for the budget is not forgotten") {
    Machine machine = machine_of(1);
    machine.plan.accounts[0].budget.slots = 2;
    machine.plan.accounts[0].budget.reserve = 1;
    {
        Process process(machine);
        process.trip({A});
        process.answer();
        process.trip({A});
        CHECK(process.engine.family(A).cancel == Cancel::due);
    }
    CHECK(after(machine, AfterCrash::armed) == "A unfinished");
}

TEST_CASE("journal: a crash between an open gate and its record leaves the family latched") {
    Machine machine = machine_of();
    {
        Process process(machine);
        process.trip({A});
        process.answer();
        process.run(
            [&] {
                const FamilyId family = A;
                const TripId trip[] = {process.engine.family(A).trip};
                process.engine.on_rearm({&family, 1}, trip, {"ann", "calm"}, true, machine.now,
                                        process.step);
            },
            Process::Crash::before_actions);
        CHECK_FALSE(process.engine.family(A).latched);
    }
    CHECK(after(machine, AfterCrash::armed) == "A");
}

TEST_CASE("journal: a crash after an arming that was told leaves the family armed") {
    Machine machine = machine_of();
    {
        Process process(machine);
        process.trip({A});
        process.answer();
        process.rearm(A);
    }
    CHECK(after(machine, AfterCrash::armed) == "");
}

TEST_CASE("journal: a word that is neither is a latch, whatever made it so") {
    Machine machine = machine_of();
    {
        Process process(machine);
        process.stop();
    }
    const std::size_t words = 256 + 32 * 4;  // the head, and the names of 3 families and 1 account
    machine.board->bytes()[words + 8] ^= std::byte{1};
    CHECK(after(machine) == "B unfinished");
}

// ---- No room ------------------------------------------------------------------------------------

TEST_CASE("journal: records that found no room are counted, told, and their state is not lost") {
    Machine machine = machine_of();
    machine.ring = 16;
    {
        Process process(machine);
        for (int i = 0; i < 10; ++i) {
            process.trip({A});
            process.answer();
            process.rearm(A);
            process.wait(3s);
        }
        process.trip({B});
        CHECK(process.board().lost() > 0);
        process.store();
        process.answer();  // room again: the loss is told, and how all stand
        process.stop();
    }
    const Folded folded = machine.fold();
    CHECK(folded.health == Folded::Health::whole);
    CHECK(folded.clean);
    CHECK(after(machine) == "B");
    machine.reboot();
    CHECK(after(machine) == "B");
    Process next(machine);
    next.trip({C});
    CHECK(next.engine.family(C).trip == TripId{12});
}

TEST_CASE("journal: an end whose loss could not be told is no peaceful end") {
    Machine machine = machine_of();
    machine.ring = 4;
    {
        Process process(machine);
        process.trip({A});
        process.answer();
        process.stop();
    }
    CHECK_FALSE(machine.fold().clean);
    CHECK(after(machine, AfterCrash::armed) == "A unfinished");
    CHECK(after(machine, AfterCrash::latched) == "A unfinished, B held, C held");
}

TEST_CASE("journal: room that comes too late to tell of a loss makes no peaceful end") {
    Machine machine = machine_of();
    machine.ring = 4;
    {
        Process process(machine);
        process.trip({A});
        process.answer();
        process.store();
        process.stop();
    }
    CHECK_FALSE(machine.fold().clean);
}
