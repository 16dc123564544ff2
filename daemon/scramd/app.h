// One running scramd: everything wired together, started in one visible order and stopped in
// reverse.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <memory>

#include "config/config.h"
#include "daemon/control/commands.h"
#include "daemon/control/status_writer.h"
#include "daemon/loop/driver.h"
#include "daemon/scramd/config_reader.h"
#include "daemon/scramd/sd_notify.h"
#include "daemon/scramd/source_registry.h"
#include "daemon/signer/loop_monitor.h"
#include "net/exchange/warmer.h"
#include "net/operators/control_server.h"
#include "net/sources/ingress.h"
#include "net/wire/route_watch.h"

namespace scram {

class App {
  public:
    // What can fail before anything runs, made and checked by the caller.
    struct Parts {
        SignerLine signer;
        std::unique_ptr<TlsContext> tls;
        std::unique_ptr<SharedHeartbeat> heartbeat;  // for the keeper
        std::unique_ptr<Gates> gates;
        Listener signals, control;
        std::unique_ptr<Journal> journal;
        std::unique_ptr<StatusPageFile> status_page;
        std::unique_ptr<Warmer> warmer;     // null: the way is not kept warm
        std::unique_ptr<Frames> frames;     // null: requests leave by send() alone
        UniqueFd routes;                    // for them
        std::vector<std::string> warnings;  // for the log, where it begins
    };
    App(Config config, Parts parts);

    // Runs until SIGTERM or SIGINT, or until it can only be helped by a new start: then false.
    // Throws std::exception if it cannot start.
    bool run();

  private:
    void start();
    void tell_changes(const ConfigChanges& changes);
    void tell_void_entries();
    void stop();
    void loop();
    void spin();
    void sleep();
    void warm(Time now);
    void await_signal();
    void on_signal(int number);
    // Tells why the running config stays; empty if it does not. Who asks while the file is read
    // is answered by a reading that begins afterwards.
    void reload(Commands::ReloadDone done);
    void begin_reload();
    void end_reload(NextConfig& next);
    std::string adopt(NextConfig& next);
    void beat();
    void restore_sockets();
    void tell_status_page();
    void wake_in_time();
    void write_heartbeats(Time now);
    void begin_stop();
    void await_end(Time give_up);
    void tell_readiness(Time now);
    void check_signer(Time now);
    void say(const std::vector<LogNotice>& news);

    Config config_;
    std::unique_ptr<TlsContext> tls_;
    boost::asio::io_context io_{1};
    Logger logger_;
    ServiceManager service_manager_;
    std::unique_ptr<SharedHeartbeat> heartbeat_;
    std::unique_ptr<Gates> gates_;
    std::unique_ptr<Journal> journal_;
    std::unique_ptr<Frames> frames_;
    std::optional<RouteWatch> route_watch_;
    Driver driver_;
    Refusals refusals_;
    SourceRegistry source_registry_;
    Commands commands_;
    StatusWriter status_writer_;
    Ingress ingress_;
    ControlServer control_;
    ConfigReader config_reader_;
    bool reading_config_ = false;
    std::vector<Commands::ReloadDone> reload_answered_by_this_, reload_by_next_;
    boost::asio::signal_set signals_;
    boost::asio::steady_timer beat_timer_;
    boost::asio::steady_timer wake_timer_;
    boost::asio::steady_timer end_timer_;
    Duration beat_interval_;
    std::unique_ptr<Warmer> warmer_;
    Time warmed_at_{};
    std::size_t warm_step_ = 0;
    bool kernel_was_busy_ = false;
    bool would_fire_ = false;
    bool said_ready_ = false;  // to the service manager
    bool ending_ = false;      // the exchange is told of the stop; all else goes on
    bool stopping_ = false;
    bool failed_ = false;
    std::vector<std::string> warnings_;
};

}  // namespace scram
