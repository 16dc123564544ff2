// Opens the records of a TLS 1.3 client as its peer would, from bytes that were on the wire. Shares
// no code with the sealer, nor with OpenSSL's TLS.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace scram::testing {

struct Opened {
    int type;  // 21 an alert, 22 of the handshake, 23 application data
    std::string text;

    bool operator==(const Opened&) const = default;
};

class Opener {
  public:
    Opener(int suite, const std::string& secret);

    // None: it was not sealed under this number, or not with this secret.
    std::optional<Opened> open(std::string_view record, std::uint64_t number) const;

  private:
    int suite_;
    std::string key_, iv_;
};

std::vector<std::string> records_of(std::string_view raw);

}  // namespace scram::testing
