// A sink and an admission that lets everybody in and makes nothing of it: a test, a fuzz target or
// a measurement overrides what it looks at.
#pragma once

#include <string>
#include <string_view>
#include <variant>

#include "net/sources/signal_sink.h"
#include "net/sources/source_admission.h"

namespace scram::testing {

class DeafSink : public SourceAdmission, public SignalSink {
  public:
    std::variant<SourceId, std::string> attach(std::string_view, const Peer&) override {
        return SourceId{0};
    }
    std::variant<FamilyId, std::string> resolve_family(SourceId, std::string_view) override {
        return FamilyId{0};
    }
    std::variant<MetricId, std::string> resolve_metric(std::string_view) override {
        return MetricId{0};
    }
    void signal(SourceId, const scram_signal&, Time) override {}
    void batch_ended(SourceId, Time) override {}
    void signals_lost(SourceId, Time) override {}
    void left(SourceId) override {}
    void vanished(SourceId, const std::string&) override {}
    void turned_away(const Peer&, Rejection) override {}

  protected:
    ~DeafSink() = default;
};

}  // namespace scram::testing
