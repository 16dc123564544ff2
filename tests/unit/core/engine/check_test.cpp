// A broken transition of a link, a slot of the budget or a family's switch ends the process.
#include <doctest/doctest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>

#include "core/engine/budget.h"
#include "core/engine/kill_switch.h"
#include "core/engine/links.h"

using namespace scram;

namespace {

constexpr Time checked_at = time_from_ns(1'000'000'000);

// In a process of its own, which leaves no core and says nothing.
template <class Act>
bool aborts(Act&& act) {
    const pid_t child = fork();
    REQUIRE(child >= 0);
    if (child == 0) {
        const rlimit no_core{0, 0};
        setrlimit(RLIMIT_CORE, &no_core);
        std::signal(SIGABRT, SIG_DFL);
        if (std::freopen("/dev/null", "w", stderr) == nullptr) _exit(1);
        act();
        _exit(0);
    }
    int status = 0;
    REQUIRE(waitpid(child, &status, 0) == child);
    return WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT;
}

LinkState idle_link() {
    LinkState link{AccountId{}};
    link.came_up();
    return link;
}

}  // namespace

TEST_CASE("check: a link takes one request at a time, and only while it is up") {
    CHECK(aborts([] { LinkState(AccountId{}).fire({}, checked_at, 1s); }));
    CHECK(aborts([] { LinkState(AccountId{}).rehearse(checked_at, 1s); }));
    CHECK(aborts([link = idle_link()]() mutable {
        link.fire({}, checked_at, 1s);
        link.rehearse(checked_at, 1s);
    }));
    CHECK(aborts([link = idle_link()]() mutable { link.came_up(); }));
    CHECK_FALSE(aborts([link = idle_link()]() mutable {
        link.fire({}, checked_at, 1s);
        link.answered(true, checked_at);
        link.rehearse(checked_at, 1s);
        link.abort(checked_at + 1s);
    }));
}

TEST_CASE("check: a link has an answer, or is given up, once and for a request in flight") {
    CHECK(aborts([link = idle_link()]() mutable { link.answered(true, checked_at); }));
    CHECK(aborts([link = idle_link()]() mutable { link.abort(checked_at); }));
    CHECK(aborts([link = idle_link()]() mutable {
        link.fire({}, checked_at, 1s);
        link.abort(checked_at);  // not overdue yet
    }));
    CHECK(aborts([link = idle_link()]() mutable {
        link.rehearse(checked_at, 1s);
        link.went_down(checked_at);
        link.answered(true, checked_at);
    }));
}

TEST_CASE("check: a budget's slot ends one request, that was taken and not heard of") {
    using End = void (Budget::*)(Budget::Slot, Time);
    for (const End end :
         {&Budget::answered, &Budget::undecided, &Budget::lost, &Budget::returned}) {
        CHECK(aborts([end] { (Budget(BudgetSpec{}).*end)(0, checked_at); }));
        CHECK(aborts([end] {
            Budget budget{BudgetSpec{}};
            const auto slot = budget.take(checked_at, Budget::Purpose::trip);
            budget.lost(*slot, checked_at);
            (budget.*end)(*slot, checked_at);
        }));
        CHECK(aborts([end] { (Budget(BudgetSpec{}).*end)(budget_slots_max, checked_at); }));
        CHECK_FALSE(aborts([end] {
            Budget budget{BudgetSpec{}};
            (budget.*end)(*budget.take(checked_at, Budget::Purpose::trip), checked_at);
        }));
    }
    CHECK(aborts([] { Budget(BudgetSpec{}).throttled(0, checked_at); }));
}

TEST_CASE("check: a budget is restored before anything was taken of it") {
    CHECK(aborts([] {
        Budget budget{BudgetSpec{}};
        budget.take(checked_at, Budget::Purpose::trip);
        budget.restore({}, checked_at);
    }));
}

TEST_CASE("check: a switch is armed by a person, and fires what is due") {
    CHECK(aborts([] { KillSwitch().arm(); }));
    CHECK(aborts([] { KillSwitch().release(); }));
    CHECK(aborts([] { KillSwitch().fired(AttemptId{1}, LinkId{}, never); }));
    CHECK(aborts([] { KillSwitch().accept(); }));
}
