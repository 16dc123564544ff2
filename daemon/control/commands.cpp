#include "daemon/control/commands.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <variant>

#include "daemon/control/answers.h"
#include "daemon/control/latency_json.h"
#include "net/clock.h"

namespace scram {
namespace {

constexpr std::size_t reason_max = 160;  // as much as an event keeps
// What each user may have done in a row, and how often after that: each leaves records, receipts
// and log lines behind.
constexpr RateSpec actions{60, 2s};

std::optional<Right> right_for(std::string_view op) {
    if (op == "trip") return Right::trip;
    if (op == "rearm") return Right::rearm;
    if (op == "dead_man_off" || op == "dead_man_on") return Right::rearm;
    if (op == "reload") return Right::admin;
    for (const char* looks :
         {"status", "watch", "latency", "receipt", "receipts", "dead_man", "orders"}) {
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
                              "rearm, orders, dead_man, dead_man_off, dead_man_on and reload are "
                              "accepted",
                              request.op));
    }
    if (!may(config_, *right, peer.uid, peer.gids)) {
        refusals_.count(*right, peer);
        return {.line = refuse(missing_right(config_, *right, peer.uid))};
    }
    if (!is_in_rate(peer, request)) {
        refusals_.count(RefusedKind::rate_limit, peer);
        return {
            .line = refuse(fmt::format(
                "{} asks too often: {} requests that change something or ask OKX are taken in a "
                "row, then one each {} s. A trip that closes a gate is always taken",
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
    if (right_for(request.op) == Right::read && request.op != "orders") return true;
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
    if (request.op == "orders") return look_at_orders(peer, request);
    if (request.op == "dead_man_off") return switch_dead_man(peer, request, false);
    if (request.op == "dead_man_on") return switch_dead_man(peer, request, true);
    return {.line = look(request), .watch = request.op == "watch"};
}

std::string Commands::look(const OperatorRequest& request) const {
    if (request.op == "watch") return ok_answer().text();
    if (request.op == "receipt")
        return receipt_answer(driver_.receipts(), request.trip, request.signals);
    if (request.op == "dead_man") return dead_men_answer(driver_.engine());
    if (request.op == "receipts") return receipts_answer(driver_.receipts());
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
    const Settled is_settled =
        request.verified ? settled<is_cancel_verified> : settled<is_cancel_settled>;
    Waits::Wish wish{peer.uid, families, is_settled, request.wait, {}};
    if (!may_wait(wish)) return {.line = told(false)};
    return wait(told(true), std::move(wish), [told] { return told(false); });
}

ControlReply Commands::look_at_orders(const Peer& peer, const OperatorRequest& request) {
    const auto families = families_of(config_.plan, request.target);
    if (families.empty()) return {.line = refuse(unknown_target(request.target))};
    driver_.operate(
        [&](Engine& engine, Time now, Step& step) { engine.on_look(families, now, step); });
    const auto told = [this, families](bool waiting) {
        return orders_json(driver_.engine(), families, monotonic_now(), wall_now(), waiting);
    };
    Waits::Wish wish{peer.uid, families, is_look_over, request.wait, {}};
    if (!may_wait(wish)) return {.line = told(false)};
    return wait(told(true), std::move(wish), [told] { return told(false); });
}

ControlReply Commands::rearm(const Peer& peer, const OperatorRequest& request) {
    const auto families = families_of(config_.plan, request.target);
    if (families.empty()) return {.line = refuse(unknown_target(request.target))};
    if (request.trips.empty()) return {.line = review_json(driver_, families)};
    if (request.reason.empty()) return {.line = refuse("--reason is required")};
    const std::string who = person(config_, peer.uid);
    const auto events = driver_.operate([&](Engine& engine, Time now, Step& step) {
        engine.on_rearm(families, request.trips,
                        {who, request.reason.substr(0, reason_max), peer.uid}, request.force, now,
                        step);
    });
    JsonObject answer = rearm_answer(driver_.engine(), events);
    const auto armed = armed_by(events);
    Waits::Wish wish{peer.uid, armed, settled<is_gate_settled>, request.wait, {}};
    if (!may_wait(wish)) return {.line = answer.text()};
    return wait(answer.add("waiting", true).text(), std::move(wish),
                [this, armed] { return gates_json(driver_.engine(), armed); });
}

// Off until somebody switches it on, or until the next start: a start goes by the file.
ControlReply Commands::switch_dead_man(const Peer& peer, const OperatorRequest& request, bool on) {
    const auto& accounts = driver_.engine().plan().accounts;
    const auto found = std::ranges::find(accounts, request.target, &AccountSpec::name);
    if (found == accounts.end())
        return {.line = refuse(fmt::format("unknown account '{}'; 'scramctl status' lists them",
                                           request.target))};
    if (!found->dead_man)
        return {.line = refuse(fmt::format("{} has no dead_man in the config", request.target))};
    if (request.reason.empty()) return {.line = refuse("--reason is required")};
    const std::string who = person(config_, peer.uid);
    driver_.operate([&](Engine& engine, Time now, Step& step) {
        engine.on_dead_man(id_at<AccountId>(static_cast<std::size_t>(found - accounts.begin())), on,
                           {who, request.reason.substr(0, reason_max)}, now, step);
    });
    return {.line = dead_men_answer(driver_.engine())};
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
                wish.tell = [this, outcome, answer = std::move(answer)] {
                    driver_.turns().did("operator", monotonic_now());
                    answer(outcome());
                };
                return waits_.add(std::move(wish));
            }};
}

}  // namespace scram
