// scram-now's rehearsal: everything but the cancel.
#pragma once

#include "config/config.h"
#include "daemon/scram_now/output.h"
#include "net/tls/context.h"

namespace scram {

// Connects to each address of each name of the exchange, verifies it, asks for the time, and says
// what of `plan` would be cancelled when. True if at least one address would do.
bool rehearse_now(TlsContext& tls, const ExchangeConfig& exchange, const Plan& plan,
                  NowOutput& output);

}  // namespace scram
