// The sections about the daemon itself: the top of the file, [exchange], [timings], [wire],
// [paths], [journal].
#include <arpa/inet.h>
#include <fmt/format.h>
#include <sys/un.h>

#include <algorithm>
#include <charconv>

#include "config/toml/names.h"
#include "config/toml/sections.h"
#include "config/toml/validate.h"
#include "config/toml/words.h"

namespace scram::config {
namespace {

constexpr std::int64_t cpu_max = 1023;  // a cpu_set_t holds 1024
constexpr std::size_t socket_path_max = sizeof(sockaddr_un::sun_path) - 1;

void check_host(Section& exchange, std::string_view host) {
    constexpr std::string_view accepted =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-.";
    if (host.find_first_not_of(accepted) == host.npos && host.size() <= 253) return;
    in6_addr parsed{};
    if (inet_pton(AF_INET6, std::string(host).c_str(), &parsed) == 1) return;
    exchange.error("host",
                   fmt::format("host: expected a host's name or address alone, as in "
                               "\"www.okx.com\" (no https://, no path; the key `port` has the "
                               "port), got {}",
                               in_quotes(host)));
}

// 32 bytes in Base64: 43 characters, of which the last has four bits to spare, and one "=".
bool is_pin(std::string_view pin) {
    constexpr std::string_view prefix = "sha256/";
    constexpr std::string_view base64 =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    if (!pin.starts_with(prefix) || !pin.ends_with('=')) return false;
    pin.remove_prefix(prefix.size());
    pin.remove_suffix(1);
    return pin.size() == 43 && pin.find_first_not_of(base64) == pin.npos &&
           base64.find(pin.back()) % 4 == 0;
}

void read_pins(Section& exchange, ExchangeConfig& config) {
    for (auto& pin : exchange.list("pins").value_or(std::vector<Text>{})) {
        if (!is_pin(pin.value)) {
            exchange.document().error(
                pin.place, fmt::format("pins: expected \"sha256/\" and the Base64 of a SHA-256 (44 "
                                       "characters), got {}",
                                       in_quotes(pin.value)));
        }
        config.pins.push_back(std::move(pin.value));
    }
}

// A name would have to be looked up, while this is for every few milliseconds.
bool is_address_and_port(std::string_view text) {
    const std::size_t colon = text.rfind(':');
    if (colon == text.npos) return false;
    std::string address(text.substr(0, colon));
    const std::string_view port = text.substr(colon + 1);
    int number = 0;
    const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), number);
    if (error != std::errc{} || end != port.data() + port.size()) return false;
    if (number < 1 || number > 65535) return false;
    in6_addr parsed{};
    if (inet_pton(AF_INET, address.c_str(), &parsed) == 1) return true;
    if (!address.starts_with('[') || !address.ends_with(']')) return false;
    address = address.substr(1, address.size() - 2);
    return inet_pton(AF_INET6, address.c_str(), &parsed) == 1;
}

void read_warm_peer(Section& section, WireConfig& wire) {
    section.read("warm_peer", wire.warm_peer);
    if (wire.warm_peer.empty() || is_address_and_port(wire.warm_peer)) return;
    section.error("warm_peer",
                  fmt::format("warm_peer: expected an address and a port, as in \"192.0.2.1:9\" or "
                              "\"[2001:db8::1]:9\", got {}",
                              in_quotes(wire.warm_peer)));
}

void read_socket_path(Section& paths, std::string_view key, std::string& path) {
    paths.read(key, path);
    path = paths.document().resolve(path).string();
    if (path.size() <= socket_path_max) return;
    paths.error(
        key, fmt::format("{}: expected at most {} bytes (a Unix socket's address), got {}: {}", key,
                         socket_path_max, path.size(), in_quotes(path)));
}

// "0660": as chmod takes it.
void read_mode(Section& paths, std::string_view key, std::uint32_t& mode) {
    const auto text = paths.text(key);
    if (!text) return;
    std::uint32_t number = 0;
    const char* end = text->value.data() + text->value.size();
    const auto [stop, error] = std::from_chars(text->value.data(), end, number, 8);
    const bool sound = error == std::errc{} && stop == end && text->value.size() == 4;
    if (sound && number <= 0777 && (number & 0600) == 0600) {
        mode = number;
        return;
    }
    paths.error(key, fmt::format("{}: expected four octal digits from \"0600\" to \"0777\", as in "
                                 "\"0660\" (scramd's own user reads and writes), got {}",
                                 key, in_quotes(text->value)));
}

}  // namespace

