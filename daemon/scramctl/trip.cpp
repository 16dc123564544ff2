#include "daemon/scramctl/trip.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <stdexcept>
#include <thread>
#include <vector>

#include "daemon/common/json.h"
#include "daemon/control/protocol.h"
#include "daemon/scramctl/connection.h"
#include "daemon/scramctl/json_fields.h"

namespace scram {
namespace {

namespace dom = simdjson::dom;

enum Exit { done = 0, refused = 1, unreachable = 4 };

// What an answer of the exchange made of one family's cancel so far.
struct Outcome {
    std::string family;
    bool unfinished = false;
    bool refused = false;  // by the exchange, and trying again does not cure it
    std::string code{}, http{}, why{}, advice{};
};

struct Outcomes {
    bool known = false;  // the right to trip is not the right to read
    std::vector<Outcome> families;

    bool any(bool Outcome::*is) const {
        return std::any_of(families.begin(), families.end(), [is](auto& its) { return its.*is; });
    }
    bool settled() const {
        return std::all_of(families.begin(), families.end(),
                           [](auto& its) { return !its.unfinished || its.refused; });
    }
};

bool is_meant(std::string_view family, const std::string& target) {
    return target == "all" || family == target || family.substr(0, family.find('/')) == target;
}

Outcome outcome_of(dom::element family) {
    using namespace printing;
    Outcome out;
    out.family = field(family, "name");
    out.unfinished = flag(family, "unfinished");
    out.refused = out.unfinished && number(family, "failures") > 0 &&
                  field(family, "last_class") == "refused";
    out.code = field(family, "last_code");
    out.http = field(family, "last_http");
    out.why = field(family, "last_why", "not explained");
    out.advice = field(family, "last_advice");
    return out;
}

Outcomes look(ControlClient& client, const std::string& target) {
    const std::string status =
        client.ask(JsonObject().add("v", control_version).add("op", "status").text());
    dom::parser parser;
    dom::element answer;
    Outcomes out;
    if (parser.parse(status).get(answer) != simdjson::SUCCESS) return out;
    out.known = printing::flag(answer, "ok");
    for (const dom::element family : printing::list(answer, "families")) {
        if (is_meant(printing::field(family, "name"), target))
            out.families.push_back(outcome_of(family));
    }
    return out;
}

// Within the time that the operator waits for it; at once where only a person can help.
Outcomes await(ControlClient& client, const TripOrder& order) {
    using clock = std::chrono::steady_clock;
    const auto until = clock::now() + std::chrono::duration<double>(order.wait_s);
    if (order.wait_s <= 0) return {};
    for (;;) {
        Outcomes now = look(client, order.target);
        if (!now.known || now.settled() || clock::now() >= until) return now;
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
}

std::string_view text(const Outcomes& outcomes) {
    if (!outcomes.known)
        return "cancels under way; their outcome was not asked for, or is not this user's to read";
    if (outcomes.any(&Outcome::refused)) return "cancels REFUSED by the exchange";
    if (outcomes.any(&Outcome::unfinished))
        return "cancels NOT confirmed yet; scramd goes on trying: scramctl watch";
    return "cancels confirmed by the exchange";
}

void print_text(const std::string& trip, const std::string& families, const Outcomes& outcomes) {
    fmt::print("trip {}: {} families, {}\n", trip, families, text(outcomes));
    for (const Outcome& its : outcomes.families) {
        if (!its.refused) continue;
        fmt::print("{}: REFUSED: code {} ({}), http {}\n  {}\n", its.family, its.code, its.why,
                   its.http, its.advice);
    }
    if (outcomes.any(&Outcome::refused))
        fmt::print(
            "scramd goes on trying, but until this is corrected their quotes may rest: cancel them "
            "at OKX by hand\n");
}

std::string refused_json(const Outcomes& outcomes) {
    JsonArray out;
    for (const Outcome& its : outcomes.families) {
        if (!its.refused) continue;
        out.add_raw(JsonObject()
                        .add("family", its.family)
                        .add("code", its.code)
                        .add("why", its.why)
                        .add("advice", its.advice)
                        .text());
    }
    return out.text();
}

int pull(const TripOrder& order) {
    ControlClient client(order.socket);
    const std::string answer = client.ask(JsonObject()
                                              .add("v", control_version)
                                              .add("op", "trip")
                                              .add("target", order.target)
                                              .add("reason", order.reason)
                                              .text());
    dom::parser parser;
    dom::element told;
    const bool ok =
        parser.parse(answer).get(told) == simdjson::SUCCESS && printing::flag(told, "ok");
    if (!ok) {
        if (order.json)
            fmt::print("{}\n", answer);
        else
            fmt::print(stderr, "scramctl: {}\n", printing::field(told, "error"));
        return refused;
    }
    const std::string trip = printing::field(told, "trip");
    const std::string families = printing::field(told, "families");
    const Outcomes outcomes = await(client, order);
    const bool confirmed = outcomes.known && !outcomes.any(&Outcome::unfinished);
    if (order.json) {
        JsonObject out;
        out.add("ok", true).add_raw("trip", trip).add_raw("families", families);
        out.add("confirmed", confirmed).add_raw("refused", refused_json(outcomes));
        fmt::print("{}\n", out.text());
    } else {
        print_text(trip, families, outcomes);
    }
    return confirmed || order.wait_s <= 0 ? done : refused;
}

}  // namespace

int trip_and_wait(const TripOrder& order) try {
    return pull(order);
} catch (const std::runtime_error& error) {
    fmt::print(stderr,
               "scramctl: {}\n"
               "scramctl: to cancel without scramd, as a user who may read the credentials: "
               "scram-now {}\n",
               error.what(), order.target);
    return unreachable;
}

}  // namespace scram
