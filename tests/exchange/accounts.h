// Who may trade on the simulated exchange: read from a TOML file at start, changed later over the
// admin port.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace scram::okxsim {

struct Account {
    std::string name;
    std::string key;
    std::string secret;
    std::string passphrase;
    std::string uid{};                     // empty: one that is made up at start
    std::string perm = "read_only,trade";  // of the key: read_only, trade, withdraw
    std::string ip{};                      // addresses that the key is bound to; empty: unbound
    std::string region = "global";         // where it is registered; elsewhere nobody has its key
    std::string kyc = "2";                 // kycLv
    // What OKX's documents leave open about mass-cancel and its lock:
    std::string empty_code{};        // where no MMP order rests; empty: result true
    std::string lock_scope = "all";  // which new orders it refuses: all, mmp, or none
    std::string lock_code{};         // of the refusal of any lock; empty: none
    std::int64_t mode = 4;  // acctLv; 4 is portfolio margin, the only mode that has MMP orders
    // How long an unbound key that may trade or withdraw lives without an authenticated call.
    std::int64_t key_lifetime_ms = 14LL * 24 * 3600 * 1000;
    std::int64_t sweep_ms = 0;   // cancel-all-after cancels one by one, so far apart
    bool trigger_in_ms = false;  // cancel-all-after tells its times in ms, not in seconds
    bool mmp = true;             // has the market maker privilege
    bool demo = false;           // a key of demo trading: wants x-simulated-trading: 1
    bool mass_cancel = true;     // the endpoint exists; not: 50038
    bool lock_amends = true;     // a lock refuses amends too
    bool lock_restarts = true;   // a lock while one holds: starts over; not: changes nothing

    bool may(std::string_view permission) const;
    bool allows(std::string_view address) const;
    bool ages() const;  // whether its key dies unused
};

// What a file and the admin port may set, by its name there.
inline constexpr std::array<std::pair<std::string_view, std::string Account::*>, 8> account_texts{{
    {"uid", &Account::uid},
    {"perm", &Account::perm},
    {"ip", &Account::ip},
    {"region", &Account::region},
    {"kyc", &Account::kyc},
    {"empty_code", &Account::empty_code},
    {"lock_scope", &Account::lock_scope},
    {"lock_code", &Account::lock_code},
}};
inline constexpr std::array<std::pair<std::string_view, std::int64_t Account::*>, 3>
    account_numbers{{{"mode", &Account::mode},
                     {"key_lifetime_ms", &Account::key_lifetime_ms},
                     {"sweep_ms", &Account::sweep_ms}}};
inline constexpr std::array<std::pair<std::string_view, bool Account::*>, 6> account_flags{
    {{"mmp", &Account::mmp},
     {"demo", &Account::demo},
     {"trigger_in_ms", &Account::trigger_in_ms},
     {"mass_cancel", &Account::mass_cancel},
     {"lock_amends", &Account::lock_amends},
     {"lock_restarts", &Account::lock_restarts}}};

struct AccountsFile {
    std::vector<Account> accounts;
    std::vector<std::string> families;  // those that exist; empty: any of the right form
    std::string region = "global";      // which of OKX's sites this is
};

// The error names the file and what is wrong in it.
std::variant<AccountsFile, std::string> load_accounts(const std::string& path);

}  // namespace scram::okxsim
