// Whatever happens, and wherever it is cut off: the next start knows what the last one knew.
#include <doctest/doctest.h>

#include <random>

#include "tests/unit/core/journal/rig.h"

using namespace scram;
using namespace scram::test;

namespace {

class Dice {
  public:
    explicit Dice(std::uint64_t seed) : random_(seed) {}
    std::size_t below(std::size_t n) { return static_cast<std::size_t>(random_() % n); }
    bool one_in(std::size_t n) { return below(n) == 0; }

  private:
    std::mt19937_64 random_;
};

constexpr std::size_t family_count = 4;

Plan random_plan(Dice& dice) {
    Plan plan = plan_of({family_count});
    for (FamilySpec& family : plan.families) {
        if (dice.one_in(2)) family.lock = 1000ms;
    }
    plan.accounts[0].budget.slots = static_cast<std::uint8_t>(1 + dice.below(5));
    plan.accounts[0].budget.reserve = 0;
    return plan;
}

AnswerClass random_class(Dice& dice) {
    return static_cast<AnswerClass>(dice.below(7));
}

// How every family stands, by the engine.
std::string by_engine(const Engine& engine) {
    std::string text;
    for (std::size_t f = 0; f < family_count; ++f) {
        const Standing standing = standing_of(engine.family(id_at<FamilyId>(f)));
        text += std::to_string(standing.latched) + std::to_string(standing.unfinished) +
                std::to_string(static_cast<std::uint64_t>(standing.trip)) + " ";
    }
    return text;
}

std::string by_records(const Folded& folded, const Plan& plan) {
    std::string text;
    for (const FamilySpec& family : plan.families) {
        const auto found = folded.families.find(family.name);
        const Standing standing = found == folded.families.end() ? Standing{} : found->second;
        text += std::to_string(standing.latched) + std::to_string(standing.unfinished) +
                std::to_string(static_cast<std::uint64_t>(standing.trip)) + " ";
    }
    return text;
}

void random_input(Process& process, Dice& dice) {
    const FamilyId family = id_at<FamilyId>(dice.below(family_count));
    switch (dice.below(6)) {
        case 0:
            return process.trip({family});
        case 1:
            return process.trip({family, id_at<FamilyId>(dice.below(family_count))});
        case 2:
            return process.answer(random_class(dice));
        case 3:
            return process.rearm(family);
        case 4:
            return process.wait(Duration{static_cast<std::int64_t>(dice.below(2'000'000'000))});
        case 5:
            if (dice.one_in(2)) process.store();
            if (dice.one_in(4)) process.begin_file_after_store();
            return;
    }
}

}  // namespace

TEST_CASE("journal: after any inputs the fold equals the engine, with and without the board") {
    for (std::uint64_t seed = 1; seed <= 300; ++seed) {
        CAPTURE(seed);
        Dice dice(seed);
        Machine machine = machine_of(family_count);
        machine.ring = dice.one_in(3) ? 32 : 512;
        machine.plan = random_plan(dice);
        for (int life = 0; life < 3; ++life) {
            Process process(machine, AfterCrash::armed);
            for (int i = 0; i < 40; ++i) {
                random_input(process, dice);
                if (process.board().lost() == 0)
                    REQUIRE(by_records(machine.fold(), machine.plan) == by_engine(process.engine));
            }
            process.store();
            process.wait(1ms);
            process.trip({A});  // room again: what was lost is told
            const bool in_peace = dice.one_in(2);
            if (in_peace) process.stop();
            process.store();
            if (dice.one_in(2)) machine.reboot();
            const Folded folded = machine.fold();
            REQUIRE(folded.health == Folded::Health::whole);
            REQUIRE(folded.clean == in_peace);
            REQUIRE(by_records(folded, machine.plan) == by_engine(process.engine));
            REQUIRE(folded.last_trip == process.last_trip());
        }
    }
}

TEST_CASE("journal: cut off at any input, nothing latched is armed and no cancel is forgotten") {
    std::size_t crashes = 0;
    for (std::uint64_t seed = 1; seed <= 400; ++seed) {
        CAPTURE(seed);
        Dice dice(seed);
        Machine machine = machine_of(family_count);
        machine.plan = random_plan(dice);
        for (int life = 0; life < 4; ++life) {
            Process process(machine, AfterCrash::armed);
            const std::size_t inputs = dice.below(30);
            for (std::size_t i = 0; i < inputs; ++i) random_input(process, dice);
            process.crash_in_next();
            random_input(process, dice);
            crashes += process.crashed() ? 1 : 0;
            const Restored next = restored(machine.fold(), machine.plan, AfterCrash::armed);
            for (std::size_t f = 0; f < family_count; ++f) {
                const Standing then = standing_of(process.engine.family(id_at<FamilyId>(f)));
                const auto found =
                    std::find_if(next.latched.begin(), next.latched.end(),
                                 [f](const auto& family) { return index(family.family) == f; });
                if (then.latched || then.unfinished) REQUIRE(found != next.latched.end());
                if (then.unfinished && process.was_sent(id_at<FamilyId>(f)))
                    REQUIRE(found->unfinished);
            }
            REQUIRE(next.last_attempt >= process.last_attempt());
        }
    }
    CHECK(crashes > 500);
}
