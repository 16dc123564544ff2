// What the operator declares, complete and checked: load() turns the TOML text into a Config, or
// into every error in it. Nothing else in the project reads the file.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "core/model/plan.h"

namespace scram {

enum class Wait : std::uint8_t { sleep, spin };

// When systemd is told that scramd is ready: once a breach of any family would fire, or once any
// link is warm.
enum class ReadyWhen : std::uint8_t { armed, first_link };

// What a start does where the process that speaks to the network could read the credentials again.
enum class ReadableCredentials : std::uint8_t { refuse, warn };

inline constexpr std::size_t hosts_max = 4;

struct ExchangeConfig {
    // Names of the one exchange, at most hosts_max; each account's links take them in turn.
    std::vector<std::string> hosts = {"openapi.okx.com", "www.okx.com"};
    std::uint16_t port = 443;
    std::string ca_file;  // additional trust anchors (PEM); empty: the system's alone
    std::vector<std::string>
        pins;  // "sha256/" + base64 of a SubjectPublicKeyInfo; empty: no pinning
    bool simulated_trading = false;   // OKX demo: header x-simulated-trading: 1
    Duration resolve_every = 60s;     // the addresses of each name are asked for again
    Duration connect_timeout = 3s;    // for each address, TCP and TLS together
    Duration reconnect_first = 50ms;  // doubles, with jitter ...
    Duration reconnect_max = 5s;      // ... up to this
    Duration resign_every = 1s;  // age that an armed request's signature reaches, 100 ms to 10 s
};

// A right is held by users and groups, by name or number; root always holds all of them, and so
// does the user that scramd runs as.
struct Principals {
    std::vector<std::uint32_t> uids;
    std::vector<std::uint32_t> gids;
    std::vector<std::string> unknown;  // named in the file, and void: this machine knows no such

