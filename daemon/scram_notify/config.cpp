#include "daemon/scram_notify/config.h"

#include <fmt/format.h>
#include <toml++/toml.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>

#include "config/toml/names.h"
#include "config/toml/section.h"
#include "config/toml/text_bounds.h"

namespace scram {
namespace {

using config::Section;

constexpr std::string_view kind_words_of_targets[] = {"json", "slack", "pagerduty"};
constexpr std::string_view severity_words[] = {"info", "warning", "critical"};

void read_path(Section& section, std::string_view key, std::string& out) {
    section.read(key, out);
    if (!out.empty()) out = section.document().resolve(out).string();
}

// systemd hands over the folder /etc/scramd/notify as files notify_NAME of one folder.
std::string secret_path(const std::string& named, const std::filesystem::path& config_file) {
    if (named.starts_with('/')) return named;
    const auto folder = config_file.parent_path();
    std::vector<std::filesystem::path> places;
    if (const char* given = std::getenv("CREDENTIALS_DIRECTORY"); given != nullptr)
        places = {std::filesystem::path(given) / ("notify_" + named),
                  std::filesystem::path(given) / named};
    places.push_back(folder / "notify" / named);
    for (const auto& place : places) {
        std::error_code failed;
        if (std::filesystem::exists(place, failed)) return place.string();
    }
    return places.back().string();
}

void check_target_url(Section& section, const TargetConfig& target) {
    if (!section.has("url")) return;
    if (target.kind != TargetKind::pagerduty)
        return section.error("url",
                             "url: expected with kind = \"pagerduty\" alone: the URL of "
                             "another kind is a secret, and stands in its secret_file");
    const auto address = web_address(target.url);
    if (const auto* why = std::get_if<std::string>(&address)) section.error("url", "url: " + *why);
}

TargetConfig read_target(Section& section, const std::filesystem::path& file,
                         std::vector<std::string>& earlier) {
    TargetConfig out;
    section.need("name", "how the log names it");
    section.need("kind", "json, slack or pagerduty");
    section.need("secret_file", "the file that holds its URL; of pagerduty the routing key");
    if (const auto text = section.text("name")) {
        const bool is_sound = config::check_name(section.document(), *text);
        if (is_sound) section.add_to_title(text->value);
        if (is_sound && text->value.starts_with('.'))  // it names a folder of the spool
            section.error("name", "name: expected a letter, digit, `-` or `_` first");
        if (std::find(earlier.begin(), earlier.end(), text->value) != earlier.end())
            section.error("name", fmt::format("name: expected another one than before, got {}",
                                              config::in_quotes(text->value)));
        earlier.push_back(out.name = text->value);
    }
    section.read("kind", out.kind, kind_words_of_targets);
    // "scramd has started" would open an incident that nothing closes.
    if (out.kind == TargetKind::pagerduty) out.min_severity = Severity::warning;
    section.read("secret_file", out.secret_file);
    if (!out.secret_file.empty()) out.secret_file = secret_path(out.secret_file, file);
    section.read("url", out.url);
    check_target_url(section, out);
    read_path(section, "ca_file", out.ca_file);
    section.read("min_severity", out.min_severity, severity_words);
    section.read_s("timeout_s", out.timeout, {1, 60});
    section.end();
    return out;
}

void read_all(Section& top, const std::filesystem::path& file, NotifyConfig& out) {
    read_path(top, "journal", out.journal);
    read_path(top, "page", out.page);
    read_path(top, "spool", out.spool);
    top.read("host", out.host);
    top.read_s("unready_after_s", out.unready_after, {0, 3600});
    std::vector<std::string> names;
    for (Section& section : top.tables("target", targets_max))
        out.targets.push_back(read_target(section, file, names));
    if (out.targets.empty() && top.sound({"target"}))
        top.error("target", "expected at least one section [[target]]: nobody would be told");
    top.end();
}

std::string host_name() {
    std::array<char, 256> text{};
    if (gethostname(text.data(), text.size() - 1) != 0) return "unknown";
    return text.data();
}

}  // namespace

std::variant<NotifyConfig, std::vector<ConfigError>> parse_notify_config(
    std::string_view toml, const std::filesystem::path& file) {
    config::Document document{toml, file};
    NotifyConfig out;
    try {
        if (auto fault = config::beyond_bounds(toml)) {
            document.error(fault->place, std::move(fault->message));
        } else {
            const toml::table root = toml::parse(toml);
            Section top{document, root, ""};
            read_all(top, file, out);
        }
    } catch (const toml::parse_error& error) {
        const auto& at = error.source().begin;
        document.error(
            {at.line, at.column},
            fmt::format("this is not TOML, and reading stopped here: {}", error.description()));
    } catch (const std::exception& error) {
        document.error({}, fmt::format("cannot be read: {}", error.what()));
    }
    if (document.failed()) return document.errors();
    if (out.host.empty()) out.host = host_name();
    return out;
}

std::variant<NotifyConfig, std::vector<ConfigError>> load_notify_config(
    const std::filesystem::path& file) {
    auto text = read_config_text(file);
    if (auto* errors = std::get_if<std::vector<ConfigError>>(&text)) return std::move(*errors);
    return parse_notify_config(std::get<std::string>(text), file);
}

std::variant<Receiver, std::string> receiver_of(const TargetConfig& config) {
    const auto named = [&](std::string_view why) {
        return fmt::format("target {}: {}", config.name, why);
    };
    auto loaded = load_secret(config.secret_file);
    if (const auto* why = std::get_if<std::string>(&loaded)) return named(*why);
    auto& secret = std::get<Secret>(loaded);
    const bool is_key = config.kind == TargetKind::pagerduty;
    auto address = web_address(is_key ? config.url : secret.reveal());
    if (const auto* why = std::get_if<std::string>(&address))
        return named(fmt::format("{}: {}", config.secret_file, *why));
    return Receiver{config, std::move(std::get<WebAddress>(address)),
                    is_key ? std::move(secret) : Secret{}};
}

}  // namespace scram
