#include "daemon/control/commands.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <variant>

#include "daemon/common/json.h"
#include "daemon/control/latency_json.h"
#include "daemon/control/protocol.h"
#include "daemon/control/status.h"
#include "daemon/records/receipt_json.h"
#include "net/clock.h"

namespace scram {
namespace {

constexpr std::size_t reason_max = 160;  // as much as an event keeps
// What each user may have done in a row, and how often after that: each leaves records, receipts
// and log lines behind.
constexpr RateSpec actions{60, 2s};

std::string refuse(std::string_view why) {
    return JsonObject().add("v", control_version).add("ok", false).add("error", why).text();
}

std::string done() {
    return JsonObject().add("v", control_version).add("ok", true).text();
}

std::string texts_json(const std::vector<std::string>& texts) {
    JsonArray out;
    for (const std::string& text : texts) out.add_raw(json_string(text));
    return out.text();
}

std::string reloaded_json(const ConfigChanges& changes) {
    return JsonObject()
        .add("v", control_version)
        .add("ok", true)
        .add_raw("rules_added", texts_json(changes.rules_added))
        .add_raw("rules_changed", texts_json(changes.rules_changed))
        .add_raw("rules_removed", texts_json(changes.rules_removed))
        .add_raw("sections_changed", texts_json(changes.sections))
        .add_raw("changes", texts_json(changes.lines))
        .text();
}

std::optional<Right> right_for(std::string_view op) {
    if (op == "trip") return Right::trip;
    if (op == "rearm") return Right::rearm;
    if (op == "reload") return Right::admin;
    for (const char* looks : {"status", "watch", "latency", "receipt", "receipts"}) {
        if (op == looks) return Right::read;
    }
    return std::nullopt;
}

// The families that a target names, in the order of fire.
std::vector<FamilyId> families_of(const Plan& plan, std::string_view target) {
    std::vector<FamilyId> out;
    for (std::size_t f = 0; f < plan.families.size(); ++f) {
        const FamilySpec& family = plan.families[f];
        const bool meant = target == "all" || target == family.name ||
                           target == plan.accounts[index(family.account)].name;
        if (meant) out.push_back(id_at<FamilyId>(f));
    }
    return out;
}

std::string unknown_target(std::string_view target) {
    return fmt::format(
        "unknown target '{}': a family (mm-1/BTC-USD), an account (mm-1) or 'all' is expected; "
        "'scramctl status' lists them",
        target);
}

std::vector<FamilyId> armed_by(const std::vector<Event>& events) {
    std::vector<FamilyId> out;
    for (const Event& event : events) {
        if (event.kind == EventKind::rearmed) out.push_back(event.family);
    }
    return out;
}

std::string trips_json(const Receipts& receipts) {
    JsonArray out;
    for (std::size_t i = receipts.size(); i-- > 0;)
        out.add_raw(std::to_string(static_cast<std::uint64_t>(receipts.newest(i).trip)));
    return out.text();
}

}  // namespace

Commands::Commands(boost::asio::io_context& io, const Config& config, Driver& driver,
                   const Logger& logger, Refusals& refusals, Reload reload)
    : config_(config),
      driver_(driver),
      logger_(logger),
      refusals_(refusals),
      reload_(std::move(reload)),
      rates_(actions),
      waits_(io, driver.engine()) {
    driver_.after_steps([this] { waits_.on_step(); });
}

Commands::~Commands() {
    driver_.after_steps({});
}

ControlReply Commands::on_line(const Peer& peer, std::string_view line) {
    driver_.turns().did("operator", monotonic_now());
    const auto request = reader_.read(line);
    if (const auto* error = std::get_if<std::string>(&request)) return refuse_request(peer, *error);
    return answer(peer, std::get<OperatorRequest>(request));
}

ControlReply Commands::refuse_request(const Peer& peer, std::string_view why) {
    refusals_.count(RefusedKind::request, peer);
    return {.line = refuse(why)};
}

bool Commands::holds_a_right(const Peer& peer) const {
    return scram::holds_a_right(config_, peer.uid, peer.gids);
}

bool Commands::may_watch(const Peer& peer) const {
    return may(config_, Right::read, peer.uid, peer.gids);
}

std::string Commands::on_turned_away(const Peer& peer, Rejection why) {
    refusals_.count(why, peer);
    switch (why) {
        case Rejection::connection_limit:
            return refuse(
                fmt::format("{} has more than the {} connections allowed: the oldest is closed",
                            person(config_, peer.uid), control_group_max));
        case Rejection::idle_timeout:
            return refuse(
                fmt::format("no line within {} s that its rights allow", control_patience / 1s));
        case Rejection::long_line:
            return refuse(fmt::format("a line has at most {} bytes", control_line_max));
        case Rejection::revoked:
            return refuse(
                fmt::format("a reload revoked the right of {}", person(config_, peer.uid)));
        case Rejection::no_descriptor:
            return {};  // it stays
        case Rejection::slow_reader:
        case Rejection::protocol_error:
            return refuse("the client does not read what it asked for");
    }
    return refuse("?");
}

ControlReply Commands::answer(const Peer& peer, const OperatorRequest& request) {
    const auto right = right_for(request.op);
    if (!right) {
        return refuse_request(
            peer, fmt::format("unknown op '{}': status, watch, latency, receipt, receipts, trip, "
                              "rearm and reload are accepted",
                              request.op));
    }
    if (!may(config_, *right, peer.uid, peer.gids)) {
        refusals_.count(*right, peer);
        return {.line = refuse(missing_right(config_, *right, peer.uid))};
    }
    if (!is_in_rate(peer, request)) {
        refusals_.count(RefusedKind::rate_limit, peer);
        return {.line = refuse(fmt::format(
                    "{} asks too often: {} requests that change something are taken in a row, then "
                    "one each {} s. A trip that closes a gate is always taken",
                    person(config_, peer.uid), actions.in_a_row, actions.each / 1s)),
                .granted = true};
    }
    if (request.op == "reload") return reload();
    if (request.op == "status") return status();
    ControlReply reply = act(peer, request);
    reply.granted = true;
    return reply;
}

// A trip that would change something is never held back: there are no more of these than gates that
// somebody, at this rate, has opened.
bool Commands::is_in_rate(const Peer& peer, const OperatorRequest& request) {
    if (right_for(request.op) == Right::read) return true;
    if (request.op == "rearm" && request.trips.empty()) return true;  // looks only
    if (request.op == "trip" && cancels_anything(request.target)) return true;
    return rates_.take(peer.uid, monotonic_now());
}

bool Commands::cancels_anything(std::string_view target) const {
    const auto families = families_of(config_.plan, target);
    return std::any_of(families.begin(), families.end(), [this](FamilyId id) {
        const Switch& family = driver_.engine().family(id);
        return !family.latched || family.cancel == Cancel::idle || family.release != Release::none;
    });
}

ControlReply Commands::act(const Peer& peer, const OperatorRequest& request) {
    if (request.op == "trip") return trip(peer, request);
    if (request.op == "rearm") return rearm(peer, request);
    return {.line = look(request), .watch = request.op == "watch"};
}

std::string Commands::look(const OperatorRequest& request) const {
    if (request.op == "watch") return done();
    if (request.op == "receipt") return receipt(request);
    if (request.op == "receipts") return receipts();
    return latency_json(driver_.latency());
}

// It takes as many turns of the loop as it is long.
ControlReply Commands::status() const {
    return {.granted = true, .later = [this](ControlAnswer answer) {
                go_on(std::make_shared<StatusReport>(config_, driver_, logger_, refusals_),
                      std::move(answer));
            }};
}

void Commands::go_on(std::shared_ptr<StatusReport> report, ControlAnswer answer) const {
    driver_.turns().did("operator", monotonic_now());
    if (report->go_on()) return answer(report->text());
    driver_.later(
        [this, report = std::move(report), answer = std::move(answer)] { go_on(report, answer); });
}

ControlReply Commands::reload() const {
    return {.granted = true, .later = [this](ControlAnswer answer) {
                reload_([answer = std::move(answer)](const std::string& why,
                                                     const ConfigChanges& changes) {
                    answer(why.empty() ? reloaded_json(changes) : refuse(why));
                });
            }};
}

ControlReply Commands::trip(const Peer& peer, const OperatorRequest& request) {
    const auto families = families_of(config_.plan, request.target);
    if (families.empty()) return {.line = refuse(unknown_target(request.target))};
    // An emergency waits for no words; the record says so.
    const std::string reason = request.reason.empty() ? "none given" : request.reason;
    const std::string who = person(config_, peer.uid);
    const auto events = driver_.operate([&](Engine& engine, Time now, Step& step) {
        engine.on_trip(families, {who, reason.substr(0, reason_max)}, now, step);
    });
    const auto told = [this, families, id = events.front().trip](bool waiting) {
        return trip_json(driver_.engine(), id, families, waiting);
    };
    Waits::Wish wish{peer.uid, families, is_cancel_settled, request.wait, {}};
    if (!may_wait(wish)) return {.line = told(false)};
    return wait(told(true), std::move(wish), [told] { return told(false); });
}

ControlReply Commands::rearm(const Peer& peer, const OperatorRequest& request) {
    const auto families = families_of(config_.plan, request.target);
    if (families.empty()) return {.line = refuse(unknown_target(request.target))};
    if (request.trips.empty()) return {.line = review(families)};
    if (request.reason.empty()) return {.line = refuse("--reason is required")};
    const std::string who = person(config_, peer.uid);
    const auto events = driver_.operate([&](Engine& engine, Time now, Step& step) {
        engine.on_rearm(families, request.trips, {who, request.reason.substr(0, reason_max)},
                        request.force, now, step);
    });
    JsonObject answer = rearm_answer(events);
    const auto armed = armed_by(events);
    Waits::Wish wish{peer.uid, armed, is_gate_settled, request.wait, {}};
    if (!may_wait(wish)) return {.line = answer.text()};
    return wait(answer.add("waiting", true).text(), std::move(wish),
                [this, armed] { return gates_json(driver_.engine(), armed); });
}

// One who waits already as often as may be is told how things stand at once.
bool Commands::may_wait(const Waits::Wish& wish) {
    return wish.at_most > 0ms && !all_settled(driver_.engine(), wish.families, wish.is_settled) &&
           waits_.has_room_for(wish.uid);
}

ControlReply Commands::wait(std::string line, Waits::Wish wish,
                            std::function<std::string()> outcome) {
    return {.line = std::move(line),
            .outcome = [this, wish = std::move(wish),
                        outcome = std::move(outcome)](ControlAnswer answer) mutable {
                wish.tell = [outcome, answer = std::move(answer)] { answer(outcome()); };
                return waits_.add(std::move(wish));
            }};
}

// What there is to look at before arming: nothing is armed by somebody who did not.
std::string Commands::review(const std::vector<FamilyId>& families) const {
    JsonArray latched;
    const auto holding = driver_.engine().rules().all_holding();
    for (const FamilyId family : families) {
        if (driver_.engine().family(family).latched)
            latched.add_raw(family_json(driver_, family, holding[index(family)], monotonic_now()));
    }
    return JsonObject()
        .add("v", control_version)
        .add("ok", false)
        .add("error",
             "--trip and --reason are required: the trips that you have looked at, and why")
        .add_raw("latched", latched.text())
        .text();
}

std::string Commands::receipt(const OperatorRequest& request) const {
    const ReceiptRecorder& book = driver_.receipts();
    const Receipts& known = book.receipts();
    const bool latest = request.trip == TripId{} && known.size() > 0;
    const Receipt* found = latest ? &known.newest(0) : known.find(request.trip);
    JsonObject out;
    out.add("v", control_version).add("ok", found != nullptr);
    out.add("folder", book.writer().folder().native());
    if (found == nullptr) {
        out.add("error", known.size() == 0
                             ? "there was no trip since the start"
                             : "that trip is not among the last ones that scramd keeps");
        return out.add_raw("trips", trips_json(known)).text();
    }
    const auto flight = request.signals ? book.flight(found->trip) : nullptr;
    return out.add_raw("receipt", receipt_json(*found, flight.get(), signals_answered_max)).text();
}

// The latest first.
std::string Commands::receipts() const {
    const Receipts& known = driver_.receipts().receipts();
    JsonArray list;
    for (std::size_t i = 0; i < known.size(); ++i)
        list.add_raw(receipt_summary_json(known.newest(i)));
    return JsonObject()
        .add("v", control_version)
        .add("ok", true)
        .add_raw("receipts", list.text())
        .add("folder", driver_.receipts().writer().folder().native())
        .text();
}

JsonObject Commands::rearm_answer(const std::vector<Event>& events) const {
    JsonArray armed, releasing, refused, not_cancelled;
    bool any_refused = false;
    const Plan& plan = config_.plan;
    for (const Event& event : events) {
        const bool was_held = event.kind == EventKind::rearmed && event.cancel == Cancel::held;
        if (was_held) not_cancelled.add_raw(json_string(plan.families[index(event.family)].name));
        if (event.kind == EventKind::rearmed) {
            const bool open = !driver_.engine().family(event.family).latched;
            (open ? armed : releasing)
                .add_raw(json_string(plan.families[index(event.family)].name));
        }
        if (event.kind != EventKind::rearm_refused) continue;
        any_refused = true;
        refused.add_raw(refusal_json(event));
    }
    JsonObject out;
    out.add("v", control_version).add("ok", !any_refused);
    if (any_refused) out.add("error", "some families stay latched: see refused");
    return out.add_raw("rearmed", armed.text())
        .add_raw("releasing", releasing.text())
        .add_raw("not_cancelled", not_cancelled.text())
        .add_raw("refused", refused.text());
}

std::string Commands::refusal_json(const Event& event) const {
    const Plan& plan = config_.plan;
    JsonObject out;
    out.add("family", plan.families[index(event.family)].name);
    out.add("trip", static_cast<std::uint64_t>(event.trip));
    if (event.rule != none<RuleId>()) out.add("rule", plan.rules[index(event.rule)].name);
    if (event.refusal == Refusal::unknown_value) {
        out.add("metric", plan.metrics[index(event.metric)]);
        out.add("source", plan.sources[index(event.source)].name);
    }
    return out.add("why", name(event.refusal)).text();
}

}  // namespace scram
