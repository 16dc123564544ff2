// No allocation once armed. This file replaces the test program's operator new by one that counts,
// on the thread and for the span that a test asks for.
#include <doctest/doctest.h>

#include <cstddef>
#include <cstdlib>
#include <limits>
#include <new>

#include "core/journal/journal.h"
#include "core/okx/account_answers.h"
#include "core/okx/request.h"
#include "core/receipts/receipts.h"
#include "tests/unit/core/engine/rig.h"

namespace {

thread_local bool counting = false;
thread_local std::size_t allocations = 0;

void* allocate(std::size_t size, std::size_t alignment) {
    if (counting) ++allocations;
    const std::size_t rounded = (size + alignment - 1) / alignment * alignment;
    return std::aligned_alloc(alignment, rounded == 0 ? alignment : rounded);
}

void* allocate_or_throw(std::size_t size, std::size_t alignment) {
    void* memory = allocate(size, alignment);
    if (memory == nullptr) throw std::bad_alloc();
    return memory;
}

constexpr std::size_t usual = alignof(std::max_align_t);

template <class Work>
std::size_t allocations_in(Work&& work) {
    allocations = 0;
    counting = true;
    work();
    counting = false;
    return allocations;
}

}  // namespace

void* operator new(std::size_t size) {
    return allocate_or_throw(size, usual);
}
void* operator new[](std::size_t size) {
    return allocate_or_throw(size, usual);
}
void* operator new(std::size_t size, std::align_val_t alignment) {
    return allocate_or_throw(size, static_cast<std::size_t>(alignment));
}
void* operator new[](std::size_t size, std::align_val_t alignment) {
    return allocate_or_throw(size, static_cast<std::size_t>(alignment));
}
void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
    return allocate(size, usual);
}
void* operator new[](std::size_t size, const std::nothrow_t&) noexcept {
    return allocate(size, usual);
}
void operator delete(void* memory) noexcept {
    std::free(memory);
}
void operator delete[](void* memory) noexcept {
    std::free(memory);
}
void operator delete(void* memory, std::size_t) noexcept {
    std::free(memory);
}
void operator delete[](void* memory, std::size_t) noexcept {
    std::free(memory);
}
void operator delete(void* memory, std::align_val_t) noexcept {
    std::free(memory);
}
void operator delete[](void* memory, std::align_val_t) noexcept {
    std::free(memory);
}
void operator delete(void* memory, std::size_t, std::align_val_t) noexcept {
    std::free(memory);
}
void operator delete[](void* memory, std::size_t, std::align_val_t) noexcept {
    std::free(memory);
}
void operator delete(void* memory, const std::nothrow_t&) noexcept {
    std::free(memory);
}
void operator delete[](void* memory, const std::nothrow_t&) noexcept {
    std::free(memory);
}

using namespace scram;
using namespace scram::test;

namespace {

Plan plan_with_every_rule() {
    Plan plan = plan_of({7, 2});
    add_limit(plan, 100);
    add_drawdown(plan, 100).per = Per::all;
    add_stale(plan, 1s);
    add_rule(plan, "gone", RuleKind::gone);
    add_rule(plan, "bad", RuleKind::bad);
    add_change(plan, 50, 1s).hold_for = 100ms;
    add_count(plan, 50, 1s).over = Over::each;
    add_divergence(plan, 50).confirm = 2;
    RuleSpec& rolling = add_drawdown(plan, 50);
    rolling.within = 2s;
    rolling.shadow = true;
    for (RuleSpec& rule : plan.rules) {
        if (rule.metric != none<MetricId>()) rule.warn = {0.5, 0.8};
    }
    return plan;
}

// The engine's inputs by themselves, without the desk, which remembers (and so allocates).
struct Bare {
    explicit Bare(const Plan& plan) : engine(plan), step(engine.plan()) {
        families = all_families(plan);
    }
    void signal(FamilyId family, MetricId metric, double value) {
        scram_signal record{};
        record.sequence = ++sequence;
        record.value = value;
        record.family = static_cast<std::uint16_t>(family);
        record.metric = static_cast<std::uint16_t>(metric);
        record.version = SCRAM_VERSION;
        record.kind = SCRAM_VALUE;
        step.clear();
        engine.on_signal(maker, record, now, step);
    }
    void answer_all(AnswerClass answer_class) {
        for (std::size_t l = 0; l < engine.link_count(); ++l) {
            step.clear();
            if (engine.phase(link(l)) == LinkPhase::firing)
                engine.on_answer(link(l), answer_of(answer_class), now, step);
            step.clear();
            if (engine.phase(link(l)) == LinkPhase::rehearsing)
                engine.on_rehearsed(link(l), true, {}, now, step);
        }
    }
    void all_links_up() {
        for (std::size_t l = 0; l < engine.link_count(); ++l) {
            step.clear();
            engine.on_link_up(link(l), now, step);
            answer_all(AnswerClass::accepted);
        }
    }
    void later(Duration span) {
        now += span;
        step.clear();
        engine.on_time(now, step);
    }

