// What operators ask on the control socket, and what they are told (daemon/control/protocol.h).
#pragma once

#include <functional>
#include <string>

#include "config/config.h"
#include "core/base/rate.h"
#include "daemon/control/refusals.h"
#include "daemon/control/request.h"
#include "daemon/control/status.h"
#include "daemon/control/waits.h"
#include "daemon/loop/driver.h"
#include "net/operators/control_server.h"

namespace scram {

class Commands final : public ControlHandler {
  public:
    // Takes up the edited file, which takes a while, and then says why not.
    using ReloadDone = std::function<void(const std::string& why, const ConfigChanges& changes)>;
    using Reload = std::function<void(ReloadDone)>;
    Commands(boost::asio::io_context& io, const Config& config, Driver& driver,
             const Logger& logger, Refusals& refusals, Reload reload);
    ~Commands();
    Commands(const Commands&) = delete;
    Commands& operator=(const Commands&) = delete;

  private:
    ControlReply on_line(const Peer& peer, std::string_view line) override;
    bool holds_a_right(const Peer& peer) const override;
    bool may_watch(const Peer& peer) const override;
    std::string on_turned_away(const Peer& peer, Rejection why) override;
    ControlReply answer(const Peer& peer, const OperatorRequest& request);
    ControlReply refuse_request(const Peer& peer, std::string_view why);
    ControlReply act(const Peer& peer, const OperatorRequest& request);
    bool is_in_rate(const Peer& peer, const OperatorRequest& request);
    bool cancels_anything(std::string_view target) const;
    std::string look(const OperatorRequest& request) const;
    ControlReply trip(const Peer& peer, const OperatorRequest& request);
    ControlReply look_at_orders(const Peer& peer, const OperatorRequest& request);
    ControlReply rearm(const Peer& peer, const OperatorRequest& request);
    ControlReply switch_dead_man(const Peer& peer, const OperatorRequest& request, bool on);
    bool may_wait(const Waits::Wish& wish);
    ControlReply wait(std::string line, Waits::Wish wish, std::function<std::string()> outcome);
    ControlReply reload() const;
    ControlReply status() const;
    void go_on(std::shared_ptr<StatusReport> report, ControlAnswer answer) const;

    const Config& config_;
    Driver& driver_;
    const Logger& logger_;
    Refusals& refusals_;
    Reload reload_;
    RequestReader reader_;
    UserRates rates_;
    Waits waits_;
};

}  // namespace scram
