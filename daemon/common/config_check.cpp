#include "daemon/common/config_check.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>

#include "config/credentials.h"
#include "net/tls/context.h"

namespace scram {
namespace {

namespace fs = std::filesystem;

bool may_not_read(const fs::path& file) {
    return access(file.c_str(), R_OK) != 0 && errno == EACCES;
}

void look_into_credentials(const fs::path& named, ConfigFindings& findings) {
    const fs::path file = credentials_file(named);
    std::error_code none;
    if (may_not_read(file)) {
        findings.not_checked.push_back(
            fmt::format("{}: this user may not read it; check again as root", file.native()));
    } else if (!fs::exists(file, none) && fs::exists(file.native() + ".sealed", none)) {
        findings.not_checked.push_back(
            fmt::format("{}.sealed: systemd alone can decrypt it", file.native()));
    } else if (const auto loaded = load_credentials(named);
               const auto* error = std::get_if<std::string>(&loaded)) {
        findings.errors.push_back(*error);
    }
}

void look_into_authorities(const ExchangeConfig& exchange, ConfigFindings& findings) {
    if (!exchange.ca_file.empty() && may_not_read(exchange.ca_file)) {
        findings.not_checked.push_back(fmt::format(
            "ca_file {}: this user may not read it; check again as root", exchange.ca_file));
        return;
    }
    const auto made = TlsContext::make({exchange.ca_file, exchange.pins});
    if (const auto* error = std::get_if<std::string>(&made)) findings.errors.push_back(*error);
}

std::string counted(std::size_t count, std::string_view what) {
    return fmt::format("{} {}{}", count, what, count == 1 ? "" : "s");
}

}  // namespace

ConfigFindings look_into(const Config& config) {
    ConfigFindings findings;
    for (const ConfigError& its : config.warnings) findings.errors.push_back(its.text());
    for (const fs::path& file : config.credentials) look_into_credentials(file, findings);
    look_into_authorities(config.exchange, findings);
    if (const std::string names = unwatched_text(config.plan); !names.empty()) {
        findings.warnings.push_back(
            fmt::format("no rule on a value watches {}: there only an operator, or the end of a "
                        "source, cancels",
                        names));
    }
    return findings;
}

std::string findings_text(const ConfigFindings& findings) {
    std::string out;
    for (const auto& text : findings.errors) out += "error: " + text + "\n";
    for (const auto& text : findings.warnings) out += "warning: " + text + "\n";
    for (const auto& text : findings.not_checked) out += "not checked: " + text + "\n";
    return out + "verdict: " + verdict(findings) + "\n";
}

std::string verdict(const ConfigFindings& findings) {
    std::string out = findings.errors.empty() && findings.warnings.empty()
                          ? "good"
                          : fmt::format("{}, {}", counted(findings.errors.size(), "error"),
                                        counted(findings.warnings.size(), "warning"));
    if (!findings.not_checked.empty())
        out += fmt::format("; {} not checked", findings.not_checked.size());
    return out;
}

}  // namespace scram
