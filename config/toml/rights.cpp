// Who may do what: names of users and groups become numbers when the file is read.
#include <fmt/format.h>
#include <grp.h>
#include <pwd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>

#include "config/toml/sections.h"
#include "core/base/names.h"

namespace scram {

constexpr std::array<std::string_view, right_count> right_names = {"publish", "read", "trip",
                                                                   "rearm", "admin"};
static_assert(names_all<Right>(right_names));
std::string_view name(Right right) {
    return name_in(right_names, right);
}

}  // namespace scram

namespace scram::config {
namespace {

using Id = std::uint32_t;

// passwd and group have the same shape of look-up, which says how large its buffer must be by
// failing.
template <class Entry, class Lookup, class Wanted>
std::optional<Entry> look_up(Lookup lookup, Wanted wanted, std::vector<char>& buffer) {
    for (buffer.resize(1024); buffer.size() <= (1u << 20); buffer.resize(buffer.size() * 2)) {
        Entry entry;
        Entry* found = nullptr;
        const int failed = lookup(wanted, &entry, buffer.data(), buffer.size(), &found);
        if (failed != ERANGE) return found != nullptr ? std::optional{entry} : std::nullopt;
    }
    return std::nullopt;
}

std::optional<Id> uid_of(const std::string& user) {
    std::vector<char> buffer;
    const auto entry = look_up<passwd>(getpwnam_r, user.c_str(), buffer);
    return entry ? std::optional{entry->pw_uid} : std::nullopt;
}

std::optional<Id> gid_of(const std::string& group) {
    std::vector<char> buffer;
    const auto entry = look_up<::group>(getgrnam_r, group.c_str(), buffer);
    return entry ? std::optional{entry->gr_gid} : std::nullopt;
}

// The largest number is (uid_t)-1, which means "nobody" to the kernel.
std::optional<Id> number_of(const std::string& text) {
    Id number = 0;
    const auto* end = text.data() + text.size();
    const auto [stop, failed] = std::from_chars(text.data(), end, number);
    if (failed != std::errc{} || stop != end || number == static_cast<Id>(-1)) return std::nullopt;
    return number;
}

void refuse_principal(Document& document, const Text& text) {
    document.error(text.place, fmt::format("expected \"user:NAME\", \"group:NAME\", "
                                           "\"uid:NUMBER\" or \"gid:NUMBER\", got {}",
                                           in_quotes(text.value)));
}

// Somebody has left, or the directory service is not up yet: no reason to guard nothing.
void note_unknown(Document& document, const Text& text, std::string_view how,
                  Principals& principals) {
    principals.unknown.push_back(text.value);
    document.warn(text.place,
                  fmt::format("{}: this machine knows no such {}, so this one entry is void. "
                              "Correct or remove it, or make the {} known; then: scramctl reload",
                              in_quotes(text.value), how, how));
}

void read_principal(Document& document, const Text& text, Principals& principals) {
    const auto colon = std::min(text.value.find(':'), text.value.size());
    const auto how = text.value.substr(0, colon);
    const auto who = text.value.substr(std::min(colon + 1, text.value.size()));
    const bool is_user = how == "user" || how == "uid";
    if (!is_user && how != "group" && how != "gid") return refuse_principal(document, text);
    const bool by_name = how == "user" || how == "group";
    const auto id = how == "user" ? uid_of(who) : how == "group" ? gid_of(who) : number_of(who);
    if (!id && by_name) return note_unknown(document, text, how, principals);
    if (!id) return refuse_principal(document, text);
    (is_user ? principals.uids : principals.gids).push_back(*id);
}

template <class Item>
void sort_and_dedupe(std::vector<Item>& items) {
    std::sort(items.begin(), items.end());
    items.erase(std::unique(items.begin(), items.end()), items.end());
}

using People = std::vector<std::pair<Id, std::string>>;

void add_user(Id uid, People& people) {
    std::vector<char> buffer;
    if (const auto entry = look_up<passwd>(getpwuid_r, uid, buffer))
        people.emplace_back(uid, entry->pw_name);
}

// Those that the group itself lists; whose primary group it is, is not asked of every user there
// is.
void add_members(Id gid, People& people) {
    std::vector<char> buffer;
    const auto entry = look_up<::group>(getgrgid_r, gid, buffer);
    if (!entry) return;
    for (char** member = entry->gr_mem; *member != nullptr; ++member) {
        if (const auto uid = uid_of(*member)) people.emplace_back(*uid, *member);
    }
}

void add_all(const Principals& principals, People& people) {
    for (const Id uid : principals.uids) add_user(uid, people);
    for (const Id gid : principals.gids) add_members(gid, people);
}

}  // namespace

void read_principals(Section& section, std::string_view key, Principals& principals) {
    for (const auto& text : section.list(key).value_or(std::vector<Text>{}))
        read_principal(section.document(), text, principals);
    sort_and_dedupe(principals.uids);
    sort_and_dedupe(principals.gids);
}

void read_rights(Section& top, Config& config) {
    auto section = top.table("rights");
    if (!section) return;
    for (std::size_t i = 0; i < right_count; ++i)
        read_principals(*section, name(static_cast<Right>(i)), config.rights[i]);
    section->end();
}

void look_up_people(Config& config) {
    for (const Id uid : {Id{0}, Id{geteuid()}}) add_user(uid, config.people);
    for (const Principals& right : config.rights) add_all(right, config.people);
    for (const Principals& users : config.source_users) add_all(users, config.people);
    sort_and_dedupe(config.people);
}

}  // namespace scram::config
