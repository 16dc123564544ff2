#include "daemon/signer/monitor.h"

#include <utility>

#include "daemon/log/line.h"

namespace scram {

std::vector<LogNotice> SignerMonitor::news(const SignerClient& signer, Time now) {
    std::vector<LogNotice> out;
    if (std::exchange(restarts_, signer.restarts()) != signer.restarts()) {
        out.push_back(
            {4, LogLine(LogEvent::signer_restarted)
                    .add("pid", signer.hello().pid)
                    .add("detail",
                         "the previous signer died; the requests that it had signed stay valid")
                    .text()});
    }
    if (signer.gone() && !std::exchange(loss_told_, true)) {
        out.push_back({1, LogLine(LogEvent::signer_gone)
                              .add("detail",
                                   "its processes have ended: scramd ends too when the oldest "
                                   "signature is 20 s old, to be started again")
                              .text()});
    }
    const bool is_time = refusals_told_at_ == Time{} || now - refusals_told_at_ >= 1min;
    if (signer.refused() == refusals_ || !is_time) return out;
    out.push_back({3, LogLine(LogEvent::signer_refused)
                          .add("count", signer.refused() - refusals_)
                          .add("why", name(signer.last_refusal()))
                          .text()});
    refusals_ = signer.refused();
    refusals_told_at_ = now;
    return out;
}

}  // namespace scram
