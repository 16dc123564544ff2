// What scram-notify is told to do: its config file, and the secret of each target.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <variant>
#include <vector>

#include "config/config.h"
#include "config/credentials.h"
#include "core/notice/notice.h"

namespace scram {

inline constexpr std::size_t targets_max = 8;

enum class TargetKind : std::uint8_t { json, slack, pagerduty };
inline constexpr std::array<std::string_view, 3> target_kind_names = {"json", "slack", "pagerduty"};
static_assert(names_all<TargetKind>(target_kind_names));
inline std::string_view name(TargetKind kind) {
    return name_in(target_kind_names, kind);
}

struct TargetConfig {
    std::string name;  // 1 to 31 letters, digits, `-`, `_`, `.`
    TargetKind kind = TargetKind::json;
    std::string secret_file;  // holds the URL; of PagerDuty the routing key
    std::string url = "https://events.pagerduty.com/v2/enqueue";  // of PagerDuty alone
    std::string ca_file{};                                        // additional trust anchors (PEM)
    Severity min_severity = Severity::info;
    Duration timeout = 10s;  // for one request as a whole
};

struct NotifyConfig {
    std::string journal = "/var/lib/scramd";  // the folder
    std::string page = "/run/scramd/control.sock.status";
    std::string spool = "/var/lib/scram-notify";
    std::string host{};  // as notices name this one; by default what the system calls it
    Duration unready_after = 5s;
    std::vector<TargetConfig> targets;
};

// Never throws. On failure all errors, each with its place in the file.
std::variant<NotifyConfig, std::vector<ConfigError>> load_notify_config(
    const std::filesystem::path& file);
std::variant<NotifyConfig, std::vector<ConfigError>> parse_notify_config(
    std::string_view toml, const std::filesystem::path& file);

// Where requests go.
struct WebAddress {
    bool is_tls = true;
    std::string host;  // a name or an address, without brackets
    std::uint16_t port = 443;
    std::string target;  // path and query
    std::string host_header() const;
};
// Of a URL; or why it is none that is sent to, without any of its text: it may be a secret. http://
// is taken for loopback addresses alone.
std::variant<WebAddress, std::string> web_address(std::string_view url);

// A target with its secret.
struct Receiver {
    TargetConfig config;
    WebAddress address;
    Secret routing_key;  // of PagerDuty
};
// Reads the secret's file. The error names the target and the file, never what is in it.
std::variant<Receiver, std::string> receiver_of(const TargetConfig& config);

}  // namespace scram
