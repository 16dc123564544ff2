#include "daemon/control/request.h"

#include <fmt/format.h>
#include <simdjson.h>

#include "daemon/control/protocol.h"

namespace scram {
namespace {

bool read_trip(simdjson::dom::element value, TripId& trip) {
    std::uint64_t number = 0;
    if (value.get(number) != simdjson::SUCCESS) return false;
    trip = TripId{number};
    return true;
}

bool read_trips(simdjson::dom::element value, std::vector<TripId>& trips) {
    simdjson::dom::array list;
    if (value.get(list) != simdjson::SUCCESS) return false;
    for (const simdjson::dom::element item : list) {
        if (!read_trip(item, trips.emplace_back())) return false;
    }
    return true;
}

bool read_wait(simdjson::dom::element value, milliseconds& wait) {
    std::uint64_t number = 0;
    const bool is_number = value.get(number) == simdjson::SUCCESS;
    if (!is_number || number > static_cast<std::uint64_t>(wait_max.count())) return false;
    wait = milliseconds(number);
    return true;
}

bool read_until(simdjson::dom::element value, bool& verified) {
    std::string_view text;
    if (value.get(text) != simdjson::SUCCESS) return false;
    verified = text == "verified";
    return verified || text == "accepted";
}

bool read_field(std::string_view key, simdjson::dom::element value, OperatorRequest& request) {
    std::string_view text;
    if (key == "v") return value.get(request.version) == simdjson::SUCCESS;
    if (key == "force") return value.get(request.force) == simdjson::SUCCESS;
    if (key == "signals") return value.get(request.signals) == simdjson::SUCCESS;
    if (key == "trip") return read_trip(value, request.trip);
    if (key == "trips") return read_trips(value, request.trips);
    if (key == "wait_ms") return read_wait(value, request.wait);
    if (key == "until") return read_until(value, request.verified);
    std::string* to = key == "op"       ? &request.op
                      : key == "target" ? &request.target
                      : key == "reason" ? &request.reason
                                        : nullptr;
    if (to == nullptr || value.get(text) != simdjson::SUCCESS) return false;
    *to = text;
    return true;
}

}  // namespace

struct RequestReader::Parser {
    simdjson::dom::parser parser;
};

RequestReader::RequestReader() : parser_(std::make_unique<Parser>()) {}
RequestReader::~RequestReader() = default;

std::variant<OperatorRequest, std::string> RequestReader::read(std::string_view line) {
    simdjson::dom::object object;
    if (parser_->parser.parse(line.data(), line.size()).get(object) != simdjson::SUCCESS) {
        return std::string("a line must be one JSON object, as {\"v\":1,\"op\":\"status\"}");
    }
    OperatorRequest request;
    for (const auto [key, value] : object) {
        if (!read_field(key, value, request)) {
            return fmt::format(
                "key '{}' is unknown or has the wrong type: v, trip, wait_ms (numbers, the last up "
                "to "
                "{}), op, target, reason (strings), until (\"accepted\" or \"verified\"), trips "
                "(numbers in a list), force and signals "
                "(booleans) are accepted",
                key, wait_max.count());
        }
    }
    if (request.version == control_version) return request;
    return fmt::format("protocol version {}: this scramd speaks {}", request.version,
                       control_version);
}

}  // namespace scram
