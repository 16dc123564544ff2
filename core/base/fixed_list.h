// A list whose memory is allocated once: push_back beyond the capacity is a bug of ours, not a
// growth.
#pragma once

#include <cstddef>
#include <vector>

#include "core/base/check.h"

namespace scram {

template <class T>
class FixedList {
  public:
    explicit FixedList(std::size_t capacity) : capacity_(capacity) { items_.reserve(capacity); }

    void push_back(const T& item) { append() = item; }
    // A new last item, to be filled in its place.
    T& append() {
        check(items_.size() < capacity_,
              "a fixed list was sized for the most that one step can add");
        return items_.emplace_back();
    }
    void clear() { items_.clear(); }
    // In their order; those that stay keep theirs.
    template <class Test>
    void remove_if(Test test) {
        std::erase_if(items_, test);
    }
    bool empty() const { return items_.empty(); }
    std::size_t size() const { return items_.size(); }
    const T& operator[](std::size_t i) const { return items_[i]; }
    T& operator[](std::size_t i) { return items_[i]; }
    auto begin() const { return items_.begin(); }
    auto end() const { return items_.end(); }
    auto begin() { return items_.begin(); }
    auto end() { return items_.end(); }

  private:
    std::size_t capacity_;
    std::vector<T> items_;
};

}  // namespace scram
