// What operators ask on the control socket, and what they are told. The protocol: one JSON object a
// line.
//
//   request   {"v":1,"op":"status"}
//             {"v":1,"op":"watch"}                       then one event a line
//             {"v":1,"op":"trip","target":"mm-1/BTC-USD" | "mm-1" | "all","reason":"..."}
//             {"v":1,"op":"rearm","target":...,"reason":"...","force":false}
//   answer    {"v":1,"ok":true,...}
//             {"v":1,"ok":false,"error":"..."}           says what was expected
#pragma once

#include <memory>
#include <string>

#include "config/config.h"
#include "daemon/driver.h"
#include "net/control.h"

namespace scram {

inline constexpr int control_version = 1;

class OperatorDesk final : public ControlHandler {
  public:
    OperatorDesk(const Config& config, Driver& driver, const Scribe& scribe);
    ~OperatorDesk();

  private:
    struct Request;

    ControlReply on_line(const Peer& peer, std::string_view line) override;
    std::string on_long_line() override;
    ControlReply answer(const Peer& peer, const Request& request);
    std::string trip(const Peer& peer, const Request& request);
    std::string rearm(const Peer& peer, const Request& request);
    std::string rearm_answer(const std::vector<Event>& events) const;

    const Config& config_;
    Driver& driver_;
    const Scribe& scribe_;
    struct Reader;
    std::unique_ptr<Reader> reader_;
};

}  // namespace scram
