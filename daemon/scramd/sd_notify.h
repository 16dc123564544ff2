// What scramd says to systemd, by hand: one datagram to $NOTIFY_SOCKET (sd_notify(3)). Without that
// variable each call does nothing.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/base/time.h"
#include "net/unique_fd.h"

namespace scram {

// How often systemd wants to hear of this process at least ($WATCHDOG_USEC); none: it does not
// watch.
std::optional<Duration> asked_watchdog();

class ServiceManager {
  public:
    ServiceManager();

    void ready(std::string_view status);
    void status(std::string_view status);
    void watchdog();
    void reloading(Time now);
    void stopping();

    std::optional<Duration> watchdog_interval() const { return watchdog_; }

  private:
    void send(std::string_view message);

    UniqueFd socket_;
    std::string address_;
    std::optional<Duration> watchdog_;
};

}  // namespace scram
