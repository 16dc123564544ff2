#include "daemon/scramctl/check.h"

#include <fmt/format.h>

#include <cstdio>
#include <string>
#include <variant>
#include <vector>

#include "config/config.h"
#include "config/probe.h"
#include "daemon/common/config_check.h"
#include "daemon/common/json.h"
#include "daemon/scramctl/exit.h"

namespace scram {
namespace {

std::string errors_json(const std::vector<ConfigError>& errors) {
    JsonArray out;
    for (const ConfigError& error : errors) {
        JsonObject item;
        item.add("file", error.file.native()).add("line", error.line).add("column", error.column);
        out.add_raw(item.add("message", error.message).text());
    }
    return JsonObject().add("ok", false).add_raw("errors", out.text()).text();
}

std::string texts_json(const std::vector<std::string>& texts) {
    JsonArray out;
    for (const std::string& text : texts) out.add_raw(json_string(text));
    return out.text();
}

std::string findings_json(const ConfigFindings& findings, const std::string& plan) {
    JsonArray errors;
    for (const std::string& text : findings.errors)
        errors.add_raw(JsonObject().add("message", text).text());
    return JsonObject()
        .add("ok", findings.errors.empty())
        .add("verdict", verdict(findings))
        .add_raw("errors", errors.text())
        .add_raw("warnings", texts_json(findings.warnings))
        .add_raw("not_checked", texts_json(findings.not_checked))
        .add("plan_of_fire", plan)
        .text();
}

void add(std::vector<std::string>& texts, const std::vector<std::string>& more) {
    texts.insert(texts.end(), more.begin(), more.end());
}

void compare_with_probe(const Config& config, const std::filesystem::path& file,
                        ConfigFindings& findings) {
    const auto probe = load_probe(file);
    if (const auto* error = std::get_if<std::string>(&probe)) {
        findings.errors.push_back(*error);
        return;
    }
    const ConfigFindings differences = compare(config, std::get<ProbeResult>(probe));
    add(findings.errors, differences.errors);
    add(findings.warnings, differences.warnings);
    add(findings.not_checked, differences.not_checked);
}

}  // namespace

int check_config(const std::filesystem::path& file, const std::filesystem::path& probe, bool json) {
    const LoadResult result = load(file);
    if (const auto* errors = std::get_if<std::vector<ConfigError>>(&result)) {
        if (json) fmt::print("{}\n", errors_json(*errors));
        for (const ConfigError& error : *errors) {
            if (!json) fmt::print(stderr, "{}\n", error.text());
        }
        return wrong_config;
    }
    const Config& config = std::get<Config>(result);
    const std::string plan = plan_of_fire(config.plan);
    ConfigFindings findings = look_into(config);
    if (!probe.empty()) compare_with_probe(config, probe, findings);
    if (json) {
        fmt::print("{}\n", findings_json(findings, plan));
    } else {
        fmt::print("{}\n{}\n{}", describe(config), plan, findings_text(findings));
    }
    return findings.errors.empty() ? done : wrong_config;
}

}  // namespace scram
