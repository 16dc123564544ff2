#include "daemon/loop/driver.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/post.hpp>
#include <utility>

#include "core/base/kill_path.h"
#include "daemon/common/json.h"
#include "net/clock.h"

namespace scram {
namespace {

// Asio's steady clock is CLOCK_MONOTONIC, as ours.
std::chrono::steady_clock::time_point asio_time(Time at) {
    return std::chrono::steady_clock::time_point(
        std::chrono::duration_cast<std::chrono::steady_clock::duration>(at.time_since_epoch()));
}

LinkOptions link_options(const Config& config, LinkTarget target) {
    LinkOptions options{config.exchange.hosts[target.host], config.exchange.port,
                        config.exchange.connect_timeout,    config.exchange.reconnect_first,
                        config.exchange.reconnect_max,      target.address};
    options.resolve_every = config.exchange.resolve_every;
    options.wire_stamps = config.wire.stamps;
    options.sealed = config.wire.records == Records::sealed;
    return options;
}

std::vector<FamilyCheck::Host> family_check_hosts(const Config& config) {
    std::vector<FamilyCheck::Host> hosts;
    for (const std::string& name : config.exchange.hosts) {
        hosts.push_back({link_options(config, {hosts.size()}),
                         option_families_request(name, config.exchange.simulated_trading)});
    }
    return hosts;
}

std::vector<std::size_t> hosts_of_links(const Config& config) {
    std::vector<std::size_t> hosts;
    for (const LinkTarget& target : link_targets(config.plan, config.exchange.hosts.size()))
        hosts.push_back(target.host);
    return hosts;
}

bool is_fire(const Action& action) {
    return action.kind == ActionKind::fire;
}

}  // namespace

// ---- The way of a kill --------------------------------------------------------------------------

SCRAM_KILL_PATH void Driver::signal(SourceId source, const scram_signal& signal, Time read_at) {
    const bool is_breach = engine_.decide(source, signal, read_at, step_);
    if (!is_breach) [[likely]] {
        // A value alone may begin what ends by time: a breach that must last.
        if (engine_.next_deadline() < deadline_) follow_deadline();
        receipts_.saw(source, signal, read_at);
        if (recorder_) recorder_->saw(source, signal, read_at);
        return;
    }
    act(time_from_ns(signal.published_ns), read_at);
    turns_.did(breach_work, read_at);
    if (std::ranges::any_of(step_.actions, is_fire)) burst_.fired(read_at);
    step_.actions.clear();
    receipts_.saw(source, signal, read_at);
    if (recorder_) recorder_->saw(source, signal, read_at);
    engine_.conclude(read_at, step_);
    carry_out(Time{}, read_at);
}

void Driver::batch_ended(SourceId source, Time read_at) {
    engine_.on_batch_ended(read_at, step_);
    if (!step_.actions.empty() || !step_.events.empty()) {
        carry_out(Time{}, read_at);
    } else if (engine_.next_deadline() < deadline_) {
        follow_deadline();
    }
    record(RecordedKind::batch_ended, source, read_at);
}

void Driver::signals_lost(SourceId source, Time seen_at) {
    engine_.on_signals_lost(source, seen_at, step_);
    if (!step_.actions.empty() || !step_.events.empty()) carry_out(Time{}, seen_at);
    record(RecordedKind::signals_lost, source, seen_at);
}

// Behind what came of it, since that is on the way of a kill.
void Driver::record(RecordedKind kind, SourceId source, Time at) {
    if (recorder_) recorder_->told(kind, source, at);
}

void Driver::carry_out(Time published, Time read, std::string_view detail) {
    act(published, read);
    for (const Call& call : step_.calls) make(call, read);
    if (recorder_) recorder_->after(step_, engine_, read);
    pace_.pace(step_.events, read);
    journal_.after(step_, engine_);
    tell(detail);
    if (after_steps_ && (!step_.events.empty() || !step_.actions.empty())) after_steps_();
    step_.clear();
    follow_deadline();
    seal_soon();
    file_soon(filed_after);
}

SCRAM_KILL_PATH void Driver::act(Time published, Time read) {
    const Time decided = decided_now(read);
    published = believable(published, read);
    journal_.before(step_, engine_);
    for (const Action& action : step_.actions) act(action, published, read, decided);
}

// One reading tells the time and whether the machine slept: what is fired after a sleep is signed
// again first.
SCRAM_KILL_PATH Time Driver::decided_now(Time read) {
    const Time decided = suspension_.monotonic(boottime_now());
    if (decided - read < Suspension::slept_min) [[likely]]
        return std::max(decided, read);
    check_clocks();
    return monotonic_now();
}

SCRAM_KILL_PATH void Driver::act(const Action& action, Time published, Time read, Time decided) {
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
            return requests_.resign(action.account, clock_.at(decided));
    }
}

