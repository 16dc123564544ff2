// What operators ask on the control socket, and what they are told (daemon/control_protocol.h).
#pragma once

#include <memory>
#include <string>

#include "config/config.h"
#include "daemon/driver.h"
#include "net/control.h"

namespace scram {

class OperatorDesk final : public ControlHandler {
  public:
    OperatorDesk(const Config& config, Driver& driver, const Scribe& scribe);
    ~OperatorDesk();

  private:
    struct Request;

    ControlReply on_line(const Peer& peer, std::string_view line) override;
    std::string on_long_line() override;
    ControlReply answer(const Peer& peer, const Request& request);
    std::string look(const Request& request) const;
    std::string trip(const Peer& peer, const Request& request);
    std::string rearm(const Peer& peer, const Request& request);
    std::string review(const std::vector<FamilyId>& families) const;
    std::string receipt(const Request& request) const;
    std::string receipts() const;
    std::string rearm_answer(const std::vector<Event>& events) const;
    std::string refusal_json(const Event& event) const;

    const Config& config_;
    Driver& driver_;
    const Scribe& scribe_;
    struct Reader;
    std::unique_ptr<Reader> reader_;
};

}  // namespace scram
