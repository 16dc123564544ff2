#include "daemon/scramctl/publish.h"

#include <fmt/format.h>

#include <cstdio>

#include "client/scram.h"
#include "daemon/common/json.h"
#include "daemon/scramctl/exit.h"

namespace scram {
namespace {

// "error" is empty if all went well.
scram_result try_to(const OneSignal& signal, std::string& error) {
    scram_client* client = nullptr;
    std::uint16_t family = 0;
    std::uint16_t metric = 0;
    scram_result result = scram_attach(&client, signal.socket.c_str(), signal.source.c_str());
    if (result == SCRAM_DONE) result = scram_family(client, signal.family.c_str(), &family);
    if (result == SCRAM_DONE) result = scram_metric(client, signal.metric.c_str(), &metric);
    const auto publish = signal.restart ? scram_restart : scram_publish;
    if (result == SCRAM_DONE) result = publish(client, family, metric, signal.value);
    error = result == SCRAM_DONE ? "" : scram_error(client);
    if (client != nullptr) scram_detach(client);
    return result;
}

}  // namespace

int publish_once(const OneSignal& signal) {
    std::string error;
    const scram_result result = try_to(signal, error);
    if (signal.json) {
        fmt::print("{}\n", JsonObject().add("ok", result == SCRAM_DONE).add("error", error).text());
    } else if (result != SCRAM_DONE) {
        fmt::print(stderr, "scramctl: {}\n", error);
    }
    if (result == SCRAM_DONE) return done;
    return result == SCRAM_UNREACHABLE ? unreachable : refused;
}

}  // namespace scram
