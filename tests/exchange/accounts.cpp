#include "tests/exchange/accounts.h"

#include <fmt/format.h>

#include <toml++/toml.h>

namespace scram::okxsim {
namespace {

std::string text(const toml::table& table, std::string_view key) {
    return table[key].value_or(std::string());
}

Account account_from(const toml::table& table) {
    Account account;
    account.name = text(table, "name");
    account.key = text(table, "key");
    account.secret = text(table, "secret");
    account.passphrase = text(table, "passphrase");
    account.mode = table["mode"].value_or(account.mode);
    account.mmp = table["mmp"].value_or(account.mmp);
    account.trade = table["trade"].value_or(account.trade);
    account.ip_ok = table["ip_ok"].value_or(account.ip_ok);
    account.demo = table["demo"].value_or(account.demo);
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
    if (const toml::array* families = root["families"].as_array()) {
        for (const auto& family : *families) file.families.push_back(family.value_or(""));
    }
    const toml::array* accounts = root["account"].as_array();
    if (!accounts) return fmt::format("{}: no [[account]]", path);
    for (const auto& element : *accounts) {
        const toml::table* table = element.as_table();
        if (!table) return fmt::format("{}: account must be [[account]] tables", path);
        Account account = account_from(*table);
        const std::string fault = fault_in(account, file.accounts);
        if (!fault.empty()) return fmt::format("{}: {}", path, fault);
        file.accounts.push_back(std::move(account));
    }
    return file;
}

}  // namespace

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
