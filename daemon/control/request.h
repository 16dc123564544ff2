// One line of the control protocol (daemon/control/protocol.h), read.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "core/base/ids.h"
#include "core/base/time.h"

namespace scram {

struct OperatorRequest {
    std::int64_t version = 0;
    std::string op, target, reason;
    std::vector<TripId> trips;
    milliseconds wait{};    // for the outcome
    bool verified = false;  // of a trip: until it is verified, not accepted alone
    TripId trip{};
    bool force = false;
    bool signals = false;
};

// Strict: a key that this version does not know is refused, not ignored, so that a newer scramctl's
// wish is never half done.
class RequestReader {
  public:
    RequestReader();
    ~RequestReader();

    // The request, or what was expected.
    std::variant<OperatorRequest, std::string> read(std::string_view line);

  private:
    struct Parser;
    std::unique_ptr<Parser> parser_;
};

}  // namespace scram
