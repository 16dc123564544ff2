// Who attaches, and under which ids: what sources ask of the ingress, answered from the plan and
// the rights.
#pragma once

#include <string>

#include "config/config.h"
#include "daemon/control/refusals.h"
#include "daemon/loop/driver.h"
#include "net/sources/source_admission.h"

namespace scram {

class SourceRegistry final : public SourceAdmission {
  public:
    SourceRegistry(const Config& config, Driver& driver, Refusals& refusals)
        : config_(config), driver_(driver), refusals_(refusals) {}

  private:
    std::variant<SourceId, std::string> attach(std::string_view name, const Peer& peer) override;
    bool may_stay(SourceId source, const Peer& peer) override;
    std::variant<FamilyId, std::string> resolve_family(SourceId source,
                                                       std::string_view name) override;
    std::variant<MetricId, std::string> resolve_metric(std::string_view name) override;
    void left(SourceId source) override { driver_.source_left(source); }
    void vanished(SourceId source, const std::string& reason) override {
        driver_.source_vanished(source, reason);
    }
    void turned_away(const Peer& peer, Rejection why) override { refusals_.count(why, peer); }
    std::variant<SourceId, std::string> source_for(const Peer& peer, std::string_view name) const;

    const Config& config_;
    Driver& driver_;
    Refusals& refusals_;
};

}  // namespace scram
