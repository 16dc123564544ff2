#include "config/toml/names.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/signal.h"

namespace scram::config {
namespace {

constexpr std::size_t name_max = SCRAM_NAME_SIZE - 1;  // bytes; a signal's field also holds a NUL

bool is_name(std::string_view text) {
    constexpr std::string_view accepted =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.";
    return !text.empty() && text.size() <= name_max &&
           text.find_first_not_of(accepted) == text.npos;
}

constexpr std::string_view upper_case = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";

bool is_upper(std::string_view text) {
    return !text.empty() && text.find_first_not_of(upper_case) == text.npos;
}

// "BTC-USD", "BTC-USD_UM".
bool is_option_family(std::string_view text) {
    constexpr std::string_view usd_margined = "_UM";
    if (text.ends_with(usd_margined)) text.remove_suffix(usd_margined.size());
    const auto dash = text.find('-');
    return dash != text.npos && is_upper(text.substr(0, dash)) && is_upper(text.substr(dash + 1));
}

std::string in_upper_case(std::string_view text) {
    std::string upper;
    for (const char c : text) upper += c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    return upper;
}

// What was meant by "btc-usd", "BTC-USD-261225", "BTCUSD"; empty if that is anybody's guess.
std::string nearest_option_family(std::string_view text) {
    std::string upper = in_upper_case(text);
    if (is_option_family(upper)) return upper;
    const auto first = upper.find('-');
    const auto quote = upper.rfind("USD");
    if (first != upper.npos)
        upper.resize(std::min(upper.find('-', first + 1), upper.size()));
    else if (quote != upper.npos)
        upper = upper.substr(0, quote) + '-' + upper.substr(quote);
    return is_option_family(upper) ? upper : "";
}

bool check_option_family(Document& document, const Text& name) {
    const std::string_view whole = name.value;
    const auto slash = whole.find('/');
    const auto family = whole.substr(slash + 1);
    if (is_option_family(family)) return true;
    const std::string meant = nearest_option_family(family);
    document.refuse_unless_for_a_kill(
        name.place,
        fmt::format("expected an option family as OKX names it (capital letters and digits on both "
                    "sides of one \"-\", as in \"BTC-USD\" or \"BTC-USD_UM\"), got {}{}",
                    in_quotes(family),
                    meant.empty() ? ""
                                  : fmt::format(" (did you mean \"{}{}\"?)",
                                                whole.substr(0, slash + 1), meant)));
    return true;  // it can be read on
}

bool is_family_name(std::string_view text) {
    const auto slash = text.find('/');
    return slash != text.npos && text.size() <= name_max && is_name(text.substr(0, slash)) &&
           is_name(text.substr(slash + 1));
}

bool matches(std::string_view pattern, std::string_view name) {
    if (pattern == "*") return true;
    if (!pattern.ends_with("/*")) return pattern == name;
    pattern.remove_suffix(1);
    return name.starts_with(pattern);
}

std::string no_match(std::string_view pattern, std::string_view what,
                     const std::vector<std::string_view>& names) {
    if (names.empty())
        return fmt::format("expected a declared {} (the file declares none), got {}", what,
                           in_quotes(pattern));
    return fmt::format("expected a declared {}, \"*\"{}, got {}{}", what,
                       what == "family" ? " or \"ACCOUNT/*\"" : "", in_quotes(pattern),
                       did_you_mean(pattern, names));
}

}  // namespace

bool check_name(Document& document, const Text& name) {
    if (is_name(name.value)) return true;
    document.error(name.place,
                   fmt::format("expected a name of 1 to {} letters, digits, - _ ., got {}",
                               name_max, in_quotes(name.value)));
    return false;
}

bool check_account_name(Document& document, const Text& name) {
    if (name.value != "all") return check_name(document, name);
    document.error(name.place,
                   "expected any other name for an account, got \"all\": `scramctl trip all` and "
                   "`scram-now all` mean every family of the file");
    return false;
}

bool check_family_name(Document& document, const Text& name) {
    if (is_family_name(name.value)) return check_option_family(document, name);
    document.error(
        name.place,
        fmt::format("expected ACCOUNT/FAMILY, as in \"mm-1/BTC-USD\", at most {} letters, "
                    "digits, - _ . in all, got {}",
                    name_max, in_quotes(name.value)));
    return false;
}

std::optional<std::size_t> find_name(Document& document, const Text& name, std::string_view what,
                                     const std::vector<std::string_view>& names) {
    const auto found = std::find(names.begin(), names.end(), name.value);
    if (found != names.end()) return static_cast<std::size_t>(found - names.begin());
    const auto all = joined(names);
    document.error(name.place, fmt::format("{}: expected {}, got {}{}", what,
                                           all.empty() ? "a declared name (the file declares none)"
                                                       : "one of " + all,
                                           in_quotes(name.value), did_you_mean(name.value, names)));
    return std::nullopt;
}

std::vector<Text> read_patterns(Section& section, std::string_view key) {
    auto patterns = section.list(key);
    if (!patterns) return {{"*", section.place()}};
    if (patterns->empty() && section.sound({key}))
        section.error(
            key, fmt::format("{}: expected at least one name or pattern (or leave the key out), "
                             "got an empty list",
                             key));
    return *std::move(patterns);
}

std::vector<std::size_t> match(Document& document, const std::vector<Text>& patterns,
                               std::string_view what, const std::vector<std::string_view>& names) {
    std::vector<bool> picked(names.size());
    for (const auto& pattern : patterns) {
        bool any = false;
        for (std::size_t i = 0; i < names.size(); ++i) {
            if (!matches(pattern.value, names[i])) continue;
            picked[i] = any = true;
        }
        if (!any) document.error(pattern.place, no_match(pattern.value, what, names));
    }
    std::vector<std::size_t> found;
    for (std::size_t i = 0; i < names.size(); ++i) {
        if (picked[i]) found.push_back(i);
    }
    return found;
}

}  // namespace scram::config
