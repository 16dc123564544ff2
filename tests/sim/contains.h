#pragma once

#include <algorithm>
#include <vector>

namespace scram::sim {

template <class T>
bool contains(const std::vector<T>& all, T one) {
    return std::find(all.begin(), all.end(), one) != all.end();
}

}  // namespace scram::sim
