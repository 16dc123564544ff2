// A certificate that was refused for its time: is it the certificate, or this host's clock, by
// which it was judged?
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "core/base/time.h"

namespace scram {

struct RefusedValidity {
    bool early = false;     // not yet valid; else expired
    std::int64_t bound{};   // it is valid from, or until, then: seconds since 1970
    std::int64_t judged{};  // by this host's clock
};

// ": what to do (valid from ...; this host's clock says ...)", to stand behind what was refused.
// `exchange`: its clock, if that is known.
std::string validity_text(const RefusedValidity& refused, std::optional<WallMillis> exchange);

}  // namespace scram
