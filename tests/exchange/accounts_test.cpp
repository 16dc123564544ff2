#include "tests/exchange/accounts.h"

#include <doctest/doctest.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>

namespace scram::okxsim {
namespace {

const std::string who = R"(
[[account]]
name = "mm-1"
key = "k"
secret = "s"
passphrase = "p"
)";

std::variant<AccountsFile, std::string> load(const std::string& text) {
    const std::string path = "/tmp/okxsim_accounts_" + std::to_string(getpid()) + ".toml";
    std::ofstream(path) << text;
    auto file = load_accounts(path);
    std::remove(path.c_str());
    return file;
}

std::string error(const std::string& text) {
    const auto file = load(text);
    return std::holds_alternative<std::string>(file) ? std::get<std::string>(file) : "none";
}

TEST_CASE("accounts: every setting of an account can stand in the file") {
    const auto file =
        load("region = \"eea\"\n" + who +
             "uid = \"7\"\nperm = \"read_only\"\nip = \"192.0.2.1,192.0.2.2\"\nregion = \"us\"\n"
             "kyc = \"3\"\nmode = 3\nkey_lifetime_ms = 500\nmmp = false\ndemo = true\n");
    REQUIRE(std::holds_alternative<AccountsFile>(file));
    CHECK(std::get<AccountsFile>(file).region == "eea");
    const Account& account = std::get<AccountsFile>(file).accounts.at(0);
    CHECK(account.uid == "7");
    CHECK(account.region == "us");
    CHECK(account.kyc == "3");
    CHECK(account.mode == 3);
    CHECK(account.key_lifetime_ms == 500);
    CHECK_FALSE(account.mmp);
    CHECK(account.demo);
    CHECK(account.may("read_only"));
    CHECK_FALSE(account.may("trade"));
    CHECK_FALSE(account.may("read"));
    CHECK(account.allows("192.0.2.2"));
    CHECK_FALSE(account.allows("192.0.2.22"));
}

TEST_CASE("accounts: a key that is unknown or of the wrong type is named") {
    CHECK(error(who) == "none");
    CHECK(error(who + "trade = false\n").ends_with("an [[account]] has no key named trade"));
    CHECK(error(who + "mode = \"4\"\n").ends_with("mode has a value of the wrong type"));
    CHECK(error(who + who).ends_with("two accounts named mm-1"));
    CHECK(error("").ends_with("no [[account]]"));
}

}  // namespace
}  // namespace scram::okxsim