    Engine engine;
    Step step;
    std::vector<FamilyId> families;
    Time now = time_from_ns(0) + 100s;
    std::uint64_t sequence = 0;
};

}  // namespace

TEST_CASE("allocation: the counter counts, so that these tests can fail") {
    // Called by name: what a `new` allocates in vain, a compiler may leave out.
    CHECK(allocations_in([] { ::operator delete(::operator new(100)); }) == 1);
    CHECK(allocations_in([] { ::operator delete[](::operator new[](100)); }) == 1);
    CHECK(allocations_in([] {}) == 0);
}

TEST_CASE("allocation: the engine does none, from attach to trip, try, re-arm and reset") {
    Bare bare(plan_with_every_rule());
    const OperatorNote note{"ann", "a test"};
    const std::size_t count = allocations_in([&] {
        bare.engine.on_source_joined(maker, bare.now, bare.step);
        bare.all_links_up();
        for (int i = 0; i < 100; ++i) bare.signal(A, delta, i);
        bare.signal(A, delta, 101);
        for (const AnswerClass each :
             {AnswerClass::failed, AnswerClass::ambiguous, AnswerClass::throttled,
              AnswerClass::refused, AnswerClass::clock}) {
            bare.answer_all(each);
            bare.later(3s);
        }
        bare.signal(B, delta, std::numeric_limits<double>::quiet_NaN());
        bare.signal(B, pnl, -1e9);
        bare.later(10s);
        bare.engine.on_trip(bare.families, note, bare.now, bare.step);
        bare.answer_all(AnswerClass::accepted);
        bare.step.clear();
        bare.engine.on_link_down(link(0), bare.now, bare.step);
        const TripId trips[] = {bare.engine.family(A).trip, bare.engine.family(B).trip};
        bare.engine.on_rearm(bare.families, trips, note, true, bare.now, bare.step);
        bare.step.clear();
        bare.engine.on_source_left(maker, bare.now, bare.step);
        bare.engine.on_source_vanished(other_maker, bare.now, bare.step);
    });
    CHECK(count == 0);
    CHECK(bare.engine.family(A).trip != TripId{});
}

TEST_CASE("allocation: the worst step of the largest plan fits into memory that is there") {
    Plan plan = plan_of({families_max, 2, links_per_account_max});
    plan.accounts.resize(accounts_max, plan.accounts[0]);
    for (std::size_t f = 0; f < families_max; ++f)
        plan.families[f].account = id_at<AccountId>(f % accounts_max);
    for (std::size_t r = 0; r < rules_max; ++r) add_stale(plan, 1s).sources = {maker};
    Bare bare(plan);
    const OperatorNote note{"ann", "a test"};
    const std::size_t count = allocations_in([&] {
        bare.engine.on_source_joined(maker, bare.now, bare.step);
        bare.all_links_up();
        bare.now += 1s;
        bare.step.clear();
        // Trips every rule, latches, refuses to arm and fires what it can, all in one step.
        const TripId last[] = {TripId{rules_max}};
        bare.engine.on_rearm(bare.families, last, note, true, bare.now, bare.step);
    });
    CHECK(count == 0);
    CHECK(bare.step.events.size() >= rules_max + 2 * families_max);
    CHECK(bare.step.actions.size() >= families_max + 5 * accounts_max);
}

TEST_CASE("allocation: one signal that breaches 1024 rules, each of which kills 512 families") {
    Plan plan = plan_of({families_max, 1, links_per_account_max});
    for (std::size_t r = 0; r < rules_max; ++r) add_limit(plan, 100).per = Per::all;
    Bare bare(plan);
    bare.engine.on_source_joined(maker, bare.now, bare.step);
    bare.all_links_up();
    CHECK(allocations_in([&] { bare.signal(A, delta, 101); }) == 0);
    CHECK(bare.step.events.size() == rules_max + families_max + budget_slots_max);
}

TEST_CASE(
    "allocation: the most warnings that a plan may have, told in one step and over in another") {
    Plan plan = plan_of({families_max, 1, 1});
    RuleSpec& rule = add_change(plan, 100, 1s);
    rule.warn = {0.2, 0.4, 0.6, 0.8};
    plan.rules.resize(warnings_max / families_max / 4, rule);
    Bare bare(plan);
    bare.engine.on_source_joined(maker, bare.now, bare.step);
    for (const FamilyId family : bare.families) bare.signal(family, delta, 0);
    const std::size_t count = allocations_in([&] {
        for (const FamilyId family : bare.families) bare.signal(family, delta, 90);
        bare.later(1h);
    });
    CHECK(count == 0);
    CHECK(bare.step.events.size() >= warnings_max);
}

