// Reads the edited config file beside the loop. To parse, check and compile a plan may take
// seconds, and a name in it may ask a directory service; the loop meanwhile must fire. One thread,
// made before the loop has its core, works when asked to.
#pragma once

#include <boost/asio/io_context.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "config/config.h"
#include "daemon/loop/driver.h"

namespace scram {

// One reason why the file is not taken up.
struct ReloadFault {
    std::string place;  // "/etc/scramd/scramd.toml:12"
    std::string why;
};

// What came of reading: a config that may replace the running one, or why there is none.
struct NextConfig {
    std::vector<ReloadFault> faults;
    Config config;
    ConfigChanges changes;
    std::optional<Driver::NextPlan> plan;  // none: there are faults
};

class ConfigReader {
  public:
    using Prepare = std::function<Driver::NextPlan(const Config&)>;  // called on the other thread
    using Done = std::function<void(NextConfig&)>;                   // on the loop

    // `done` may take out of what it is given, and put there what it replaces: that is freed on the
    // other thread.
    ConfigReader(boost::asio::io_context& io, Config running, Prepare prepare, Done done);
    // Waits for prepare(), and not for a reading that has begun and hangs.
    ~ConfigReader();
    ConfigReader(const ConfigReader&) = delete;
    ConfigReader& operator=(const ConfigReader&) = delete;

    // Precondition: the last one is done.
    void read();

  private:
    struct Shared;
    std::shared_ptr<Shared> shared_;
};

}  // namespace scram
