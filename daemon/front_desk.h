// Who attaches, and under which ids: what sources ask of the ingress, answered from the plan and
// the rights.
#pragma once

#include <string>

#include "config/config.h"
#include "daemon/driver.h"
#include "net/ingress.h"

namespace scram {

class FrontDesk final : public SignalSink {
  public:
    FrontDesk(const Config& config, Driver& driver) : config_(config), driver_(driver) {}

  private:
    std::variant<SourceId, std::string> attach(std::string_view name, const Peer& peer) override;
    std::variant<FamilyId, std::string> resolve_family(SourceId source,
                                                       std::string_view name) override;
    std::variant<MetricId, std::string> resolve_metric(std::string_view name) override;
    void signal(SourceId source, const scram_signal& signal, Time read_at) override {
        driver_.signal(source, signal, read_at);
    }
    void signals_lost(SourceId source, Time seen_at) override {
        driver_.signals_lost(source, seen_at);
    }
    void left(SourceId source) override { driver_.source_left(source); }
    void vanished(SourceId source, const std::string& reason) override {
        driver_.source_vanished(source, reason);
    }

    const Config& config_;
    Driver& driver_;
};

}  // namespace scram
