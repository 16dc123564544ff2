// The keys of the sections about the daemon itself, each declared once, with its bounds and the
// reason for a bound that is not ours. Who reads the file (config/toml/daemon.cpp) and who prints
// the effective config (config/toml/describe.cpp) visit them alike. A visitor has one function for
// each kind of key:
//   flag, number, word         true or false, an integer, one of the words of an enum
//   ms, s                      milliseconds, seconds
//   hosts                      names or addresses; or one as `host`
//   address, pins              "address:port"; pins of public keys
//   file                       a path, relative to the config file; may be empty: not given
//   socket, mode               a Unix socket's path and its permissions, "0660"
//   metrics                    a list of new names
//   device                     a network device's name; may be empty: not given
//   tag                        of orders, as OKX takes one; may be empty: none
#pragma once

#include "config/config.h"
#include "config/toml/section.h"
#include "config/toml/words.h"
#include "core/okx/request.h"

namespace scram::config {

inline constexpr std::int64_t cpu_max = 1023;  // a cpu_set_t holds 1024

template <class Visitor, class Of>
void visit_top(Visitor&& key, Of& config) {
    key.number("cpu", config.cpu, {-1, cpu_max, "-1: not pinned"});
    key.word("wait", config.wait, wait_words);
    key.word("ready_when", config.ready_when, ready_when_words);
    key.word("readable_credentials", config.readable_credentials, readable_credentials_words);
    key.number("drill_max_age_days", config.drill_max_age_days, {0, 3650, "0: none is due"});
    key.metrics("metrics", config.plan.metrics);
}

template <class Visitor, class Of>
void visit_exchange(Visitor&& key, Of& exchange) {
    key.hosts("hosts", exchange.hosts);
    key.number("port", exchange.port, {1, 65535});
    key.file("ca_file", exchange.ca_file);
    key.pins("pins", exchange.pins);
    key.flag("simulated_trading", exchange.simulated_trading);
    key.s("resolve_every_s", exchange.resolve_every, {1, 3600});
    key.ms("connect_timeout_ms", exchange.connect_timeout, {10, 60'000});
    key.ms("reconnect_first_ms", exchange.reconnect_first, {1, 60'000});
    key.ms("reconnect_max_ms", exchange.reconnect_max, {1, 60'000});
    key.ms("resign_every_ms", exchange.resign_every,
           {100, 10'000, "OKX refuses a signature of 30 s"});
}

template <class Visitor, class Of>
void visit_timings(Visitor&& key, Of& config) {
    auto& timings = config.plan.timings;
    key.ms("rehearse_every_ms", timings.rehearse_every,
           {100, 300'000, "the exchange's edge closes a link that was idle for 400 s"});
    key.ms("answer_timeout_ms", timings.answer_timeout, {10, 60'000});
    key.ms("hedge_min_ms", timings.hedge_min, {1, 60'000});
    key.ms("retry_first_ms", timings.retry_first, {1, 60'000});
    key.ms("retry_max_ms", timings.retry_max, {1, 60'000});
    key.ms("retry_refused_ms", timings.retry_refused, {100, 3'600'000});
    key.s("account_check_s", timings.account_check, {1, 3600});
    key.s("unverified_after_s", timings.unverified_after, {0.1, 3600});
    key.ms("halted_after_ms", config.halted_after, {100, 10'000});
    key.ms("reattach_within_ms", timings.reattach_within, {100, 3'600'000});
    key.ms("sum_wait_ms", timings.sum_wait, {0, 60'000});
}

template <class Visitor, class Of>
void visit_wire(Visitor&& key, Of& wire) {
    key.word("records", wire.records, records_words);
    key.flag("stamps", wire.stamps);
    key.ms("warm_every_ms", wire.warm_every, {0, 1000, "0: not at all"});
    key.address("warm_peer", wire.warm_peer);
    key.flag("frames", wire.frames);
    key.device("device", wire.device);
    key.flag("warm_frames", wire.warm_frames);
}

template <class Visitor, class Of>
void visit_paths(Visitor&& key, Of& paths) {
    key.socket("signals", paths.signals);
    key.socket("control", paths.control);
    key.mode("signals_mode", paths.signals_mode);
    key.mode("control_mode", paths.control_mode);
}

template <class Visitor, class Of>
void visit_journal(Visitor&& key, Of& config) {
    auto& journal = config.journal;
    key.file("directory", journal.directory);
    key.word("after_crash", config.plan.after_crash, after_crash_words);
    key.number("keep", journal.keep, {2, 10'000});
    key.number("file_kib", journal.file_kib, {16, 65'536});
    key.number("receipts", journal.receipts, {10, 100'000});
    key.number("receipt_signals", journal.receipt_signals, {0, 4096});
}

template <class Visitor, class Of>
void visit_recording(Visitor&& key, Of& recording) {
    key.file("directory", recording.directory);
    key.number("file_mib", recording.file_mib, {1, 1024});
    key.number("keep", recording.keep, {2, 10'000});
}

template <class Visitor, class Of>
void visit_budget(Visitor&& key, Of& budget) {
    key.number("share", budget.slots,
               {1, budget_slots_max, "OKX: 5 requests in 2 s for one User ID"});
    key.number("reserve", budget.reserve, {0, budget_slots_max - 1});
    key.ms("window_ms", budget.window, {2'000, 60'000, "OKX counts over 2 s"});
    key.ms("guard_ms", budget.guard, {0, 60'000});
}

template <class Visitor, class Of>
void visit_dead_man(Visitor&& key, Of& dead_man) {
    key.number("timeout_s", dead_man.timeout_s,
               {cancel_after_min_s, cancel_after_max_s, "OKX's timeOut"});
    key.tag("tag", dead_man.tag);
    key.word("on_stop", dead_man.on_stop, on_stop_words);
}

template <class Visitor, class Of>
void visit_rearm(Visitor&& key, Of& rearm) {
    key.number("persons", rearm.persons, {1, 2});
    key.s("within_s", rearm.within, {1, 86'400});
}

}  // namespace scram::config
