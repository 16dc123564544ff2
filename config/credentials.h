// An account's key, secret and passphrase: read once from a file that nobody else can read, handed
// to the signer, wiped. And other secrets that stand in such a file.
#pragma once

#include <filesystem>
#include <string>
#include <variant>

namespace scram {

// Wipes itself (OPENSSL_cleanse) when it is moved from or dies. Has no copy and no operator<<.
class Secret {
  public:
    Secret() = default;
    explicit Secret(std::string text) noexcept;
    Secret(Secret&& other) noexcept;
    Secret& operator=(Secret&& other) noexcept;
    Secret(const Secret&) = delete;
    Secret& operator=(const Secret&) = delete;
    ~Secret();

    const std::string& reveal() const { return text_; }

  private:
    std::string text_;
};

struct Credentials {
    std::string
        key;  // OK-ACCESS-KEY; names the account to OKX, not secret by itself, but never logged
    Secret secret;
    Secret passphrase;
};

// Where a config that names `file` has it: there; or, of a folder that systemd handed over as a
// whole (LoadCredential=scramd:/etc/scramd/credentials), as scramd_NAME beside it; or in the folder
// `credentials` beside it, from which systemd takes them. `file` itself if it is in none.
std::filesystem::path credentials_file(const std::filesystem::path& file);

// The file is TOML with exactly the strings `key`, `secret` and `passphrase`. It must be a regular
// file, owned by root or the effective user, and not readable by group or others. The error says
// what to do and never holds any of the file's content.
std::variant<Credentials, std::string> load_credentials(const std::filesystem::path& file);

// A file that holds one secret and nothing else, in printable ASCII without spaces but for a line
// end; of the same owners and modes. The error names the file and never holds any of its content.
std::variant<Secret, std::string> load_secret(const std::filesystem::path& file);

}  // namespace scram
