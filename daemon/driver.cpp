#include "daemon/driver.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/post.hpp>
#include <utility>

#include "daemon/json.h"
#include "net/clock.h"

namespace scram {
namespace {

// Asio's steady clock is CLOCK_MONOTONIC, as ours.
std::chrono::steady_clock::time_point asio_time(Time at) {
    return std::chrono::steady_clock::time_point(
        std::chrono::duration_cast<std::chrono::steady_clock::duration>(at.time_since_epoch()));
}

constexpr std::size_t warmed_at_once = 32;
// Waking up costs more than to sign and seal these; while they are, a signal waits.
constexpr std::size_t signed_at_once = 4;

}  // namespace

// ---- The way of a kill --------------------------------------------------------------------------

void Driver::signal(SourceId source, const scram_signal& signal, Time read_at) {
    if (source == none<SourceId>()) [[unlikely]]
        return drill_.run(read_at);
    const bool is_breach = engine_.decide(source, signal, read_at, step_);
    if (!is_breach) [[likely]] {
        // A value alone may begin what ends by time: a breach that must last.
        if (engine_.next_deadline() < deadline_) follow_deadline();
        return receipts_.saw(source, signal, read_at);
    }
    act(time_from_ns(signal.published_ns), read_at);
    turns_.did("breach", read_at);
    step_.actions.clear();
    receipts_.saw(source, signal, read_at);
    engine_.conclude(read_at, step_);
    carry_out(Time{}, read_at);
}

void Driver::signals_lost(SourceId source, Time seen_at) {
    engine_.on_signals_lost(source, seen_at, step_);
    if (!step_.actions.empty() || !step_.events.empty()) carry_out(Time{}, seen_at);
}

void Driver::carry_out(Time published, Time read, std::string_view detail) {
    act(published, read);
    journal_.after(step_, engine_);
    tell(detail);
    step_.clear();
    follow_deadline();
    seal_soon();
}

void Driver::act(Time published, Time read) {
    const Time decided = monotonic_now();
    published = believable(published, read);
    journal_.before(step_, engine_);
    for (const Action& action : step_.actions) act(action, published, read, decided);
}

void Driver::act(const Action& action, Time published, Time read, Time decided) {
    switch (action.kind) {
        case ActionKind::close_gate:
            return gates_.close(action.family);
        case ActionKind::open_gate:
            return gates_.open(action.family);
        case ActionKind::fire:
            return fire(action, {published, read, decided});
        case ActionKind::rehearse:
            return rehearse(action.link, {Time{}, read, decided});
        case ActionKind::abort_link:
            return links_[index(action.link)]->abort("no answer in time");
        case ActionKind::resign:
            armory_.resign(action.account, clock_.at(decided));
            return magazine_.signed_anew(action.account);
    }
}

// On a link that was lost a moment ago nothing is sent: its link_down is under way to the engine.
void Driver::fire(const Action& action, const Stages& so_far) {
    const std::size_t at = armory_.pick(action.family, action.lock, clock_.at(so_far.decided));
    const bool tried = links_[index(action.link)]->up();
    if (tried) magazine_.fire(action.link, at);
    sent(action.link, tried ? RequestKind::attempt : RequestKind::none, so_far);
}

void Driver::rehearse(LinkId link, const Stages& so_far) {
    const bool tried = links_[index(link)]->up();
    if (tried) magazine_.rehearse(link);
    sent(link, tried ? RequestKind::rehearsal : RequestKind::none, so_far);
}

void Driver::sent(LinkId link, RequestKind request, const Stages& so_far) {
    LinkSight& sight = sights_[index(link)];
    sight.stages = so_far;
    sight.stages.sent = monotonic_now();
    if (request != RequestKind::none) sight.in_flight = request;
}

// ---- Afterwards ---------------------------------------------------------------------------------

void Driver::tell(std::string_view detail) {
    if (step_.events.empty()) return;
    const bool watched = watchers_ != nullptr && watchers_->watched();
    const WallMillis wall = wall_now();
    for (const Event& event : step_.events) {
        Story story;
        story.event = event;
        story.plan = told_plan_;
        story.detail = FixedText<200>(detail);
        const Stages stages = stages_of(event);
        if (event.kind == EventKind::answered) story.stages = stages;
        scribe_.tell(story);
        receipts_.on_event(event, stages, wall);
        if (watched) watchers_->announce(json_line(story, wall));
    }
    receipts_.file_changed();
}

// Of the request sent last on the event's link. An answer may have set the next one off already.
Stages Driver::stages_of(const Event& event) const {
    if (event.link == none<LinkId>()) return {};
    const LinkSight& sight = sights_[index(event.link)];
    if (event.kind == EventKind::answered) return sight.settled;
    Stages stages = sight.stages;
    stages.wire = wire_time(event.link, stages);
    return stages;
}

Time Driver::wire_time(LinkId link, const Stages& stages) const {
    return believable_wire(links_[index(link)]->wire_time(), stages);
}

// Ends the request in flight, which was `answered` then or never. It is recorded after what follows
// from its end: the next attempt comes first.
RequestKind Driver::settle(LinkId link, Time answered) {
    LinkSight& sight = sights_[index(link)];
    sight.settled = sight.stages;
    sight.settled.answered = answered;
    sight.settled.wire = wire_time(link, sight.settled);
    return std::exchange(sight.in_flight, RequestKind::none);
}

void Driver::record(RequestKind request, const Stages& stages) {
    switch (request) {
        case RequestKind::none:
            return;
        case RequestKind::attempt:
            return latency_.attempts.record(stages);
        case RequestKind::rehearsal:
            return latency_.rehearsals.record(stages);
    }
}

std::vector<JournalNews> Driver::look_after_receipts() {
    receipts_.file_changed();
    return receipts_.news();
}

void Driver::follow_deadline() {
    const Time next = engine_.next_deadline();
    if (next == deadline_) return;
    deadline_ = next;
    if (next == never) {
        deadline_timer_.cancel();
        return;
    }
    deadline_timer_.expires_at(asio_time(next));
    deadline_timer_.async_wait([this](auto error) {
        if (!error) on_deadline();
    });
}

void Driver::on_deadline() {
    deadline_ = never;
    const Time now = monotonic_now();
    turns_.did("deadline", now);
    engine_.on_time(now, step_);
    carry_out(Time{}, now);
}

void Driver::refresh_next() {
    refresh_timer_.expires_after(refresh_interval_);
    refresh_timer_.async_wait([this](auto error) {
        if (error) return;
        const Time now = monotonic_now();
        turns_.did("signature", now);
        for (std::size_t i = 0; i < std::min(signed_at_once, armory_.size()); ++i) {
            magazine_.signed_anew(armory_.refresh_next(clock_.at(now)));
        }
        refresh_next();
    });
}

// A few at a time, so that a signal waits no longer than that.
void Driver::seal_soon() {
    if (sealing_ || !magazine_.is_wanting()) return;
    sealing_ = true;
    boost::asio::post(io_, [this] {
        turns_.did("seal", monotonic_now());
        sealing_ = false;
        magazine_.seal_some();
        seal_soon();
    });
}

// As much of it as costs a few microseconds: the families take turns.
void Driver::warm(Time now) {
    turns_.did("warm", now);
    act(Time{}, now);  // of nothing
    for (std::size_t i = 0; i < std::min(warmed_at_once, engine_.plan().families.size()); ++i) {
        const auto family = id_at<FamilyId>(warmed_++ % engine_.plan().families.size());
        const Engine::Next next = engine_.next_cancel(family, now);
        drilled_ += next.touched;
        if (next.link == none<LinkId>()) continue;
        magazine_.fire_dry(next.link, armory_.pick(family, next.lock, clock_.at(now)));
        gates_.touch(family);
        journal_.touch(family);
    }
}

// ---- Links --------------------------------------------------------------------------------------

void Driver::link_up(LinkId link, const std::string& peer, const std::string& tls) {
    sights_[index(link)].peer = peer;
    sights_[index(link)].tls = tls;
    magazine_.number_is_new(link);
    const Time now = monotonic_now();
    turns_.did("link up", now);
    engine_.on_link_up(link, now, step_);
    carry_out(Time{}, now, fmt::format("{} {}", peer, tls));
}

void Driver::link_down(LinkId link, bool was_up, const std::string& reason) {
    // An address that is tried again and again for the same reason is told once.
    const bool news = was_up || sights_[index(link)].lost != reason;
    sights_[index(link)].lost = reason;
    const Time now = monotonic_now();
    turns_.did("link down", now);
    if (was_up) {
        const RequestKind lost = settle(link, Time{});
        engine_.on_link_down(link, now, step_);
        carry_out(Time{}, now, reason);
        record(lost, sights_[index(link)].settled);
    } else if (news) {
        scribe_.say(4, fmt::format("link_down link={} detail={}", link_name(engine_.plan(), link),
                                   json_string(reason)));
    }
}

void Driver::link_answered(LinkId link, const HttpAnswer& answer, Time read_at) {
    const RequestKind settled = settle(link, read_at);
    turns_.did("answer", read_at);
    switch (engine_.phase(link)) {
        case LinkPhase::firing:
            attempt_answered(link, answer, read_at);
            break;
        case LinkPhase::rehearsing:
            rehearsal_answered(link, answer, read_at);
            break;
        case LinkPhase::idle:
        case LinkPhase::down:
            break;  // given up a moment ago: its abort is under way
    }
    record(settled, sights_[index(link)].settled);
}

void Driver::attempt_answered(LinkId link, const HttpAnswer& answer, Time read_at) {
    const Answer read = answers_.mass_cancel(answer.status, answer.body);
    engine_.on_answer(link, read, read_at, step_, answer.keep_alive);
    carry_out(Time{}, read_at);
}

void Driver::rehearsal_answered(LinkId link, const HttpAnswer& answer, Time read_at) {
    LinkSight& sight = sights_[index(link)];
    const auto exchange_time = answers_.time(answer.status, answer.body);
    if (exchange_time) {
        sight.round_trip = read_at - sight.stages.sent;
        sight.rehearsed = read_at;
        if (clock_.sample(sight.stages.decided, read_at, *exchange_time)) {
            scribe_.say(
                4, "clock_stepped detail=\"the exchange's clock stepped; signatures follow it\"");
        }
    }
    const Answer told{AnswerClass::failed, answer.status, no_code};
    engine_.on_rehearsed(link, exchange_time.has_value(), told, read_at, step_, answer.keep_alive);
    carry_out(Time{}, read_at);
}

// ---- Sources and operators ----------------------------------------------------------------------

void Driver::source_joined(SourceId source, std::string_view who) {
    const Time now = monotonic_now();
    engine_.on_source_joined(source, now, step_);
    carry_out(Time{}, now, who);
}

void Driver::source_left(SourceId source) {
    const Time now = monotonic_now();
    engine_.on_source_left(source, now, step_);
    carry_out(Time{}, now);
}

void Driver::source_vanished(SourceId source, std::string_view reason) {
    const Time now = monotonic_now();
    engine_.on_source_vanished(source, now, step_);
    carry_out(Time{}, now, reason);
}

std::vector<Event> Driver::operate(const std::function<void(Engine&, Time, Step&)>& input) {
    const Time now = monotonic_now();
    input(engine_, now, step_);
    std::vector<Event> events(step_.events.begin(), step_.events.end());
    carry_out(Time{}, now);
    return events;
}

void Driver::adopt(const Plan& plan) {
    turns_.did("reload", monotonic_now());
    told_plan_ = &scribe_.keep(plan);
    receipts_.adopt(*told_plan_);
    const Time now = monotonic_now();
    armory_.adopt(plan, clock_.at(now));
    magazine_.reload(plan);
    engine_.adopt(plan, now, step_);
    carry_out(Time{}, now);
}

std::string Driver::unready_reason(Time now) const {
    const Plan& plan = engine_.plan();
    for (std::size_t a = 0; a < plan.accounts.size(); ++a) {
        bool warm = false;
        for (std::size_t l = 0; l < links_.size(); ++l) {
            const auto link = id_at<LinkId>(l);
            const bool up =
                engine_.phase(link) != LinkPhase::down && sights_[l].rehearsed != Time{};
            warm = warm || (engine_.account_of(link) == id_at<AccountId>(a) && up);
        }
        if (!warm) return fmt::format("account {} has no warm link", plan.accounts[a].name);
        if (armory_.oldest(id_at<AccountId>(a), clock_.at(now)) > 25s) {
            return fmt::format("account {} has requests whose signature is too old",
                               plan.accounts[a].name);
        }
    }
    return {};
}

// ---- Life ---------------------------------------------------------------------------------------

Driver::Driver(boost::asio::io_context& io, const Config& config,
               std::vector<Credentials> credentials, TlsContext& tls, Gates& gates, Scribe& scribe,
               Journal& journal)
    : io_(io),
      scribe_(scribe),
      journal_(journal),
      gates_(gates),
      told_plan_(&scribe.keep(config.plan)),
      engine_(config.plan),
      step_(config.plan),
      receipts_(engine_, *told_plan_, journal.directory()),
      armory_(config, std::move(credentials)),
      clock_(monotonic_now(), wall_now()),
      latency_{wall_now(), {}, {}},
      magazine_(config.plan, armory_, links_, rehearsal_request(config.exchange.host)),
      sights_(engine_.link_count()),
      deadline_timer_(io),
      refresh_timer_(io),
      refresh_interval_(std::max<Duration>(
          config.exchange.resign_every *
              static_cast<std::int64_t>(std::min(signed_at_once, armory_.size())) /
              static_cast<std::int64_t>(armory_.size() + 1),
          1ms)) {
    LinkOptions options{config.exchange.host,
                        config.exchange.port,
                        config.exchange.connect_timeout,
                        config.exchange.reconnect_first,
                        config.exchange.reconnect_max,
                        0};
    options.wire_stamps = config.wire.stamps;
    options.sealed = config.wire.records == Records::sealed;
    for (std::size_t l = 0; l < engine_.link_count(); ++l) {
        options.address_offset = l;
        links_.push_back(std::make_unique<Link>(io, tls, id_at<LinkId>(l), options, *this));
    }
}

void Driver::start() {
    const Time started = monotonic_now();
    engine_.on_restored(journal_.begin(), started, step_);
    carry_out(Time{}, started);
    const WallMillis now = clock_.at(monotonic_now());
    for (std::size_t a = 0; a < engine_.plan().accounts.size(); ++a) {
        armory_.resign(id_at<AccountId>(a), now);
    }
    magazine_.reload(engine_.plan());
    refresh_next();
    for (const auto& link : links_) link->start();
}

void Driver::stop() {
    refresh_timer_.cancel();
    deadline_timer_.cancel();
    for (const auto& link : links_) link->stop();
}

}  // namespace scram