    bool empty() const { return uids.empty() && gids.empty() && unknown.empty(); }
};

enum class Right : std::uint8_t { publish, read, trip, rearm, admin };
inline constexpr std::size_t right_count = 5;
std::string_view name(Right right);

enum class Records : std::uint8_t { sealed, plain };

// The way to the wire.
struct WireConfig {
    // sealed: records of TLS 1.3 are encrypted before they are needed; plain: OpenSSL writes.
    Records records = Records::sealed;
    bool stamps = true;         // the kernel tells when a request was handed to the device
    Duration warm_every = 1ms;  // between two exercises of an idle way, in wait = spin; 0: none
    std::string warm_peer;  // "192.0.2.1:9", "[2001:db8::1]:9": gets a datagram with each; or empty
    // Requests leave as frames of `device` as well, ahead of the kernel's own segments.
    bool frames = false;
    std::string device;        // "eth0", by which the exchange is reached
    bool warm_frames = false;  // with each exercise a frame leaves that reaches nobody
};

struct Paths {
    std::string signals = "/run/scramd/signals.sock";
    std::string control = "/run/scramd/control.sock";
    // Who may connect at all; what he may do then is asked of his rights.
    std::uint32_t signals_mode = 0666;
    std::uint32_t control_mode = 0666;
};

// Where what happened is kept (core/journal/journal.h).
struct JournalConfig {
    std::string directory;                 // empty: $STATE_DIRECTORY, or /var/lib/scramd
    std::uint32_t keep = 16;               // files
    std::uint32_t file_kib = 4096;         // a new file begins beyond this
    std::uint32_t receipts = 1000;         // files, one a trip
    std::uint32_t receipt_signals = 1000;  // in each: the newest of the 10 s before its trip
};

// Every signal, kept for a replay (core/recording/recording.h).
struct RecordingConfig {
    std::string directory;        // empty: nothing is recorded
    std::uint32_t file_mib = 64;  // a new file begins beyond this
    std::uint32_t keep = 16;      // files
};

// One thing wrong in the file. `text()` is "file:line:column: message", the line, and a caret.
struct ConfigError {
    std::filesystem::path file;
    std::uint32_t line = 0;  // 0: the file as a whole
    std::uint32_t column = 0;
    std::string message;  // names the key, what was expected and what the file has
    std::string source_line;
    std::string text() const;
    std::string place() const;  // "file:line"
};

struct Config {
    std::filesystem::path file;  // where it was read from, for messages
    std::string sha256;          // of the file's bytes, in hexadecimal
    // Entries that are void, such as a right of a user whom this machine does not know. All else
    // holds.
    std::vector<ConfigError> warnings;
    Plan plan;
    ExchangeConfig exchange;
    // One per account: the file that holds its key, secret and passphrase, absolute.
    std::vector<std::filesystem::path> credentials;
    Principals rights[right_count];  // by Right
    // By SourceId: who may attach under its name; nobody listed: whoever may publish.
    std::vector<Principals> source_users;
    std::vector<bool> expected_said;  // by SourceId: the file says whether it is expected
    // Those who hold a right, by uid: looked up once, since a directory service may take its time.
    std::vector<std::pair<std::uint32_t, std::string>> people;
    WireConfig wire;
    Paths paths;
    JournalConfig journal;
    RecordingConfig recording;
    Wait wait = Wait::sleep;  // where a core is given, and nothing else said: spin
    ReadyWhen ready_when = ReadyWhen::armed;
    Duration halted_after = 1s;  // age of the loop's heartbeat at which makers count as halted
    ReadableCredentials readable_credentials = ReadableCredentials::refuse;
    int cpu = -1;                          // to pin the loop to; -1: not pinned
    std::uint16_t drill_max_age_days = 0;  // of each account's last verified drill; 0: none is due
};

// Root and the user that scramd runs as may do everything; others what `rights` says.
bool may(const Config& config, Right right, std::uint32_t uid, std::span<const std::uint32_t> gids);
// Any of them.
bool holds_a_right(const Config& config, std::uint32_t uid, std::span<const std::uint32_t> gids);
// The same for a source's name: of those who may publish, its `user`; anybody where it has none.
bool may_attach(const Config& config, SourceId source, std::uint32_t uid,
                std::span<const std::uint32_t> gids);
// Why they may not, and what would let them.
std::string not_its_user(const Config& config, SourceId source, std::uint32_t uid);
// "uid 1000 (desk)"; "uid 1000" of one whose name was not known when the file was read.
std::string person(const Config& config, std::uint32_t uid);
// Why he may not, and what would grant it.
std::string missing_right(const Config& config, Right right, std::uint32_t uid);

using LoadResult = std::variant<Config, std::vector<ConfigError>>;

// More is refused before it is read, and so is what nests deeper than a plan could
// (config/toml/text_bounds.h): no text can exhaust the memory or the stack of who reads it.
inline constexpr std::size_t config_bytes_max = std::size_t{4} << 20;
// The text of `file` within these bounds.
std::variant<std::string, std::vector<ConfigError>> read_config_text(
    const std::filesystem::path& file);

// Reads and checks `file`. On failure holds the first 50 errors, in the order of their lines, and
// how many more there are. Never throws.
LoadResult load(const std::filesystem::path& file);
// For a kill without the daemon, what would stop no cancel of the others is a warning.
enum class ForWhat : std::uint8_t { daemon, a_kill };
LoadResult parse(std::string_view toml, const std::filesystem::path& file_name,
                 ForWhat for_what = ForWhat::daemon);

// The effective config, defaults filled in, one `key = value` a line, and the plan of fire; no
// secret is ever part of a Config. `families` 1..n of one account leave at 0 s (slots), +window, +2
// windows ...
std::string describe(const Config& config);
std::string plan_of_fire(const Plan& plan);

// Where each link leads, in the order of the accounts: an account's links take the names of the
// exchange in turn, so that its first link, and a lone one, has the first; the links of a name take
// its addresses in turn.
struct LinkTarget {
    std::size_t host = 0;  // which of ExchangeConfig::hosts
    std::size_t address = 0;
};
std::vector<LinkTarget> link_targets(const Plan& plan, std::size_t hosts);

// Families that an operator or a source's health cancels, and nothing else: no rule on a value, but
// a shadow, watches and kills them. As text, with an account for all of its families; or empty.
std::vector<FamilyId> unwatched(const Plan& plan);
std::string unwatched_text(const Plan& plan);

// Why `next` cannot replace `running` without a restart (accounts, families, sources, metrics,
// links, paths or exchange differ); empty if it can (rules, limits, timings, rights).
std::string restart_reason(const Config& running, const Config& next);

// What a reload changes: the names of rules, and the sections besides, as "[rights]".
struct ConfigChanges {
    std::vector<std::string> rules_added, rules_changed, rules_removed;
    std::vector<std::string> sections;
    // Each in a line: "rule delta: beyond = 25 becomes beyond = 30".
    std::vector<std::string> lines;
};
ConfigChanges changes(const Config& running, const Config& next);

}  // namespace scram
