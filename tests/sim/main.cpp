// scram_sim: simulates seeds, and says which broke a promise, how, and how to see it again.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <atomic>
#include <chrono>
#include <csignal>
#include <ctime>
#include <mutex>
#include <thread>

#include "tests/sim/search.h"
#include "tests/sim/violation.h"

using namespace scram;
using namespace scram::sim;

namespace {

struct Options {
    std::uint64_t seeds = 1000;
    std::uint64_t first = 1;
    unsigned jobs = std::max(1u, std::thread::hardware_concurrency());
    bool trace = false;
    bool every_situation = false;
    bool brief = false;  // for a script: the first failure in one line
    std::string without;
    std::string skip;
};

struct Total {
    std::uint64_t seeds = 0;
    std::uint64_t trips = 0;
    std::uint64_t inputs = 0;
    double cpu_seconds = 0;
    Coverage seen;
    std::vector<std::pair<std::uint64_t, Outcome>> failures;
};

// Which seed each thread is at, for the last words of a process that a check() ends.
thread_local std::uint64_t present_seed = 0;

extern "C" void last_words(int) {
    std::fprintf(stderr,
                 "seed %llu: a check() failed in it; replay: ./dev sim --seed %llu --trace\n",
                 static_cast<unsigned long long>(present_seed),
                 static_cast<unsigned long long>(present_seed));
    std::_Exit(3);
}

double cpu_seconds_of_thread() {
    timespec time{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9;
}

Total simulate(const Options& options) {
    constexpr std::size_t failures_max = 5;
    Total total;
    std::mutex lock;
    std::atomic<std::uint64_t> next = options.first;
    const std::uint64_t end = options.first + options.seeds;
    const auto work = [&] {
        Total mine;
        for (std::uint64_t seed = next++; seed < end; seed = next++) {
            present_seed = seed;
            const Outcome outcome = World(seed, {}, false, mine.seen).run();
            ++mine.seeds;
            mine.trips += outcome.trips;
            mine.inputs += outcome.inputs;
            if (outcome.failed) mine.failures.emplace_back(seed, outcome);
            if (mine.failures.size() >= (options.brief ? 1 : failures_max)) next = end;
        }
        const std::lock_guard guard(lock);
        total.seeds += mine.seeds;
        total.trips += mine.trips;
        total.inputs += mine.inputs;
        total.cpu_seconds += cpu_seconds_of_thread();
        total.seen.add(mine.seen);
        total.failures.insert(total.failures.end(), mine.failures.begin(), mine.failures.end());
    };
    std::vector<std::thread> threads;
    for (unsigned j = 0; j < options.jobs; ++j) threads.emplace_back(work);
    for (std::thread& thread : threads) thread.join();
    std::sort(total.failures.begin(), total.failures.end(),
              [](const auto& a, const auto& b) { return a.first < b.first; });
    return total;
}

// ---- What is printed ----------------------------------------------------------------------------

void tell(std::uint64_t seed, const Outcome& outcome) {
    fmt::print("seed {} breaks invariant {} at {:.6f} s: {}\n  ({})\n", seed, outcome.invariant,
               static_cast<double>((outcome.at - world_start).count()) / 1e9, outcome.seen,
               invariants[static_cast<std::size_t>(outcome.invariant)]);
}

void tell_shortest(std::uint64_t seed, const Outcome& failure) {
    constexpr std::size_t lines_max = 120;
    tell(seed, failure);
    const Cut cut = shorten(seed, failure);
    Coverage unseen;
    const Outcome shortest = World(seed, cut, true, unseen).run();
    fmt::print("  commit {}\n  replay: ./dev sim --seed {} --trace{}\n", SCRAM_SIM_COMMIT, seed,
               options_of(cut));
    const auto& lines = shortest.trace;
    const std::size_t from = lines.size() > lines_max ? lines.size() - lines_max : 0;
    if (from > 0) fmt::print("  ... {} lines before\n", from);
    for (std::size_t i = from; i < lines.size(); ++i) fmt::print("{}\n", lines[i]);
}

void tell(const Total& total, double seconds) {
    const double per_minute =
        total.cpu_seconds > 0 ? static_cast<double>(total.trips) / total.cpu_seconds * 60 : 0;
    fmt::print("{} seeds, {} trips, {} inputs in {:.1f} s; {:.0f} trips per minute of one core\n",
               total.seeds, total.trips, total.inputs, seconds, per_minute);
}

int replay(const Options& options) {
    Cut cut;
    if (!leave_out(cut, options.without, options.skip)) {
        fmt::print(stderr, "--without wants names of faults: {}\n--skip wants ranges: 3-17,20-21\n",
                   fmt::join(fault_names, ","));
        return 2;
    }
    present_seed = options.first;
    Coverage seen;
    const Outcome outcome = World(options.first, cut, options.trace, seen).run();
    for (const std::string& line : outcome.trace) fmt::print("{}\n", line);
    if (outcome.failed) tell(options.first, outcome);
    fmt::print("seed {}: {} trips, {} inputs, trace {:016x}, {}\n", options.first, outcome.trips,
               outcome.inputs, outcome.hash, outcome.failed ? "FAILED" : "clean");
    return outcome.failed ? 1 : 0;
}

// ---- What is tested -----------------------------------------------------------------------------

bool same_seed_same_trace() {
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
        Coverage seen;
        const std::uint64_t first = World(seed, {}, false, seen).run().hash;
        const std::uint64_t second = World(seed, {}, true, seen).run().hash;
        const std::uint64_t other = World(seed + 1, {}, false, seen).run().hash;
        if (first != second || first == other) {
            fmt::print("seed {}: its trace is not its own: {:016x} {:016x} {:016x}\n", seed, first,
                       second, other);
            return false;
        }
    }
    return true;
}

bool every_situation_seen(const Coverage& seen) {
    bool all = true;
    for (std::size_t i = 0; i < seen_count; ++i) {
        if (seen.counts[i] > 0) continue;
        fmt::print("never seen: {}\n", seen_names[i]);
        all = false;
    }
    return all;
}

void tell_situations(const Coverage& seen) {
    for (std::size_t i = 0; i < seen_count; ++i)
        fmt::print("{:>32} {:>10}{}", seen_names[i], seen.counts[i], i % 3 == 2 ? "\n" : "");
    fmt::print("\n");
}

int run(const Options& options) {
    const auto start = std::chrono::steady_clock::now();
    const Total total = simulate(options);
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
    if (options.brief) {
        if (total.failures.empty()) return 0;
        const auto& [seed, outcome] = total.failures.front();
        fmt::print("caught {} {} {}\n", outcome.invariant, seed - options.first + 1, outcome.seen);
        return 1;
    }
    int failed = 0;
    if (!total.failures.empty()) ++failed;
    for (std::size_t i = 0; i < total.failures.size(); ++i) {
        const auto& [seed, outcome] = total.failures[i];
        i == 0 ? tell_shortest(seed, outcome) : tell(seed, outcome);
    }
    if (!same_seed_same_trace()) ++failed;
    tell_situations(total.seen);
    if (options.every_situation && !every_situation_seen(total.seen)) ++failed;
    tell(total, took.count());
    fmt::print("{} passed, {} failed\n", 2 + (options.every_situation ? 1 : 0) - failed, failed);
    return failed == 0 ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
    CLI::App app{"Simulates scramd's engine in a world of faults, by seed."};
    Options options;
    app.add_option("--seeds", options.seeds, "how many seeds");
    const auto* seed = app.add_option("--seed", options.first, "the first seed, or the only one");
    app.add_option("--jobs", options.jobs, "threads")->check(CLI::Range(1, 64));
    app.add_flag("--trace", options.trace, "one seed: print what happens");
    app.add_option("--without", options.without, "one seed: kinds of faults to leave out");
    app.add_option("--skip", options.skip, "one seed: doings to leave out, as 3-17,20-21");
    app.add_flag("--every-situation", options.every_situation,
                 "fail if a situation never occurred");
    app.add_flag("--brief", options.brief, "stop at the first failure, told in one line");
    CLI11_PARSE(app, argc, argv);
    std::signal(SIGABRT, last_words);
    const bool one = seed->count() > 0 && app.get_option("--seeds")->count() == 0;
    return one ? replay(options) : run(options);
}
