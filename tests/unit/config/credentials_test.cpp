#include "config/credentials.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <new>
#include <type_traits>

#include "tests/unit/config/fixture.h"

using namespace scram;
using namespace scram::test;

namespace {

const std::string good = R"(key = "fake-key"
secret = "FAKE-SECRET-22582BD0"
passphrase = "fake passphrase!"
)";

std::filesystem::path file_with(const TempFolder& folder, const std::string& text,
                                mode_t mode = 0600) {
    const auto file = folder.write("mm-1.credentials", text);
    REQUIRE(chmod(file.c_str(), mode) == 0);
    return file;
}

std::string error_of(const std::filesystem::path& file) {
    auto result = load_credentials(file);
    const auto* error = std::get_if<std::string>(&result);
    return error != nullptr ? *error : "";
}

std::string error_with(const std::string& text) {
    const TempFolder folder;
    return error_of(file_with(folder, text));
}

std::string error_with_mode(mode_t mode) {
    const TempFolder folder;
    return error_of(file_with(folder, good, mode));
}

}  // namespace

TEST_CASE("credentials: key, secret and passphrase are read") {
    const TempFolder folder;
    auto result = load_credentials(file_with(folder, good));
    const auto* credentials = std::get_if<Credentials>(&result);
    REQUIRE(credentials != nullptr);
    CHECK(credentials->key == "fake-key");
    CHECK(credentials->secret.reveal() == "FAKE-SECRET-22582BD0");
    CHECK(credentials->passphrase.reveal() == "fake passphrase!");
}

TEST_CASE("credentials: those of a folder that systemd hands over, or takes, are found") {
    for (const auto* place :
         {"mm-1.credentials", "scramd_mm-1.credentials", "credentials/mm-1.credentials"}) {
        CAPTURE(place);
        const TempFolder folder;
        std::filesystem::create_directory(folder.path() / "credentials");
        const auto file = folder.write(place, good);
        REQUIRE(chmod(file.c_str(), 0600) == 0);
        const auto named = folder.path() / "mm-1.credentials";
        CHECK(credentials_file(named) == file);
        CHECK(error_of(named).empty());
    }
}

TEST_CASE("credentials: those that are nowhere are told with the place where they belong") {
    const TempFolder folder;
    CHECK(has(error_of(folder.path() / "mm-1.credentials"),
              "mm-1.credentials cannot be opened: No such file or directory. With systemd, put it "
              "at /etc/scramd/credentials/mm-1.credentials: owned by root, mode 0600"));
}

TEST_CASE("credentials: a file that others may read is refused, and the error says what to do") {
    CHECK(has(error_with_mode(0644),
              "mm-1.credentials has mode 0644, so others may get at the key: run chmod 0600"));
    CHECK(has(error_with_mode(0640), "mode 0640"));
    CHECK(has(error_with_mode(0604), "mode 0604"));
    CHECK(has(error_with_mode(0620), "mode 0620"));
    CHECK(error_with_mode(0600).empty());
    CHECK(error_with_mode(0400).empty());
}

// systemd grants the service an ACL, which shows as a group's right to read.
TEST_CASE("credentials: in the service manager's own folder a group may read, others may not") {
    const TempFolder folder;
    const TempFolder other;
    const CredentialsFolder credentials_folder{folder.path()};
    CHECK(error_of(file_with(folder, good, 0440)).empty());
    CHECK(has(error_of(file_with(folder, good, 0444)), "mode 0444"));
    CHECK(has(error_of(file_with(folder, good, 0460)), "mode 0460"));
    CHECK(has(error_of(file_with(other, good, 0440)), "mode 0440"));
}

TEST_CASE("credentials: a file of another user is refused") {
    if (geteuid() != 0) return;  // only root can give a file away
    const TempFolder folder;
    const auto file = file_with(folder, good);
    REQUIRE(chown(file.c_str(), 12345, 12345) == 0);
    CHECK(has(error_of(file), "belongs to uid 12345: run chown root"));
}

TEST_CASE("credentials: a symbolic link to a regular file is followed, with that file's mode") {
    const TempFolder folder;
    const auto file = file_with(folder, good);
    std::filesystem::create_symlink(file, folder.path() / "link");
    CHECK(error_of(folder.path() / "link").empty());
    REQUIRE(chmod(file.c_str(), 0644) == 0);
    CHECK(has(error_of(folder.path() / "link"), "mode 0644"));
}

