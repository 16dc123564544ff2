// Lines for the log: an event's name, then key=value fields, cut into fields again without doubt.
// What the engine tells is named in core/model/events.h; here are the names of what the daemon
// tells beyond that.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>

namespace scram {

enum class LogEvent : std::uint8_t {
    starting,
    ready,    // a breach fires
    unready,  // it does not
    stopping,
    sandbox_incomplete,     // feature, detail: a protection that this machine does not offer
    signer_restarted,       // pid: the signer before has died
    signer_gone,            // no other comes
    signer_refused,         // count, why: it was asked for what the config does not allow
    signer_lost,            // scramd ends, to be started again
    loop_frozen,            // the keeper kills scramd, whose loop hangs or is stopped
    unwatched,              // nobody could do that
    socket_removed,         // detail: the file of a socket was, and what came of making it again
    family_unlisted,        // family, detail: the exchange has no such family
    families_unknown,       // detail: why the exchange has not said which it has
    config_warning,         // place, detail: one entry of the config is void
    reloaded,               // what of the config a reload has changed
    reload_refused,         // place, detail: the running config stays
    refused,                // kind, uid, pid: somebody at a door was refused or turned away
    clock_stepped,          // the exchange's clock did
    suspended,              // ms: the machine slept for so long
    journal,                // state: what was found at the start
    journal_fault,          // what is wrong with it
    state_restored,         // values, age_ms: what was known before this start is known again
    state_fault,            // detail: it is not, or will not be at the next
    journal_family,         // latched before, and no longer in the config
    frames_off,             // detail: why requests do not leave as frames though that is asked for
    journal_not_in_memory,  // where the last moments are kept is slow
    journal_error,          // records or receipts cannot be stored
    journal_recovered,
    receipts_error,
    receipts_recovered,
    recording_error,      // detail: signals are not recorded, or some were not
    recording_recovered,  // detail: they are again
    log_lines_dropped,    // count: the log did not take them in time
    status_page_fault,    // detail: why the status page cannot be read
    dead_man_unsettled,   // detail: a stop did not wait longer for the exchange
};
inline constexpr std::size_t log_event_count = 36;
std::string_view name(LogEvent event);

// A value with a space, quote or newline stands in quotes, as in JSON, so that a line is cut into
// fields again; and one that could move a terminal, where it does not.
std::string log_value(std::string_view value);

// LogLine(LogEvent::starting).add("pid", 7).text() is "starting pid=7".
class LogLine {
  public:
    explicit LogLine(LogEvent event) : text_(name(event)) {}

    LogLine& add(std::string_view key, std::string_view value) {
        text_.append(" ").append(key).append("=").append(log_value(value.substr(0, value_max)));
        return *this;
    }
    template <class Integer>
    requires std::is_integral_v<Integer> LogLine& add(std::string_view key, Integer value) {
        return add(key, std::string_view(std::to_string(value)));
    }
    const std::string& text() const { return text_; }

  private:
    static constexpr std::size_t value_max = 480;  // a line stays below a pipe's PIPE_BUF
    std::string text_;
};

}  // namespace scram
