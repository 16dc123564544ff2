#include "daemon/common/version.h"

#include <fmt/format.h>
#include <openssl/crypto.h>
#include <simdjson.h>

#include <boost/version.hpp>

namespace scram {

std::string versions() {
    const std::string boost = fmt::format("{}.{}.{}", BOOST_VERSION / 100'000,
                                          BOOST_VERSION / 100 % 1'000, BOOST_VERSION % 100);
    const std::string json = fmt::format("{}.{}.{}", int{simdjson::SIMDJSON_VERSION_MAJOR},
                                         int{simdjson::SIMDJSON_VERSION_MINOR},
                                         int{simdjson::SIMDJSON_VERSION_REVISION});
    return fmt::format("{}\n{}\nBoost {}\nsimdjson {} ({})", build_version,
                       OpenSSL_version(OPENSSL_VERSION), boost, json,
                       simdjson::get_active_implementation()->name());
}

}  // namespace scram
