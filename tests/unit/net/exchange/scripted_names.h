// Names that resolve as a test says: this test program has a getaddrinfo of its own, which knows
// these names and hands all others on.
#pragma once

#include <string>
#include <vector>

namespace scram::testing {

void name_resolves_to(const std::string& name, std::vector<std::string> addresses);
void name_does_not_resolve(const std::string& name);

// How often it was looked up so far.
std::size_t lookups_of(const std::string& name);

// While it lives, looking `name` up hangs.
class HangingName {
  public:
    explicit HangingName(std::string name);
    ~HangingName();
    HangingName(const HangingName&) = delete;
    HangingName& operator=(const HangingName&) = delete;

  private:
    std::string name_;
};

}  // namespace scram::testing
