// Names of option instruments, as OKX makes them: family, date of expiry, strike, C or P.
// https://www.okx.com/docs-v5/en/#public-data-rest-api-get-instruments
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "core/base/fixed_text.h"

namespace scram {

inline constexpr std::size_t instrument_name_max = 40;

// BTC-USD-261225-60000-C is an option of BTC-USD. Nothing that is one needs an escape in JSON, as
// long as the family's name needs none.
bool is_option_of(std::string_view instrument, std::string_view inst_family);

// One order of an account.
struct OrderRef {
    FixedText<instrument_name_max> inst_id;
    std::uint64_t ord_id = 0;
};

}  // namespace scram
