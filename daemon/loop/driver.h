// The driver: feeds the engine with what happens on links, sources and clocks, and carries out its
// actions in their order. It decides nothing. What it adds is the world: sockets, time, signatures.
#pragma once

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "config/config.h"
#include "core/base/suspension.h"
#include "core/engine/dry_run.h"
#include "core/engine/engine.h"
#include "core/engine/event_pace.h"
#include "core/engine/readiness.h"
#include "core/engine/up_share.h"
#include "core/latency/burst.h"
#include "core/latency/latency.h"
#include "core/latency/loop_time.h"
#include "core/okx/exchange_clock.h"
#include "daemon/log/event_text.h"
#include "daemon/log/logger.h"
#include "daemon/loop/family_check.h"
#include "daemon/loop/prepared_requests.h"
#include "daemon/records/journal.h"
#include "daemon/records/receipt_recorder.h"
#include "daemon/records/recorder.h"
#include "daemon/signer/client.h"
#include "daemon/signer/monitor.h"
#include "net/exchange/link.h"
#include "net/operators/control_server.h"
#include "net/sources/gates.h"
#include "net/sources/signal_sink.h"

namespace scram {

enum class RequestKind : std::uint8_t { none, attempt, rehearsal, call };

// What the loop knows of a link beyond the engine.
struct LinkStats {
    std::string host;  // the name that it speaks to
    std::string peer;  // "104.18.2.115:443"
    std::string tls;
    std::string lost;  // why it was lost last, or could not be made
    Duration round_trip{};
    Time rehearsed{};  // when the last rehearsal was answered well; Time{} if never
    Stages stages;     // of the request that was sent last ...
    RequestKind unsettled = RequestKind::none;  // ... and is neither answered nor lost
    Stages settled;                             // of the last that was answered or lost
};

// What a turn did that fired (LoopTimer::did).
inline constexpr char breach_work[] = "breach";  // an array: at one address for all

// What comes of a trip comes at once: it is filed together.
inline constexpr Duration filed_after = 10ms;

// Signals of nobody's, for practice.
class DrySignals final : public SignalSink {
  public:
    void signal(SourceId, const scram_signal&, Time read_at) override { run_.run(read_at); }
    void batch_ended(SourceId, Time) override {}
    void signals_lost(SourceId, Time) override {}

  private:
    DryRun run_;
};

class Driver final : public SignalSink, public LinkObserver {
  public:
    Driver(boost::asio::io_context& io, const Config& config, SignerLine signer,
           const LinkFactory& links, Gates& gates, Logger& logger, Journal& journal);
    ~Driver();

    void start();
    void stop();

    // How all that a source has published until now is read.
    void read_with(std::function<void(SourceId)> read) { read_ = std::move(read); }

    // While nothing happens: where signals go that are read for practice; reads and runs what a
    // kill would, so that it finds its way warm. Sends nothing.
    SignalSink& dry_run() { return dry_signals_; }
    void warm(Time now);

    // A kill was a moment ago and the next may follow: only signals are read until then.
    bool awaits_more(Time now) const { return burst_.goes_on(now) && !engine_.wants_link(); }

    // The way of a kill.
    void signal(SourceId source, const scram_signal& signal, Time read_at) override;
    void batch_ended(SourceId, Time read_at) override;
    void signals_lost(SourceId source, Time seen_at) override;

    void source_joined(SourceId source, std::string_view who);
    void source_left(SourceId source);
    void source_vanished(SourceId source, std::string_view reason);

    // Now and then: the dead men's switches are fed where a breach would fire.
    void tell_readiness(Time now);
    // A planned stop begins: the exchange is told what becomes of them, until has_ended().
    void begin_stop();
    bool has_ended() const { return engine_.has_ended(); }

    // Now and then: whether the machine has slept.
    void check_clocks();

    // Runs one operator's input and says what came of it.
    std::vector<Event> operate(const std::function<void(Engine&, Time, Step&)>& input);
    // New rules, limits and timings; the plan keeps every id. What takes long is prepare()'s, which
    // any thread may call; what was replaced stays in `next`.
    struct NextPlan {
        StateMapping replaced;             // what the rules of before stood in, which end before it
        std::shared_ptr<const Plan> told;  // for log and receipts
        std::shared_ptr<const RecordingHead> recorded;  // null: nothing is recorded
        PreparedRequests::Next requests;
        PlanUpdate update;
    };
    NextPlan prepare(const Plan& plan) const;
    NextPlan prepare(const Config& config) const;  // so that it is recorded as well
    void adopt(NextPlan& next);

    // How often that was; a look that takes several turns sees by it that it must start over.
    std::uint64_t plans_adopted() const { return plans_adopted_; }
    // In another turn of the loop.
    void later(std::function<void()> what) { boost::asio::post(io_, std::move(what)); }

    // Called behind each step that did something, when all of it is done.
    void after_steps(std::function<void()> then) { after_steps_ = std::move(then); }

    // For the status; null: requests leave by send() alone.
    void show_frames(const Frames* frames) { frames_ = frames; }
    const Frames* frames() const { return frames_; }
    FrameState frame_state(LinkId link) const { return links_[index(link)]->frame_state(); }

    // Watchers are told what the logger is told.
    void tell_watchers(ControlServer* control) { watchers_ = control; }

