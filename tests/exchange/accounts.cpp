#include "tests/exchange/accounts.h"

#include <fmt/format.h>

#include <toml++/toml.h>
#include <algorithm>
#include <optional>

namespace scram::okxsim {
namespace {

bool lists(std::string_view list, std::string_view wanted) {
    while (!list.empty()) {
        const auto comma = std::min(list.find(','), list.size());
        if (list.substr(0, comma) == wanted) return true;
        list.remove_prefix(std::min(comma + 1, list.size()));
    }
    return false;
}

// Whether `key` is one of `fields`; `wrong` is set where its value is of another type.
template <class Fields>
bool read(const Fields& fields, Account& account, std::string_view key, const toml::node& node,
          bool& wrong) {
    for (const auto& [name, member] : fields) {
        if (name != key) continue;
        using Value = std::remove_reference_t<decltype(account.*member)>;
        const std::optional<Value> value = node.value_exact<Value>();
        wrong = !value;
        if (value) account.*member = *value;
        return true;
    }
    return false;
}

constexpr std::array<std::pair<std::string_view, std::string Account::*>, 4> who{
    {{"name", &Account::name},
     {"key", &Account::key},
     {"secret", &Account::secret},
     {"passphrase", &Account::passphrase}}};

std::variant<Account, std::string> account_from(const toml::table& table) {
    Account account;
    for (const auto& [key, node] : table) {
        bool wrong = false;
        const bool known = read(who, account, key.str(), node, wrong) ||
                           read(account_texts, account, key.str(), node, wrong) ||
                           read(account_numbers, account, key.str(), node, wrong) ||
                           read(account_flags, account, key.str(), node, wrong);
        if (!known) return fmt::format("an [[account]] has no key named {}", key.str());
        if (wrong) return fmt::format("{} has a value of the wrong type", key.str());
    }
    return account;
}

std::string fault_in(const Account& account, const std::vector<Account>& others) {
    if (account.name.empty() || account.key.empty() || account.secret.empty() ||
        account.passphrase.empty()) {
        return "an [[account]] needs name, key, secret and passphrase, all non-empty strings";
    }
    for (const Account& other : others) {
        if (other.name == account.name) return fmt::format("two accounts named {}", account.name);
        if (other.key == account.key) return fmt::format("{} has another's key", account.name);
    }
    return {};
}

std::variant<AccountsFile, std::string> accounts_from(const toml::table& root,
                                                      const std::string& path) {
    AccountsFile file;
    file.region = root["region"].value_or(file.region);
    if (const toml::array* families = root["families"].as_array()) {
        for (const auto& family : *families) file.families.push_back(family.value_or(""));
    }
    const toml::array* accounts = root["account"].as_array();
    if (!accounts) return fmt::format("{}: no [[account]]", path);
    for (const auto& element : *accounts) {
        const toml::table* table = element.as_table();
        if (!table) return fmt::format("{}: account must be [[account]] tables", path);
        auto read = account_from(*table);
        if (const auto* error = std::get_if<std::string>(&read)) {
            return fmt::format("{}: {}", path, *error);
        }
        Account account = std::get<Account>(std::move(read));
        const std::string fault = fault_in(account, file.accounts);
        if (!fault.empty()) return fmt::format("{}: {}", path, fault);
        file.accounts.push_back(std::move(account));
    }
    return file;
}

}  // namespace

bool Account::may(std::string_view permission) const {
    return lists(perm, permission);
}

bool Account::allows(std::string_view address) const {
    return ip.empty() || lists(ip, address);
}

bool Account::ages() const {
    return ip.empty() && !demo && (may("trade") || may("withdraw"));
}

std::variant<AccountsFile, std::string> load_accounts(const std::string& path) {
    try {
        return accounts_from(toml::parse_file(path), path);
    } catch (const toml::parse_error& error) {
        const auto line = error.source().begin.line;  // 0: the file cannot be read
        return line == 0 ? fmt::format("{}: {}", path, error.description())
                         : fmt::format("{}:{}: {}", path, line, error.description());
    }
}

}  // namespace scram::okxsim
