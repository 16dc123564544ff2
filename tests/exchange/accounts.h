// Who may trade on the simulated exchange: read from a TOML file at start.
#pragma once

#include <string>
#include <variant>
#include <vector>

namespace scram::okxsim {

struct Account {
    std::string name;
    std::string key;
    std::string secret;
    std::string passphrase;
    int mode = 4;       // acctLv; 4 is portfolio margin, the only mode that has MMP orders
    bool mmp = true;    // has the market maker privilege
    bool trade = true;  // the key has the Trade permission
    bool ip_ok = true;  // the caller's address is in the key's whitelist
    bool demo = false;  // a key of demo trading: wants x-simulated-trading: 1
};

struct AccountsFile {
    std::vector<Account> accounts;
    std::vector<std::string> families;  // those that exist; empty: any of the right form
};

// The error names the file and what is wrong in it.
std::variant<AccountsFile, std::string> load_accounts(const std::string& path);

}  // namespace scram::okxsim
