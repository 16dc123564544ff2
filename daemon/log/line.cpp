#include "daemon/log/line.h"

#include <algorithm>
#include <iterator>

#include "daemon/common/json.h"

namespace scram {
namespace {

constexpr std::string_view event_names[] = {"starting",
                                            "ready",
                                            "unready",
                                            "stopping",
                                            "sandbox_incomplete",
                                            "signer_restarted",
                                            "signer_gone",
                                            "signer_refused",
                                            "signer_lost",
                                            "loop_frozen",
                                            "unwatched",
                                            "socket_removed",
                                            "family_unlisted",
                                            "families_unknown",
                                            "config_warning",
                                            "reloaded",
                                            "reload_refused",
                                            "refused",
                                            "clock_stepped",
                                            "suspended",
                                            "journal",
                                            "journal_fault",
                                            "state_restored",
                                            "state_fault",
                                            "journal_family",
                                            "frames_off",
                                            "journal_not_in_memory",
                                            "journal_error",
                                            "journal_recovered",
                                            "receipts_error",
                                            "receipts_recovered",
                                            "recording_error",
                                            "recording_recovered",
                                            "log_lines_dropped",
                                            "status_page_fault",
                                            "dead_man_unsettled"};
static_assert(std::size(event_names) == log_event_count);

}  // namespace

std::string_view name(LogEvent event) {
    const auto place = static_cast<std::size_t>(event);
    return place < std::size(event_names) ? event_names[place] : "?";
}

std::string log_value(std::string_view value) {
    const bool plain = !value.empty() && std::all_of(value.begin(), value.end(), [](char c) {
        return c > ' ' && c <= '~' && c != '"' && c != '=';
    });
    return plain ? std::string(value) : json_string(value);
}

}  // namespace scram
