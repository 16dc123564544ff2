// Which of the config's families the exchange lists. A family that it does not list has no options
// there: its cancel is refused, or accepted for nothing.
//
// Asked once the first link is up, and again after a reload. What the exchange did not tell, or
// told in a form that cannot be read, stays unknown, and is asked for again now and then.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "core/base/time.h"
#include "core/model/plan.h"

namespace scram {

enum class Listed : std::uint8_t { unknown, yes, no };

class FamilyListing {
  public:
    static constexpr Duration ask_first_after = 1s;  // the accounts' own links come first
    static constexpr Duration ask_again_after = 60s;

    // Everything is unknown again.
    void begin(const Plan& plan) {
        listed_.assign(plan.families.size(), Listed::unknown);
        known_ = false;
        trouble_.clear();
    }

    // The answer's families; none at all is no answer. What was known before holds until another
    // answer comes.
    void told(const Plan& plan, std::vector<std::string> names) {
        if (names.empty()) return failed("the exchange's list of option families is empty");
        names_ = std::move(names);
        std::sort(names_.begin(), names_.end());
        for (std::size_t f = 0; f < listed_.size(); ++f) {
            const std::string& name = plan.families[f].inst_family;
            listed_[f] =
                std::binary_search(names_.begin(), names_.end(), name) ? Listed::yes : Listed::no;
        }
        known_ = true;
        trouble_.clear();
    }
    void failed(std::string why) { trouble_ = std::move(why); }

    bool known() const { return known_; }
    // Why the last question was not answered; empty: it was, or is not asked or not answered yet.
    const std::string& trouble() const { return trouble_; }
    Listed of(FamilyId id) const { return listed_[index(id)]; }
    const std::vector<std::string>& names() const { return names_; }

  private:
    std::vector<Listed> listed_;      // by FamilyId
    std::vector<std::string> names_;  // that the exchange listed, sorted
    bool known_ = false;
    std::string trouble_;
};

}  // namespace scram
