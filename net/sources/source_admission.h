// Who attaches as which source, and under which ids: asked by the ingress, which knows no plan and
// no rights.
#pragma once

#include <string>
#include <string_view>
#include <variant>

#include "core/base/ids.h"
#include "net/unix/socket.h"

namespace scram {

class SourceAdmission {
  public:
    // A source's name and process; its id, or why it may not attach (what was expected).
    virtual std::variant<SourceId, std::string> attach(std::string_view name, const Peer& peer) = 0;
    // Asked again of each that is attached by Ingress::check_rights().
    virtual bool may_stay(SourceId, const Peer&) { return true; }
    virtual std::variant<FamilyId, std::string> resolve_family(SourceId source,
                                                               std::string_view name) = 0;
    virtual std::variant<MetricId, std::string> resolve_metric(std::string_view name) = 0;
    virtual void left(SourceId source) = 0;
    // `reason`: its connection closed without goodbye, or it broke the protocol.
    virtual void vanished(SourceId source, const std::string& reason) = 0;
    // One that had not attached.
    virtual void turned_away(const Peer& peer, Rejection why) = 0;

  protected:
    ~SourceAdmission() = default;
};

}  // namespace scram
