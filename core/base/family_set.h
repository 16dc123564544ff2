// A set of families that is walked in their order, one word for each 64 of them.
#pragma once

#include <bit>
#include <cstdint>
#include <vector>

#include "core/base/ids.h"
#include "core/base/prefetch.h"

namespace scram {

class FamilySet {
  public:
    explicit FamilySet(std::size_t families) : words_((families + 63) / 64) {}

    void insert(FamilyId id) { words_[index(id) / 64] |= bit(id); }
    void erase(FamilyId id) { words_[index(id) / 64] &= ~bit(id); }

    template <class Visit>
    void for_each(Visit&& visit) const {
        for (std::size_t w = 0; w < words_.size(); ++w) {
            for (std::uint64_t rest = words_[w]; rest != 0; rest &= rest - 1) {
                visit(id_at<FamilyId>(w * 64 + static_cast<std::size_t>(std::countr_zero(rest))));
            }
        }
    }

    void touch() const { touch_lines(words_.data(), words_.size() * sizeof words_[0]); }

  private:
    static std::uint64_t bit(FamilyId id) { return std::uint64_t{1} << (index(id) % 64); }

    std::vector<std::uint64_t> words_;
};

}  // namespace scram
