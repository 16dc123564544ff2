#include "daemon/log/line.h"

#include <algorithm>

#include "daemon/common/json.h"

namespace scram {

std::string_view name(LogEvent event) {
    switch (event) {
        case LogEvent::starting:
            return "starting";
        case LogEvent::ready:
            return "ready";
        case LogEvent::unready:
            return "unready";
        case LogEvent::stopping:
            return "stopping";
        case LogEvent::sandbox_incomplete:
            return "sandbox_incomplete";
        case LogEvent::signer_restarted:
            return "signer_restarted";
        case LogEvent::signer_gone:
            return "signer_gone";
        case LogEvent::signer_refused:
            return "signer_refused";
        case LogEvent::signer_lost:
            return "signer_lost";
        case LogEvent::loop_frozen:
            return "loop_frozen";
        case LogEvent::unwatched:
            return "unwatched";
        case LogEvent::socket_removed:
            return "socket_removed";
        case LogEvent::family_unlisted:
            return "family_unlisted";
        case LogEvent::families_unknown:
            return "families_unknown";
        case LogEvent::config_warning:
            return "config_warning";
        case LogEvent::reloaded:
            return "reloaded";
        case LogEvent::reload_refused:
            return "reload_refused";
        case LogEvent::refused:
            return "refused";
        case LogEvent::clock_stepped:
            return "clock_stepped";
        case LogEvent::suspended:
            return "suspended";
        case LogEvent::journal:
            return "journal";
        case LogEvent::journal_fault:
            return "journal_fault";
        case LogEvent::state_restored:
            return "state_restored";
        case LogEvent::state_fault:
            return "state_fault";
        case LogEvent::journal_family:
            return "journal_family";
        case LogEvent::journal_not_in_memory:
            return "journal_not_in_memory";
        case LogEvent::journal_error:
            return "journal_error";
        case LogEvent::journal_recovered:
            return "journal_recovered";
        case LogEvent::receipts_error:
            return "receipts_error";
        case LogEvent::receipts_recovered:
            return "receipts_recovered";
        case LogEvent::log_lines_dropped:
            return "log_lines_dropped";
    }
    return "?";
}

std::string log_value(std::string_view value) {
    const bool plain = !value.empty() && std::all_of(value.begin(), value.end(), [](char c) {
        return c > ' ' && c <= '~' && c != '"' && c != '=';
    });
    return plain ? std::string(value) : json_string(value);
}

}  // namespace scram
