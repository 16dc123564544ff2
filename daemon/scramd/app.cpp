#include "daemon/scramd/app.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>

#include "daemon/common/version.h"
#include "daemon/control/readiness.h"
#include "daemon/control/status.h"
#include "daemon/scramd/cpu_affinity.h"
#include "net/clock.h"

namespace scram {
namespace {

constexpr std::size_t looks_at_rings =
    2048;  // before the next look at the kernel; some microseconds
// How long a stop waits for the exchange's answer about the dead man's switch, which it takes once
// a second; the service manager allows 5 s for all of it.
constexpr Duration end_patience = 3s;
constexpr Duration end_look = 5ms;
constexpr std::size_t warm_steps = 9;  // of a round: what costs some microseconds each

}  // namespace

App::App(Config config, Parts parts)
    : config_(std::move(config)),
      tls_(std::move(parts.tls)),
      logger_(STDERR_FILENO),
      heartbeat_(std::move(parts.heartbeat)),
      gates_(std::move(parts.gates)),
      journal_(std::move(parts.journal)),
      frames_(std::move(parts.frames)),
      driver_(io_, config_, std::move(parts.signer), links_over(io_, *tls_, frames_.get()), *gates_,
              logger_, *journal_),
      refusals_(logger_),
      source_registry_(config_, driver_, refusals_),
      commands_(io_, config_, driver_, logger_, refusals_,
                [this](Commands::ReloadDone done) { reload(std::move(done)); }),
      status_writer_(io_, std::move(parts.status_page), config_, driver_, logger_, refusals_),
      ingress_(io_, std::move(parts.signals), *gates_, source_registry_, driver_),
      control_(io_, std::move(parts.control), commands_),
      config_reader_(
          io_, config_, [this](const Config& next) { return driver_.prepare(next); },
          [this](NextConfig& next) { end_reload(next); }),
      signals_(io_, SIGTERM, SIGINT, SIGHUP),
      beat_timer_(io_),
      wake_timer_(io_),
      end_timer_(io_),
      beat_interval_(
          std::min<Duration>(service_manager_.watchdog_interval().value_or(1s) / 3, 500ms)),
      warmer_(std::move(parts.warmer)),
      warnings_(std::move(parts.warnings)) {
    tls_->know_time_by([this] { return driver_.exchange_time(); });
    if (!frames_) return;
    route_watch_.emplace(io_, std::move(parts.routes), *frames_);
    driver_.show_frames(frames_.get());
}

bool App::run() {
    try {
        start();
    } catch (...) {
        journal_->stop();  // nothing has run yet: that is no crash
        throw;
    }
    loop();
    stop();
    return !failed_;
}

void App::start() {
    const ExchangeConfig& exchange = config_.exchange;
    logger_.say(
        5, LogLine(LogEvent::starting)
               .add("version", build_version)
               .add("pid", getpid())
               .add("config", config_.file.native())
               .add("exchange", fmt::format("{}:{}", fmt::join(exchange.hosts, ","), exchange.port))
               .text());
    for (const std::string& warning : warnings_) logger_.say(4, warning);
    gates_->halted_after(config_.halted_after);
    write_heartbeats(monotonic_now());
    if (config_.wait == Wait::sleep) wake_in_time();
    tell_void_entries();
    ingress_.start();
    control_.start();
    driver_.tell_watchers(&control_);
    driver_.read_with([this](SourceId source) { ingress_.read(source); });
    await_signal();
    driver_.start();
    status_writer_.start();
    say(journal_->report());
    say(driver_.state_news());
    beat();
    pin_to(config_.cpu);
}

void App::tell_changes(const ConfigChanges& changes) {
    LogLine line(LogEvent::reloaded);
    const auto add = [&](std::string_view key, const std::vector<std::string>& names) {
        if (!names.empty()) line.add(key, fmt::format("{}", fmt::join(names, ",")));
    };
    add("rules_added", changes.rules_added);
    add("rules_changed", changes.rules_changed);
    add("rules_removed", changes.rules_removed);
    add("sections_changed", changes.sections);
    if (changes.lines.empty()) line.add("detail", "nothing has changed");
    logger_.say(5, line.text());
}

void App::tell_void_entries() {
    for (const ConfigError& its : config_.warnings) {
        logger_.say(4, LogLine(LogEvent::config_warning)
                           .add("place", its.place())
                           .add("detail", its.message)
                           .text());
    }
}

void App::stop() {
    service_manager_.stopping();
    if (ending_ && !driver_.has_ended())
        logger_.say(3, LogLine(LogEvent::dead_man_unsettled)
                           .add("detail",
                                "OKX has not confirmed what becomes of the dead man's switch: it "
                                "may fire in its time")
                           .text());
    logger_.tell_repeats(never);
    logger_.say(5, LogLine(LogEvent::stopping).text());
    gates_->end();
    status_writer_.stop();
    beat_timer_.cancel();
    wake_timer_.cancel();
    end_timer_.cancel();
    driver_.stop();
    driver_.tell_watchers(nullptr);
    control_.stop();
    ingress_.stop();
    signals_.cancel();
    io_.restart();
    io_.poll();  // the handlers of what was closed run out
    driver_.leave_state();
    journal_->stop();
}

// ---- The loop -----------------------------------------------------------------------------------

void App::loop() {
    const auto turns = config_.wait == Wait::spin ? &App::spin : &App::sleep;
    while (!stopping_) (this->*turns)();
}

// Looks at the rings all the time, and now and then at what the kernel has, which costs a system
// call.
void App::spin() {
    const std::size_t looks = 1 + looks_at_rings / (1 + config_.plan.sources.size());
    bool busy = kernel_was_busy_;
    for (std::size_t i = 0; i < looks && (i == 0 || !busy); ++i) busy |= ingress_.poll();
    // One handler: what it sets off waits until the rings were read.
    const bool awaits_signals = driver_.awaits_more(monotonic_now()) && ingress_.has_only_rings();
    kernel_was_busy_ = !awaits_signals && io_.poll_one() > 0;
    busy |= kernel_was_busy_ || awaits_signals;
    const Time now = monotonic_now();
    driver_.turns().end(now, thread_cpu_now);
    driver_.turns().begin(now);
    write_heartbeats(now);
    const bool idle = !busy && warmer_ != nullptr;
    if (idle && now - warmed_at_ >= config_.wire.warm_every / warm_steps) warm(now);
}

void App::sleep() {
    if (ingress_.fall_asleep()) io_.run_one();
    ingress_.wake();
    ingress_.poll();
    io_.poll_one();  // also where the rings never let it sleep
    const Time now = monotonic_now();
    driver_.turns().end(now, thread_cpu_now);
    write_heartbeats(now);
}

void App::write_heartbeats(Time now) {
    if (gates_->beat(now)) [[unlikely]]
        heartbeat_->beat(now);
    status_writer_.beat(now);
}

// A loop that nothing wakes still turns often enough for the heartbeats that others look at.
void App::wake_in_time() {
    wake_timer_.expires_after(std::min(gates_->beat_interval(), page_beat_interval));
    wake_timer_.async_wait([this](auto error) {
        if (!error) wake_in_time();
    });
}

// One step of a round: the rings are looked at before the next.
void App::warm(Time now) {
    warmed_at_ = now;
    driver_.turns().did("warm", now);
    switch (warm_step_++ % warm_steps) {
        case 0:
            return warmer_->exercise();
        case 1:
            if (frames_ && config_.wire.warm_frames) frames_->socket->exercise();
            return;
        case 2:
            return ingress_.drill(driver_.dry_run());
        default:
            return driver_.warm(now);
    }
}

void App::await_signal() {
    signals_.async_wait([this](auto error, int number) {
        if (error) return;
        on_signal(number);
        await_signal();
    });
}

void App::on_signal(int number) {
    if (number == SIGHUP) {
        reload([](const std::string&, const ConfigChanges&) {});
    } else if (std::exchange(ending_, true)) {
        stopping_ = true;  // who asks twice waits for nothing
    } else {
        begin_stop();
    }
}

// While the exchange is told, breaches fire as before.
void App::begin_stop() {
    driver_.begin_stop();
    await_end(monotonic_now() + end_patience);
}

void App::await_end(Time give_up) {
    if (driver_.has_ended() || monotonic_now() >= give_up) stopping_ = true;
    if (stopping_) return;
    end_timer_.expires_after(end_look);
    end_timer_.async_wait([this, give_up](auto error) {
        if (!error) await_end(give_up);
    });
}

void App::reload(Commands::ReloadDone done) {
    reload_by_next_.push_back(std::move(done));
    if (!reading_config_) begin_reload();
}

void App::begin_reload() {
    reading_config_ = true;
    reload_answered_by_this_ = std::exchange(reload_by_next_, {});
    if (said_ready_) service_manager_.reloading(monotonic_now());
    config_reader_.read();
}

void App::end_reload(NextConfig& next) {
    if (stopping_) return;
    driver_.turns().did("reload", monotonic_now());
    const std::string why = adopt(next);
    for (const auto& done : std::exchange(reload_answered_by_this_, {})) done(why, next.changes);
    if (said_ready_) service_manager_.ready(status_line(driver_, monotonic_now()));
    reading_config_ = false;
    if (!reload_by_next_.empty()) begin_reload();
}

std::string App::adopt(NextConfig& next) {
    std::string all;
    for (const auto& [place, why] : next.faults) {
        logger_.say(
            3, LogLine(LogEvent::reload_refused).add("place", place).add("detail", why).text());
        all += (all.empty() ? "" : "; ") + place + ": " + why;
    }
    if (!next.plan) return all;
    std::swap(config_, next.config);
    gates_->halted_after(config_.halted_after);
    driver_.adopt(*next.plan);
    tls_->renew_trust();
    ingress_.check_rights();
    control_.check_rights();
    tell_changes(next.changes);
    tell_void_entries();
    return {};
}

void App::say(const std::vector<LogNotice>& news) {
    for (const LogNotice& line : news) logger_.say(line.priority, line.line);
}

// Tells systemd that the loop still turns, and how things stand.
void App::beat() {
    driver_.turns().did("beat", monotonic_now());
    service_manager_.watchdog();
    driver_.check_clocks();
    driver_.tell_readiness(monotonic_now());
    say(journal_->beat(monotonic_now(), driver_.engine()));
    driver_.check_state(monotonic_now());
    say(driver_.receipts_news());
    say(driver_.recording_news());
    logger_.tell_repeats(monotonic_now());
    check_signer(monotonic_now());
    restore_sockets();
    tell_status_page();
    tell_readiness(monotonic_now());
    beat_timer_.expires_after(beat_interval_);
    beat_timer_.async_wait([this](auto error) {
        // What was due when the end came is not cancelled, and would say "ready" behind it.
        if (!error && !stopping_) beat();
    });
}

void App::restore_sockets() {
    for (const std::string& news : {ingress_.restore_socket(), control_.restore_socket()}) {
        if (!news.empty())
            logger_.say(3, LogLine(LogEvent::socket_removed).add("detail", news).text());
    }
}

void App::tell_status_page() {
    const std::string trouble = status_writer_.news();
    if (!trouble.empty())
        logger_.say(4, LogLine(LogEvent::status_page_fault).add("detail", trouble).text());
}

// The log is told what changes whether a breach fires; all else is in the status.
void App::tell_readiness(Time now) {
    const Readiness readiness = scram::readiness(driver_, now);
    std::string line = status_line(driver_, now);
    if (!readiness.ready) line += "; " + readiness.reason;
    if (std::exchange(would_fire_, readiness.fires) != readiness.fires) {
        const LogLine told = readiness.fires
                                 ? LogLine(LogEvent::ready).add("summary", line)
                                 : LogLine(LogEvent::unready).add("detail", readiness.reason);
        logger_.say(readiness.fires ? 5 : 2, told.text());
    }
    const bool started = readiness.fires ||
                         (config_.ready_when == ReadyWhen::first_link && readiness.links_warm > 0);
    if (!started || std::exchange(said_ready_, true)) return service_manager_.status(line);
    service_manager_.ready(line);
}

void App::check_signer(Time now) {
    say(driver_.signer_news(now));
    if (stopping_ || !driver_.needs_restart(now)) return;
    logger_.say(0, LogLine(LogEvent::signer_lost)
                       .add("detail",
                            "no signer answers, and signatures grow too old to fire: scramd ends, "
                            "so that the service manager starts it again")
                       .text());
    stopping_ = failed_ = true;
}

}  // namespace scram