TEST_CASE("allocation: the journal's records need none, also when there is no room for them") {
    Bare bare(plan_of({families_max, 1, links_per_account_max}));
    bare.all_links_up();
    struct alignas(256) Block {
        std::byte bytes[256];
    };
    std::vector<Block> memory(Board::size_for(bare.engine.plan()) / sizeof(Block));
    const auto bytes = std::as_writable_bytes(std::span(memory));
    Board board(bytes, bare.engine.plan(), {}, {}, {}, {}, bare.now);
    const std::size_t count = allocations_in([&] {
        for (int i = 0; i < 10; ++i) {
            bare.now += 1s;
            bare.step.clear();
            bare.engine.on_trip(bare.families, {"ann", "news"}, bare.now, bare.step);
            board.before(bare.step, bare.engine);
            board.after(bare.step, bare.engine, WallMillis{1});
        }
        board.stored(board.last());
        bare.step.clear();
        bare.engine.on_trip(bare.families, {"ann", "news"}, bare.now, bare.step);
        board.after(bare.step, bare.engine, WallMillis{1});
    });
    CHECK(count == 0);
    CHECK(board.last() > families_max);
}

TEST_CASE("allocation: receipts follow a storm of trips without any") {
    Plan plan = plan_of({families_max, 1, links_per_account_max});
    // The first signal breaches half of the rules, each that follows one more.
    const auto limit = [](std::size_t rule) {
        return 100 + static_cast<double>(rule < rules_max / 2 ? 0 : rule);
    };
    for (std::size_t r = 0; r < rules_max; ++r) add_limit(plan, limit(r)).per = Per::all;
    Bare bare(plan);
    Receipts receipts(bare.engine, std::make_shared<const Plan>(plan));
    const std::size_t count = allocations_in([&] {
        const auto follow = [&] {
            for (const Event& event : bare.step.events) receipts.on_event(event, {}, {});
        };
        bare.engine.on_source_joined(maker, bare.now, bare.step);
        bare.all_links_up();
        for (std::size_t r = rules_max / 2 - 1; r < rules_max; ++r) {
            bare.step.clear();
            bare.signal(A, delta, limit(r) + 1);
            follow();
        }
        for (int round = 0; round < 3; ++round) {
            for (std::size_t l = 0; l < bare.engine.link_count(); ++l) {
                bare.step.clear();
                if (bare.engine.phase(link(l)) != LinkPhase::firing) continue;
                bare.engine.on_answer(link(l), answer_of(AnswerClass::accepted), bare.now,
                                      bare.step);
                follow();
            }
            bare.later(3s);
            follow();
        }
    });
    CHECK(count == 0);
    CHECK(receipts.size() == receipts_max);
    REQUIRE(receipts.find(TripId{1}) != nullptr);
    CHECK(receipts.find(TripId{1})->families.size() == families_max);
    CHECK(verdict(*receipts.find(TripId{1})) == Verdict::partial);
}

TEST_CASE("allocation: to sign again and to read answers needs none") {
    HmacSigner signer("a test secret");
    ArmedRequest request({"host", "key", "pass", true}, "BTC-USD", 10'000ms);
    AnswerReader reader;
    const std::string largest(answer_body_max, '{');
    const PrivateCall orders{.what = PrivateRequest::all_orders, .inst_family = "BTC-USD"};
    const OrderRef order{FixedText<instrument_name_max>("BTC-USD-261225-60000-C"), 9};
    bool all_read = false;
    request.refresh(signer, WallMillis{1});
    const std::size_t count = allocations_in([&] {
        for (std::int64_t t = 0; t < 1000; ++t) request.refresh(signer, WallMillis{t * 1'000'003});
        for (const std::string_view body :
             {std::string_view(R"({"code":"0","msg":"","data":[{"result":true}]})"),
              std::string_view(R"({"msg":"API key doesn't exist","code":50119})"),
              std::string_view("<html>"), std::string_view(largest)}) {
            reader.mass_cancel(200, body);
            reader.time(200, body);
        }
        reader.time(200, R"({"code":"0","msg":"","data":[{"ts":"1597026383085"}]})");
        const bool told[] = {
            reader.account(200, R"({"code":"0","data":[{"perm":"trade","ip":"","uid":"7"}]})")
                .facts.has_value(),
            reader.mmp(200, R"({"code":"0","data":[]})", "BTC-USD").facts.has_value(),
            reader
                .orders(200,
                        R"({"code":"0","data":[{"instId":"BTC-USD-261225-60000-C","ordId":"9",)"
                        R"("ordType":"limit"}]})",
                        orders)
                .facts.has_value(),
            reader
                .batch(200, R"({"code":"0","data":[{"ordId":"9","sCode":"0"}]})",
                       std::span(&order, 1))
                .facts.has_value(),
            reader.timer(200, R"({"code":"0","data":[{"triggerTime":"0","tag":""}]})", "")
                .facts.has_value()};
        all_read = told[0] && told[1] && told[2] && told[3] && told[4];
    });
    CHECK(count == 0);
    CHECK(all_read);
}