TEST_CASE("credentials: what is no regular file is refused and not waited for") {
    const TempFolder folder;
    CHECK(has(error_of(folder.path()), "is not a regular file"));
    const auto fifo = folder.path() / "fifo";
    REQUIRE(mkfifo(fifo.c_str(), 0600) == 0);
    CHECK(has(error_of(fifo), "is not a regular file"));
    CHECK(has(error_of(folder.path() / "none"), "cannot be opened: No such file"));
    CHECK(has(error_with(std::string(4097, '#')), "is larger than 4096 bytes"));
}

TEST_CASE("credentials: each of the three is needed, and nothing else is accepted") {
    CHECK(has(error_with("key = \"k\"\nsecret = \"s\"\n"), "needs passphrase = \"...\""));
    CHECK(has(error_with("key = 5\nsecret = \"s\"\npassphrase = \"p\"\n"), "needs key = \"...\""));
    CHECK(has(error_with(""), "needs key = \"...\""));
    CHECK(has(error_with(good + "\nuser = \"x\"\n"),
              "has an unknown key in line 5; expected key, secret and passphrase"));
}

TEST_CASE("credentials: a value that would forge a header is refused") {
    CHECK(has(error_with("key = \"a\\r\\nX: y\"\nsecret = \"s\"\npassphrase = \"p\"\n"),
              "needs key"));
    CHECK(has(error_with("key = \"k\"\nsecret = \"s\"\npassphrase = \"p\\u0000\"\n"),
              "needs passphrase"));
    CHECK(has(error_with("key = \"k\"\nsecret = \"\"\npassphrase = \"p\"\n"), "needs secret"));
    CHECK(has(error_with("key = \" k\"\nsecret = \"s\"\npassphrase = \"p\"\n"), "needs key"));
    CHECK(has(
        error_with("key = \"" + std::string(129, 'k') + "\"\nsecret = \"s\"\npassphrase = \"p\"\n"),
        "1 to 128 printable ASCII characters"));
}

TEST_CASE("credentials: no error holds any of the content") {
    for (const auto& text : {std::string{"key = \"HUSH\"\nsecret = HUSH\n"}, std::string{"HUSH"},
                             good + "HUSH = \"HUSH\"\n", std::string{"key = \"HUSH\n"},
                             std::string{"key = \"HUSH\"\nkey = \"HUSH\"\n"}}) {
        const auto error = error_with(text);
        CAPTURE(error);
        CHECK_FALSE(error.empty());
        CHECK_FALSE(has(error, "HUSH"));
    }
    CHECK(has(error_with("key = \"a\"\nsecret = b\n"), "is not TOML at line 2, column "));
}

TEST_CASE("credentials: cut off or damaged at any byte, the result is credentials or an error") {
    const TempFolder folder;
    const auto closing_quote = good.size() - 2;
    for (std::size_t size = 0; size < good.size(); ++size) {
        const auto error = error_of(file_with(folder, good.substr(0, size)));
        CHECK(error.empty() == (size > closing_quote));
        auto damaged = good;
        damaged[size] = '\xff';
        CHECK_FALSE(error_of(file_with(folder, damaged)).empty());
    }
}

TEST_CASE("secret: has no copy") {
    CHECK_FALSE(std::is_copy_constructible_v<Secret>);
    CHECK_FALSE(std::is_copy_assignable_v<Secret>);
}

TEST_CASE("secret: what was moved from holds nothing any more, not even in its own buffer") {
    Secret from{std::string{"short-one"}};
    const auto* bytes = from.reveal().data();
    const Secret to{std::move(from)};
    CHECK(to.reveal() == "short-one");
    CHECK(from.reveal().empty());
    CHECK(std::all_of(bytes, bytes + 9, [](char c) { return c == '\0'; }));

    Secret assigned{std::string{"old"}};
    Secret source{std::string{"a-new-one"}};
    const auto* left = source.reveal().data();
    assigned = std::move(source);
    CHECK(assigned.reveal() == "a-new-one");
    CHECK(source.reveal().empty());
    CHECK(std::all_of(left, left + 9, [](char c) { return c == '\0'; }));
}

TEST_CASE("secret: its bytes are wiped when it dies") {
    alignas(Secret) std::array<unsigned char, sizeof(Secret)> place{};
    auto* secret = new (place.data()) Secret{std::string{"short-one"}};
    const auto is_in_place = [&place] {
        const std::string_view text = "short-one";
        return std::search(place.begin(), place.end(), text.begin(), text.end()) != place.end();
    };
    REQUIRE(is_in_place());
    secret->~Secret();
    CHECK_FALSE(is_in_place());
}
