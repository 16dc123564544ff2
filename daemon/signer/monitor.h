// What the log is told of the signer: what has changed since the last look.
#pragma once

#include <vector>

#include "daemon/records/journal_writer.h"
#include "daemon/signer/client.h"

namespace scram {

class SignerMonitor {
  public:
    // Lines for the log.
    std::vector<LogNotice> news(const SignerClient& signer, Time now);

  private:
    std::uint64_t restarts_ = 0;
    std::uint64_t refusals_ = 0;
    Time refusals_told_at_{};
    bool loss_told_ = false;
};

}  // namespace scram
