// The budget against a simulated exchange, which counts each request at any moment between its
// sending and its answer. Two wrong budgets, which look right at first sight, run the same course:
// the test must catch them.
#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <optional>
#include <random>
#include <vector>

#include "core/engine/budget.h"

using namespace scram;

namespace {

constexpr Duration exchange_window = 2s;
constexpr std::size_t all_slots = 5;
constexpr BudgetSpec spec{all_slots, 2, 2005ms, 1000ms};

// Wrong: a slot returns a window after its request was *sent*.
class FreeAfterSending {
  public:
    std::optional<std::size_t> take(Time now) {
        const auto free = std::min_element(free_at_.begin(), free_at_.end());
        if (*free > now) return std::nullopt;
        *free = now + spec.window;
        return 0;
    }
    void answered(std::size_t, Time) {}
    void lost(std::size_t, Time) {}

  private:
    std::array<Time, all_slots> free_at_{};
};

// Wrong: a steady refill of five tokens per window.
class TokenBucket {
  public:
    std::optional<std::size_t> take(Time now) {
        const double grown =
            std::chrono::duration<double>(now - refilled_) / spec.window * all_slots;
        tokens_ = std::min<double>(all_slots, tokens_ + grown);
        refilled_ = now;
        if (tokens_ < 1) return std::nullopt;
        tokens_ -= 1;
        return 0;
    }
    void answered(std::size_t, Time) {}
    void lost(std::size_t, Time) {}

  private:
    double tokens_ = all_slots;
    Time refilled_{};
};

class RealBudget {
  public:
    std::optional<std::size_t> take(Time now) {
        live(now);
        const Time promised = budget_.next_take(now, Budget::Purpose::trip);
        const auto slot = budget_.take(now, Budget::Purpose::trip);
        keeps_its_word_ = keeps_its_word_ && slot.has_value() == (promised == now);
        return slot;
    }
    void answered(std::size_t slot, Time now) {
        budget_.answered(static_cast<Budget::Slot>(slot), now);
    }
    void lost(std::size_t slot, Time now) {
        budget_.lost(static_cast<Budget::Slot>(slot), now);
        lost_.push_back(now);
    }
    // An exchange that never stands still answers each sign of life.
    void live(Time now) {
        std::erase_if(lost_, [&](Time at) {
            if (at + spec.guard > now) return false;
            budget_.alive(now, now);
            return true;
        });
    }
    bool keeps_its_word() const { return keeps_its_word_; }

  private:
    Budget budget_{spec};
    bool keeps_its_word_ = true;
    std::vector<Time> lost_;
};

struct Pending {
    Time at{};  // when its answer is read, or its connection is reset
    std::size_t slot = 0;
    bool lost = false;
};

// Sends as often as the budget allows, over a network without manners. Returns when the exchange
// counted each request.
template <class AnyBudget>
std::vector<Time> run(AnyBudget& budget, std::uint64_t seed) {
    std::mt19937_64 random(seed);
    const auto up_to = [&](Duration most) {
        return Duration{
            static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(most.count() + 1))};
    };
    const auto one_in = [&](std::uint64_t n) { return random() % n == 0; };
    std::vector<Time> counted;
    std::vector<Pending> pending;
    const Time end = time_from_ns(0) + 60s;
    for (Time now = time_from_ns(0) + 10s; now < end; now += up_to(one_in(50) ? 3s : 5ms)) {
        std::erase_if(pending, [&](const Pending& request) {
            if (request.at > now) return false;
            request.lost ? budget.lost(request.slot, now) : budget.answered(request.slot, now);
            return true;
        });
        while (const auto slot = budget.take(now)) {
            const Duration way = up_to(one_in(3) ? 3s : 20ms);
            const bool lost = one_in(8);
            // A lost request may still be counted for as long as the guard after its reset.
            const Duration latest = lost ? way + spec.guard : way;
            counted.push_back(now + (one_in(3) ? Duration{} : one_in(2) ? latest : up_to(latest)));
            pending.push_back({now + way, *slot, lost});
        }
    }
    std::sort(counted.begin(), counted.end());
    return counted;
}

// The most that any window [t, t + 2 s) holds; such a window can begin at a request.
std::size_t worst_sliding(const std::vector<Time>& counted) {
    std::size_t worst = 0;
    for (std::size_t first = 0, end = 0; first < counted.size(); ++first) {
        while (end < counted.size() && counted[end] < counted[first] + exchange_window) ++end;
        worst = std::max(worst, end - first);
    }
    return worst;
}

std::size_t worst_fixed(const std::vector<Time>& counted, Duration phase) {
    std::size_t worst = 0, in_window = 0;
    std::int64_t window = -1;
    for (const Time at : counted) {
        const std::int64_t its = (at.time_since_epoch() + phase) / exchange_window;
        in_window = its == window ? in_window + 1 : 1;
        window = its;
        worst = std::max(worst, in_window);
    }
    return worst;
}

template <class AnyBudget>
std::size_t worst_of_seeds(std::uint64_t seeds) {
    std::size_t worst = 0;
    for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
        AnyBudget budget;
        worst = std::max(worst, worst_sliding(run(budget, seed)));
    }
    return worst;
}

}  // namespace

TEST_CASE("budget: no delay and no loss puts six requests into one window") {
    for (std::uint64_t seed = 1; seed <= 300; ++seed) {
        CAPTURE(seed);
        RealBudget budget;
        const std::vector<Time> counted = run(budget, seed);
        REQUIRE(counted.size() > 30);  // it does send
        REQUIRE(worst_sliding(counted) <= all_slots);
        for (const Duration phase : {0ms, 1ms, 700ms, 1999ms})
            REQUIRE(worst_fixed(counted, phase) <= all_slots);
        REQUIRE(budget.keeps_its_word());
    }
}

TEST_CASE("budget: the same course catches a budget that frees a slot after sending") {
    CHECK(worst_of_seeds<FreeAfterSending>(20) > all_slots);
}

TEST_CASE("budget: the same course catches a budget that refills steadily") {
    CHECK(worst_of_seeds<TokenBucket>(20) > all_slots);
}

TEST_CASE("budget: an ideal network gets the full rate") {
    Budget budget(spec);
    std::size_t sent = 0;
    Time now = time_from_ns(0) + 10s;
    const Time end = now + 20050ms;  // ten windows
    while (now < end) {
        while (const auto slot = budget.take(now, Budget::Purpose::trip)) {
            budget.answered(*slot, now);
            ++sent;
        }
        now = budget.next_take(now, Budget::Purpose::trip);
    }
    CHECK(sent == 10 * all_slots);
}
