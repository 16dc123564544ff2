#include "tests/unit/net/exchange/scripted_names.h"

#include <dlfcn.h>
#include <netdb.h>

#include <condition_variable>
#include <map>
#include <mutex>
#include <optional>
#include <set>

namespace scram::testing {
namespace {

struct Names {
    std::mutex mutex;
    std::condition_variable released;
    std::map<std::string, std::vector<std::string>> addresses;
    std::set<std::string> hanging;
    std::map<std::string, std::size_t> lookups;
};

Names& names() {
    static Names all;
    return all;
}

std::optional<std::vector<std::string>> look_up(const std::string& name) {
    Names& all = names();
    std::unique_lock lock(all.mutex);
    ++all.lookups[name];
    all.released.wait(lock, [&] { return !all.hanging.contains(name); });
    const auto found = all.addresses.find(name);
    return found == all.addresses.end() ? std::nullopt : std::optional(found->second);
}

using GetAddrInfo = int(const char*, const char*, const addrinfo*, addrinfo**);

int real(const char* node, const char* service, const addrinfo* hints, addrinfo** result) {
    static auto* const next = reinterpret_cast<GetAddrInfo*>(dlsym(RTLD_NEXT, "getaddrinfo"));
    return next(node, service, hints, result);
}

}  // namespace

// One list of numeric look-ups; freeaddrinfo frees node by node.
int scripted(const std::vector<std::string>& addresses, const char* service, addrinfo hints,
             addrinfo** result) {
    hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV;
    *result = nullptr;
    for (auto** tail = result; const auto& address : addresses) {
        if (const int error = real(address.c_str(), service, &hints, tail)) return error;
        while (*tail != nullptr) tail = &(*tail)->ai_next;
    }
    return *result == nullptr ? EAI_NONAME : 0;
}

int resolve(const char* node, const char* service, const addrinfo* hints, addrinfo** result) {
    const auto addresses = node != nullptr ? look_up(node) : std::nullopt;
    if (!addresses) return real(node, service, hints, result);
    return scripted(*addresses, service, hints != nullptr ? *hints : addrinfo{}, result);
}

void name_resolves_to(const std::string& name, std::vector<std::string> addresses) {
    const std::lock_guard lock(names().mutex);
    names().addresses[name] = std::move(addresses);
}

void name_does_not_resolve(const std::string& name) {
    name_resolves_to(name, {});
}

std::size_t lookups_of(const std::string& name) {
    const std::lock_guard lock(names().mutex);
    return names().lookups[name];
}

HangingName::HangingName(std::string name) : name_(std::move(name)) {
    const std::lock_guard lock(names().mutex);
    names().hanging.insert(name_);
}

HangingName::~HangingName() {
    {
        const std::lock_guard lock(names().mutex);
        names().hanging.erase(name_);
    }
    names().released.notify_all();
}

}  // namespace scram::testing

extern "C" int getaddrinfo(const char* node, const char* service, const addrinfo* hints,
                           addrinfo** result) {
    return scram::testing::resolve(node, service, hints, result);
}