// On a link that was lost a moment ago nothing is sent: its link_down is under way to the engine.
SCRAM_KILL_PATH void Driver::fire(const Action& action, const Stages& so_far) {
    const bool is_sent =
        requests_.fire(action.link, action.family, action.lock, clock_.at(so_far.decided));
    sent(action.link, is_sent ? RequestKind::attempt : RequestKind::none, so_far);
}

void Driver::rehearse(LinkId link, const Stages& so_far) {
    const bool is_sent = requests_.rehearse(link);
    sent(link, is_sent ? RequestKind::rehearsal : RequestKind::none, so_far);
}

SCRAM_KILL_PATH void Driver::sent(LinkId link, RequestKind request, const Stages& so_far) {
    LinkStats& sight = link_stats_[index(link)];
    sight.stages = so_far;
    sight.stages.sent = monotonic_now();
    if (request != RequestKind::none) sight.unsettled = request;
}

// ---- Afterwards ---------------------------------------------------------------------------------

void Driver::tell(std::string_view detail) {
    if (step_.events.empty()) return;
    const bool watched = watchers_ != nullptr && watchers_->watched();
    const WallMillis wall = wall_now();
    for (const Event& event : step_.events) {
        LogEntry entry;
        entry.event = event;
        entry.plan = logged_plan_;
        entry.detail = FixedText<200>(detail);
        const Stages stages = stages_of(event);
        if (event.kind == EventKind::answered) entry.stages = stages;
        logger_.tell(entry);
        receipts_.on_event(event, stages, wall);
        if (watched) watchers_->announce(json_line(entry, wall));
    }
}

// Of the request sent last on the event's link. An answer may have set the next one off already.
Stages Driver::stages_of(const Event& event) const {
    if (event.link == none<LinkId>()) return {};
    const LinkStats& sight = link_stats_[index(event.link)];
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
    LinkStats& sight = link_stats_[index(link)];
    sight.settled = sight.stages;
    sight.settled.answered = answered;
    sight.settled.wire = wire_time(link, sight.settled);
    return std::exchange(sight.unsettled, RequestKind::none);
}

void Driver::record(RequestKind request, const Stages& stages) {
    switch (request) {
        case RequestKind::none:
            return;
        case RequestKind::attempt:
            return latency_.attempts.record(stages);
        case RequestKind::rehearsal:
            return latency_.rehearsals.record(stages);
        case RequestKind::call:
            return;  // not the way of a kill
    }
}

void Driver::follow_deadline() {
    const Time next = std::min(engine_.next_deadline(), pace_.next());
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
    read_what_is_due();
    const Time now = monotonic_now();
    turns_.did("deadline", now);
    engine_.on_time(now, step_);
    carry_out(Time{}, now);
}

// What was published in time is no silence, however late the loop comes to read it.
void Driver::read_what_is_due() {
    engine_.due_sources(monotonic_now(), due_);
    for (const SourceId source : due_) {
        if (read_) read_(source);
    }
    due_.clear();
}

std::optional<WallMillis> Driver::exchange_time() const {
    return clock_.synced() ? std::optional(clock_.at(monotonic_now())) : std::nullopt;
}

// ---- Sources and operators ----------------------------------------------------------------------

void Driver::source_joined(SourceId source, std::string_view who) {
    const Time now = monotonic_now();
    engine_.on_source_joined(source, now, step_);
    carry_out(Time{}, now, who);
    record(RecordedKind::joined, source, now);
}

void Driver::source_left(SourceId source) {
    const Time now = monotonic_now();
    engine_.on_source_left(source, now, step_);
    carry_out(Time{}, now);
    record(RecordedKind::left, source, now);
}

void Driver::source_vanished(SourceId source, std::string_view reason) {
    const Time now = monotonic_now();
    const bool may_quote = engine_.rules().may_quote(source);
    engine_.on_source_vanished(source, now, step_);
    carry_out(Time{}, now,
              may_quote ? std::string(reason)
                        : fmt::format("{}; it had sent no signal: nothing to cancel", reason));
    record(RecordedKind::vanished, source, now);
}

