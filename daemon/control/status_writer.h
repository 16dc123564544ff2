// Writes the status page (core/status_page/page.h): the answer to `status`, again and again, a
// small piece in a turn of the loop, so that a signal waits no longer for it than for anything
// else. In a turn that had a breach, nothing.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <memory>
#include <string>

#include "daemon/common/status_page_file.h"
#include "daemon/control/status.h"

namespace scram {

class StatusWriter {
  public:
    StatusWriter(boost::asio::io_context& io, std::unique_ptr<StatusPageFile> file,
                 const Config& config, Driver& driver, const Logger& logger,
                 const Refusals& refusals);
    StatusWriter(const StatusWriter&) = delete;
    StatusWriter& operator=(const StatusWriter&) = delete;

    // The page can be read from here on.
    void start();
    // The loop has just completed a turn: to be called after each.
    void beat(Time now) {
        if (now >= beat_due_) [[unlikely]]
            write_heartbeat(now);
    }
    // An end in order, which readers are told.
    void stop();
    // Now and then: what is wrong with the file, if that is something else than before.
    std::string news();

  private:
    void write_heartbeat(Time now);
    void await(Duration pause);
    void go_on();
    void step();
    bool make_some();
    bool show_some();

    Driver& driver_;
    const std::unique_ptr<StatusPageFile> file_;
    const std::function<std::unique_ptr<StatusReport>()> begin_report_;
    PageWriter page_;
    boost::asio::steady_timer timer_;
    Time beat_due_{};
    std::unique_ptr<StatusReport> report_;  // being made, unless ...
    std::string text_;                      // ... it is whole, and being written
    std::size_t written_ = 0;
    Duration spent_{};  // on this text
    std::string told_trouble_;
    bool stopped_ = false;
};

}  // namespace scram
