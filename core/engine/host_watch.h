// Which names of the exchange work: one does from the first good answer on any of its links until
// none of these is up. Where connections are accepted and lost again before anything is answered,
// it does not.
#pragma once

#include <cstddef>
#include <utility>
#include <vector>

#include "core/base/time.h"

namespace scram {

class HostWatch {
  public:
    struct Host {
        std::size_t links = 0;
        std::size_t links_up = 0;
        Time silent_since = never;  // never: it works
    };

    // By link: which of the `hosts` it leads to.
    HostWatch(std::size_t hosts, std::vector<std::size_t> host_of_link)
        : hosts_(hosts), host_of_link_(std::move(host_of_link)) {
        for (const std::size_t host : host_of_link_) ++hosts_[host].links;
    }

    void begin(Time now) {
        for (Host& host : hosts_) host.silent_since = now;
    }
    void came_up(std::size_t link) { ++of(link).links_up; }
    void answered(std::size_t link) { of(link).silent_since = never; }
    void went_down(std::size_t link, Time now) {
        Host& host = of(link);
        if (--host.links_up == 0 && host.silent_since == never) host.silent_since = now;
    }

    const std::vector<Host>& hosts() const { return hosts_; }
    std::size_t host_of(std::size_t link) const { return host_of_link_[link]; }

  private:
    Host& of(std::size_t link) { return hosts_[host_of_link_[link]]; }

    std::vector<Host> hosts_;
    std::vector<std::size_t> host_of_link_;
};

}  // namespace scram