std::vector<Event> Driver::operate(const std::function<void(Engine&, Time, Step&)>& input) {
    read_what_is_due();
    const Time now = monotonic_now();
    input(engine_, now, step_);
    std::vector<Event> events(step_.events.begin(), step_.events.end());
    carry_out(Time{}, now);
    return events;
}

Driver::NextPlan Driver::prepare(const Config& config) const {
    NextPlan next = prepare(config.plan);
    if (recorder_) next.recorded = recorder_->base(config);
    return next;
}

Driver::NextPlan Driver::prepare(const Plan& plan) const {
    return {{},
            std::make_shared<const Plan>(plan),
            nullptr,
            requests_.prepare(plan),
            PlanUpdate(plan, journal_.state_file().map(StateMemory::size_for(plan)))};
}

void Driver::adopt(NextPlan& next) {
    turns_.did("reload", monotonic_now());
    unknowns_as_of_ = ~std::size_t{0};
    logged_plan_.swap(next.told);
    receipts_.adopt(logged_plan_);
    const Time now = monotonic_now();
    ++plans_adopted_;
    pace_.restart(logged_plan_->rules.size());
    requests_.adopt(next.requests, clock_.at(now));
    engine_.adopt(next.update, now, step_);
    next.replaced = journal_.state_file().keep();
    if (recorder_) {
        recorder_->adopt(std::move(next.recorded));
        recorder_->begin(RecordingBegin::reload, engine_, wall_now(), now);
    }
    carry_out(Time{}, now);
    family_check_.ask_again();
}

// ---- Life ---------------------------------------------------------------------------------------

Driver::Driver(boost::asio::io_context& io, const Config& config, SignerLine signer,
               const LinkFactory& links, Gates& gates, Logger& logger, Journal& journal)
    : io_(io),
      logger_(logger),
      journal_(journal),
      gates_(gates),
      logged_plan_(std::make_shared<const Plan>(config.plan)),
      engine_(config.plan, journal.state_file().map(StateMemory::size_for(config.plan))),
      step_(config.plan),
      receipts_(engine_, logged_plan_, journal.directory(),
                {config.journal.receipts, config.journal.receipt_signals}),
      recorder_(Recorder::make(config)),
      signer_(std::move(signer)),
      clock_(monotonic_now(), wall_now()),
      suspension_(monotonic_now(), boottime_now()),
      latency_{wall_now(), {}, {}},
      turns_(config.wait == Wait::spin),
      pace_(config.plan.rules.size()),
      requests_(config, signer_, links_),
      link_stats_(engine_.link_count()),
      up_shares_(config.plan.accounts.size()),
      hosts_(config.exchange.hosts),
      host_watch_(hosts_.size(), hosts_of_links(config)),
      family_check_(io, links, family_check_hosts(config), engine_.plan(), answers_,
                    [this] { tell_listing(); }),
      deadline_timer_(io),
      resign_timer_(io),
      answers_of_signer_(io, signer_.descriptor()),
      calls_timer_(io),
      filing_timer_(io),
      resign_every_(config.exchange.resign_every),
      drill_age_max_(24h * config.drill_max_age_days) {
    due_.reserve(config.plan.sources.size());
    for (const LinkTarget& target : link_targets(config.plan, hosts_.size())) {
        const auto link = id_at<LinkId>(links_.size());
        link_stats_[index(link)].host = hosts_[target.host];
        links_.push_back(links(link, link_options(config, target), *this));
    }
}

// The descriptor is the client's to close.
Driver::~Driver() {
    answers_of_signer_.release();
}

void Driver::start() {
    recall();
    const Time started = monotonic_now();
    if (recorder_) recorder_->begin(RecordingBegin::start, engine_, wall_now(), started);
    engine_.on_restored(journal_.begin(), started, step_);
    journal_.state_file().keep();
    carry_out(Time{}, started);
    if (recorder_) recorder_->begun(started);
    requests_.sign_all(clock_.at(monotonic_now()));
    await_answers();
    ask_next();
    host_watch_.begin(monotonic_now());
    for (const auto& link : links_) link->start();
}

void Driver::stop() {
    resign_timer_.cancel();
    answers_of_signer_.cancel();
    deadline_timer_.cancel();
    calls_timer_.cancel();
    filing_timer_.cancel();
    family_check_.stop();
    for (const auto& link : links_) link->stop();
}

}  // namespace scram