void read_top(Section& top, Config& config) {
    top.read("ready_when", config.ready_when, ready_when_words);
    top.read("readable_credentials", config.readable_credentials, readable_credentials_words);
    top.read("cpu", config.cpu, {-1, cpu_max, "-1: not pinned"});
    config.wait = config.cpu < 0 ? Wait::sleep : Wait::spin;
    top.read("wait", config.wait, wait_words);
    for (auto& metric : top.list("metrics").value_or(std::vector<Text>{})) {
        auto& metrics = config.plan.metrics;
        check_name(top.document(), metric);
        check_name_is_new(top.document(), metric, "metric", {metrics.begin(), metrics.end()});
        metrics.push_back(std::move(metric.value));
    }
    if (config.plan.metrics.size() > metrics_max) {
        top.error("metrics", fmt::format("metrics: expected at most {}, got {}", metrics_max,
                                         config.plan.metrics.size()));
    }
}

void read_exchange(Section& top, Config& config) {
    auto section = top.table("exchange");
    if (!section) return;
    auto& exchange = config.exchange;
    section->read("host", exchange.host);
    check_host(*section, exchange.host);
    section->read("port", exchange.port, {1, 65535});
    if (const auto file = section->text("ca_file"))
        exchange.ca_file = section->document().resolve(file->value).string();
    read_pins(*section, exchange);
    section->read("simulated_trading", exchange.simulated_trading);
    section->read_ms("connect_timeout_ms", exchange.connect_timeout, {10, 60'000});
    section->read_ms("reconnect_first_ms", exchange.reconnect_first, {1, 60'000});
    section->read_ms("reconnect_max_ms", exchange.reconnect_max, {1, 60'000});
    section->read_ms("resign_every_ms", exchange.resign_every,
                     {100, 10'000, "OKX refuses a signature of 30 s"});
    check_reconnect_order(*section, exchange);
    section->end();
}

void read_timings(Section& top, Config& config) {
    auto section = top.table("timings");
    if (!section) return;
    auto& timings = config.plan.timings;
    section->read_ms("rehearse_every_ms", timings.rehearse_every,
                     {100, 300'000, "the exchange's edge closes a link that was idle for 400 s"});
    section->read_ms("answer_timeout_ms", timings.answer_timeout, {10, 60'000});
    section->read_ms("hedge_min_ms", timings.hedge_min, {1, 60'000});
    section->read_ms("retry_first_ms", timings.retry_first, {1, 60'000});
    section->read_ms("retry_max_ms", timings.retry_max, {1, 60'000});
    section->read_ms("retry_refused_ms", timings.retry_refused, {100, 3'600'000});
    section->read_ms("halted_after_ms", config.halted_after, {100, 10'000});
    section->read_ms("reattach_within_ms", timings.reattach_within, {100, 3'600'000});
    section->read_ms("sum_wait_ms", timings.sum_wait, {0, 60'000});
    check_retry_order(*section, timings);
    section->end();
}

void read_wire(Section& top, Config& config) {
    auto section = top.table("wire");
    if (!section) return;
    section->read("records", config.wire.records, records_words);
    section->read("stamps", config.wire.stamps);
    section->read_ms("warm_every_ms", config.wire.warm_every, {0, 1000, "0: not at all"});
    read_warm_peer(*section, config.wire);
    section->end();
}

void read_paths(Section& top, Config& config) {
    auto section = top.table("paths");
    if (!section) return;
    read_socket_path(*section, "signals", config.paths.signals);
    read_socket_path(*section, "control", config.paths.control);
    read_mode(*section, "signals_mode", config.paths.signals_mode);
    read_mode(*section, "control_mode", config.paths.control_mode);
    check_paths_differ(*section, config.paths);
    section->end();
}

void read_journal(Section& top, Config& config) {
    auto section = top.table("journal");
    if (!section) return;
    auto& journal = config.journal;
    section->read("directory", journal.directory);
    if (!journal.directory.empty())
        journal.directory = section->document().resolve(journal.directory).string();
    section->read("after_crash", config.plan.after_crash, after_crash_words);
    section->read("keep", journal.keep, {2, 10'000});
    section->read("file_kib", journal.file_kib, {16, 65'536});
    section->read("receipts", journal.receipts, {10, 100'000});
    section->read("receipt_signals", journal.receipt_signals, {0, 4096});
    section->end();
}

}  // namespace scram::config
