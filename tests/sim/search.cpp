#include "tests/sim/search.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace scram::sim {
namespace {

constexpr int tries_max = 600;

class Search {
  public:
    Search(std::uint64_t seed, const Outcome& failure) : seed_(seed), failure_(failure) {}

    Cut run() {
        for (std::size_t f = 0; f < fault_count; ++f) {
            Cut less = best_;
            less.faults = best_.faults.without(static_cast<Fault>(f));
            take(less);
        }
        for (std::uint32_t size = failure_.doings / 2; size > 0; size /= 2) leave_out_runs(size);
        return best_;
    }

  private:
    void leave_out_runs(std::uint32_t size) {
        for (std::uint32_t first = 0; first < failure_.doings; first += size) {
            const bool known =
                std::any_of(best_.doings.begin(), best_.doings.end(), [&](const Cut::Doings& out) {
                    return out.first <= first && first + size <= out.end;
                });
            if (known) continue;
            Cut less = best_;
            less.doings.push_back({first, first + size});
            take(less);
        }
    }

    void take(const Cut& less) {
        if (++tries_ > tries_max) return;
        Coverage unseen;
        const Outcome outcome = World(seed_, less, false, unseen).run();
        if (!outcome.failed || outcome.invariant != failure_.invariant) return;
        best_ = less;
        failure_ = outcome;
    }

    std::uint64_t seed_;
    Outcome failure_;
    Cut best_;
    int tries_ = 0;
};

// Ranges that touch or lie within each other become one.
std::vector<Cut::Doings> joined(std::vector<Cut::Doings> all) {
    std::sort(all.begin(), all.end(),
              [](const auto& a, const auto& b) { return a.first < b.first; });
    std::vector<Cut::Doings> out;
    for (const Cut::Doings& one : all) {
        if (!out.empty() && one.first <= out.back().end) {
            out.back().end = std::max(out.back().end, one.end);
        } else {
            out.push_back(one);
        }
    }
    return out;
}

// Calls `take` with each part of "a,b,c".
template <class Take>
bool each_part(std::string_view list, Take&& take) {
    while (!list.empty()) {
        const std::size_t comma = std::min(list.find(','), list.size());
        if (!take(list.substr(0, comma))) return false;
        list.remove_prefix(std::min(comma + 1, list.size()));
    }
    return true;
}

bool number(std::string_view text, std::uint32_t& out) {
    return std::from_chars(text.data(), text.data() + text.size(), out).ptr ==
               text.data() + text.size() &&
           !text.empty();
}

}  // namespace

Cut shorten(std::uint64_t seed, const Outcome& failure) {
    Cut cut = Search(seed, failure).run();
    cut.doings = joined(std::move(cut.doings));
    return cut;
}

std::string options_of(const Cut& cut) {
    std::string faults;
    std::string doings;
    for (std::size_t f = 0; f < fault_count; ++f) {
        if (cut.faults.has(static_cast<Fault>(f))) continue;
        faults += fmt::format("{}{}", faults.empty() ? "" : ",", fault_names[f]);
    }
    for (const Cut::Doings& one : cut.doings)
        doings += fmt::format("{}{}-{}", doings.empty() ? "" : ",", one.first, one.end);
    std::string out;
    if (!faults.empty()) out += fmt::format(" --without {}", faults);
    if (!doings.empty()) out += fmt::format(" --skip {}", doings);
    return out;
}

bool leave_out(Cut& cut, std::string_view faults, std::string_view doings) {
    const bool known = each_part(faults, [&](std::string_view name) {
        const auto found = std::find(fault_names.begin(), fault_names.end(), name);
        if (found == fault_names.end()) return false;
        cut.faults = cut.faults.without(static_cast<Fault>(found - fault_names.begin()));
        return true;
    });
    return known && each_part(doings, [&](std::string_view range) {
               const std::size_t dash = std::min(range.find('-'), range.size() - 1);
               Cut::Doings one;
               if (!number(range.substr(0, dash), one.first) ||
                   !number(range.substr(dash + 1), one.end))
                   return false;
               cut.doings.push_back(one);
               return true;
           });
}

}  // namespace scram::sim