    const Engine& engine() const { return engine_; }
    const LinkStats& sight(LinkId link) const { return link_stats_[index(link)]; }
    const PreparedRequests& requests() const { return requests_; }
    // The names of the exchange, in the order of ReadinessInput::hosts.
    const std::string& host(std::size_t at) const { return hosts_[at]; }
    std::size_t host_of(LinkId link) const { return host_watch_.host_of(index(link)); }
    double up_share(AccountId id, Time now) const { return up_shares_[index(id)].of(now); }
    const ExchangeClock& clock() const { return clock_; }
    // The exchange's, where it is known.
    std::optional<WallMillis> exchange_time() const;
    const FamilyListing& listing() const { return family_check_.listing(); }
    const Journal& journal() const { return journal_; }
    const ReceiptRecorder& receipts() const { return receipts_; }
    const Recorder* recorder() const { return recorder_.get(); }  // null: nothing is recorded
    const Latency& latency() const { return latency_; }
    // Fed by the loop, which knows when a turn begins and ends.
    LoopTimer& turns() { return turns_; }
    const LoopTimer& turns() const { return turns_; }
    // Lines for the log: now and then.
    std::vector<LogNotice> recording_news();
    std::vector<LogNotice> receipts_news() { return receipts_.news(); }
    std::uint64_t suppressed_warnings() const { return pace_.suppressed(); }
    ReadinessInput readiness_input(Time now) const;
    milliseconds drill_age(AccountId id) const;  // negative: none is known
    // What was taken over from the process before; lines for the log about it.
    const Recalled& recalled() const { return recalled_; }
    std::vector<LogNotice> state_news() const;
    // Now and then: how the state's times stand to the wall's. At a clean end: what is known is
    // left for a start after a reboot.
    void check_state(Time now);
    void leave_state();
    // What an expected source has not said since the start, the first few.
    const std::vector<Unknown>& unknowns() const;
    // Signatures are about to grow too old, and there is nobody to make new ones.
    bool needs_restart(Time now);
    // Lines for the log about what has changed there.
    std::vector<LogNotice> signer_news(Time now) { return signer_watch_.news(signer_, now); }

  private:
    void link_up(LinkId link, const std::string& peer, const std::string& tls) override;
    void link_down(LinkId link, bool was_up, Taken taken, const std::string& reason) override;
    void link_answered(LinkId link, const HttpResponse& answer, Time read_at) override;
    void note_up_share(LinkId link, Time now);
    void tell_listing();
    void attempt_answered(LinkId link, const HttpResponse& answer, Time read_at);
    void rehearsal_answered(LinkId link, const HttpResponse& answer, Time read_at);
    void call_answered(LinkId link, const HttpResponse& answer, Time read_at);
    void make(const Call& call, Time now);
    void make_calls();
    void await_signatures();

    void recall();
    void carry_out(Time published, Time read, std::string_view detail = {});
    void act(Time published, Time read);
    Time decided_now(Time read);
    void act(const Action& action, Time published, Time read, Time decided);
    void fire(const Action& action, const Stages& so_far);
    void rehearse(LinkId link, const Stages& so_far);
    void sent(LinkId link, RequestKind request, const Stages& so_far);
    RequestKind settle(LinkId link, Time answered);
    void record(RequestKind request, const Stages& stages);
    void record(RecordedKind kind, SourceId source, Time at);
    void tell(std::string_view detail);
    Stages stages_of(const Event& event) const;
    Time wire_time(LinkId link, const Stages& stages) const;
    void follow_deadline();
    void on_deadline();
    void read_what_is_due();
    void ask_next();
    void await_answers();
    void on_answers();
    void seal_soon();
    void file_soon(Duration after);

    boost::asio::io_context& io_;
    Logger& logger_;
    Journal& journal_;
    Gates& gates_;
    ControlServer* watchers_ = nullptr;
    const Frames* frames_ = nullptr;
    std::shared_ptr<const Plan> logged_plan_;  // for log and receipts: who tells last frees it
    Engine engine_;
    Step step_;
    ReceiptRecorder receipts_;
    std::unique_ptr<Recorder> recorder_;
    SignerClient signer_;
    ExchangeClock clock_;
    Suspension suspension_;
    AnswerReader answers_;
    Latency latency_;
    LoopTimer turns_;
    Burst burst_;
    EventPace pace_;
    std::uint64_t plans_adopted_ = 0;
    PreparedRequests::Links links_;
    PreparedRequests requests_;
    std::vector<LinkStats> link_stats_;
    std::vector<UpShare> up_shares_;  // by account
    std::vector<std::string> hosts_;
    HostWatch host_watch_;
    FamilyCheck family_check_;
    std::string told_listing_trouble_;
    boost::asio::steady_timer deadline_timer_;
    Time deadline_ = never;
    boost::asio::steady_timer resign_timer_;
    boost::asio::posix::stream_descriptor answers_of_signer_;
    boost::asio::steady_timer calls_timer_;
    boost::asio::steady_timer filing_timer_;
    std::function<void(SourceId)> read_;
    std::function<void()> after_steps_;
    std::vector<SourceId> due_;
    const Duration resign_every_;
    const milliseconds drill_age_max_;  // 0: no drills are asked for
    SignerMonitor signer_watch_;
    Time lost_since_ = never;
    Recalled recalled_;
    std::string recall_fault_;
    // As of so many known values.
    mutable std::vector<Unknown> unknowns_;
    mutable std::size_t unknowns_as_of_ = ~std::size_t{0};
    bool sealing_ = false;
    bool filing_ = false;
    bool awaiting_signatures_ = false;
    DrySignals dry_signals_;
    double drilled_ = 0;  // what was touched, so that no compiler leaves it out
    std::size_t warmed_ = 0;
};

}  // namespace scram
