#include "daemon/scramctl/trip.h"

#include <fmt/format.h>

#include <cmath>
#include <cstdio>
#include <utility>

#include "daemon/scramctl/connection.h"
#include "daemon/scramctl/exit.h"
#include "daemon/scramctl/outcome_text.h"

namespace scram {
namespace {

using std::chrono::milliseconds;

// Gates wait for the exchange to take orders again: at most as long as OKX's longest lock.
constexpr milliseconds gates_wait{15000};

void print_trip(const Reply& answer, const TripOrder& order) {
    if (order.json)
        fmt::print("{}\n", answer.text());
    else
        fmt::print("{}", trip_text(answer.root(), order.wait_s > 0));
}

// Where the wait breaks off, what was taken is what is known.
void await(Reply& answer, ControlClient& client, milliseconds wait, const TripOrder& order) try {
    Reply outcome = client.outcome(wait);
    if (outcome.ok())
        answer = std::move(outcome);
    else
        fmt::print(stderr, "scramctl: {}\n", outcome.error());
} catch (const Unreachable&) {
    print_trip(answer, order);
    throw;
}

int pull(const TripOrder& order) {
    const milliseconds wait(std::llround(order.wait_s * 1000));
    ControlClient client(order.socket);
    JsonObject wish = request("trip");
    wish.add("target", order.target).add("reason", order.reason).add("wait_ms", wait.count());
    wish.add("until", order.until);
    Reply answer = client.ask(wish);
    if (!answer.ok()) return report_refusal(answer, order.json);
    if (printing::flag(answer.root(), "waiting")) await(answer, client, wait, order);
    print_trip(answer, order);
    if (order.wait_s <= 0 || printing::flag(answer.root(), order.until)) return done;
    return printing::flag(answer.root(), "accepted") ? unverified : refused;
}

JsonObject rearm_request(const RearmOrder& order) {
    JsonObject wish = request("rearm");
    wish.add("target", order.target).add("reason", order.reason).add("force", order.force);
    if (order.trips.empty()) return wish;
    JsonArray trips;
    for (const std::uint64_t trip : order.trips) trips.add_raw(std::to_string(trip));
    wish.add_raw("trips", trips.text());
    if (!order.json) wish.add("wait_ms", gates_wait.count());
    return wish;
}

// Nothing stands in its way but a second person.
int why_not_armed(const Reply& answer) {
    const bool is_refused = !printing::list(answer.root(), "refused").empty();
    const bool waits = printing::has(answer.root(), "awaits_second");
    return waits && !is_refused ? awaits_second : refused;
}

}  // namespace

int report_refusal(const Reply& answer, bool json) {
    if (json)
        fmt::print("{}\n", answer.text());
    else
        fmt::print(stderr, "scramctl: {}\n", answer.error());
    return refused;
}

int trip_and_wait(const TripOrder& order) try {
    return pull(order);
} catch (const Unreachable& error) {
    fmt::print(stderr,
               "scramctl: {}\n"
               "scramctl: to cancel without scramd, as a user who may read the credentials: "
               "scram-now {}\n",
               error.what(), order.target);
    return unreachable;
}

int rearm_and_wait(const RearmOrder& order) {
    ControlClient client(order.socket);
    const Reply answer = client.ask(rearm_request(order));
    if (order.json) {
        fmt::print("{}\n", answer.text());
        return answer.ok() ? done : why_not_armed(answer);
    }
    if (printing::has(answer.root(), "latched")) {
        fmt::print("{}", review_text(answer.root()));
        return printing::list(answer.root(), "latched").empty() ? done : refused;
    }
    if (!printing::has(answer.root(), "rearmed")) return report_refusal(answer, false);
    fmt::print("{}", rearmed_text(answer.root()));
    std::fflush(stdout);
    if (printing::flag(answer.root(), "waiting"))
        fmt::print("{}", gates_text(client.outcome(gates_wait).root()));
    if (answer.ok()) return done;
    report_refusal(answer, false);
    return why_not_armed(answer);
}

}  // namespace scram
