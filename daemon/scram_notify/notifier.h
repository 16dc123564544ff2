// The program: looks at journal and page a few times a second, makes notices, keeps them in the
// spool, and has each target's delivery bring them.
#pragma once

#include <sys/types.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "config/unique_fd.h"
#include "core/notice/flood.h"
#include "core/notice/from_journal.h"
#include "core/notice/from_page.h"
#include "daemon/scram_notify/config.h"
#include "daemon/scram_notify/cursor.h"
#include "daemon/scram_notify/delivery.h"
#include "daemon/scram_notify/follower.h"
#include "daemon/scram_notify/spool.h"

namespace scram {

class Notifier {
  public:
    // The error: the spool cannot be used, or another scram-notify uses it.
    static std::variant<std::unique_ptr<Notifier>, std::string> make(
        boost::asio::io_context& io, const NotifyConfig& config, std::vector<Receiver> receivers);

    void start();
    // What is made is kept; nothing is waited for.
    void stop();

  private:
    // What was wrong before, so that it is told once, and once that it is over.
    struct Trouble {
        std::string shown;
        Time since{};
        bool is_told = false;
    };

    Notifier(boost::asio::io_context& io, const NotifyConfig& config, Spool spool, UniqueFd lock);
    void resume(const std::optional<Cursor>& cursor);
    void turn();
    void await_turn();
    void look_at_journal(Time now, std::int64_t wall_ms, Notices& made);
    void look_at_trouble(Time now, std::int64_t wall_ms, Notices& made);
    void tell_dropped(Time now, std::int64_t wall_ms);
    void spool(const Notices& notices);
    void keep(bool changed, Time now);
    Cursor cursor() const;
    std::string store_cursor() const;

    const NotifyConfig config_;
    UniqueFd lock_;
    Spool spool_;
    std::vector<std::unique_ptr<Delivery>> deliveries_;
    std::optional<JournalFollower> follower_;
    JournalNotices journal_;
    std::optional<PageNotices> page_;
    Flood flood_;
    Trouble journal_trouble_;
    std::string disk_trouble_;
    bool is_urgent_ = false;  // of what was put since the last keep()
    std::uint64_t kept_sequence_ = 0;
    Time kept_at_{}, looked_at_{}, told_dropped_at_{};
    boost::asio::steady_timer turn_due_;
};

// A line for the log, bounded.
void say(const std::string& text);

}  // namespace scram
