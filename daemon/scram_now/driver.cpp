#include "daemon/scram_now/driver.h"

#include <fmt/format.h>
#include <openssl/crypto.h>

#include "net/clock.h"

namespace scram {
namespace {

void wipe(std::string_view text) {
    OPENSSL_cleanse(const_cast<char*>(text.data()), text.size());
}

// steady_clock is CLOCK_MONOTONIC too.
std::chrono::steady_clock::time_point asio_time(Time at) {
    return std::chrono::steady_clock::time_point(at.time_since_epoch());
}

}  // namespace

LinkOptions link_options(const ExchangeConfig& exchange, LinkTarget target) {
    LinkOptions options{exchange.hosts[target.host], exchange.port,
                        exchange.connect_timeout,    exchange.reconnect_first,
                        exchange.reconnect_max,      target.address};
    options.sealed = false;
    return options;
}

NowDriver::NowDriver(boost::asio::io_context& io, TlsContext& tls, const ExchangeConfig& exchange,
                     const Plan& plan, std::vector<Credentials> credentials, Times times,
                     NowOutput& output)
    : io_(io),
      exchange_(exchange),
      credentials_(std::move(credentials)),
      output_(output),
      began_(times.began),
      kill_(plan, times.began, times.until),
      clock_(times.began, wall_now()),
      targets_(link_targets(plan, exchange.hosts.size())),
      rehearsed_at_(kill_.engine().link_count()),
      timer_(io) {
    for (const Credentials& its : credentials_)
        signers_.push_back(std::make_unique<HmacSigner>(its.secret.reveal()));
    for (const FamilySpec& family : plan.families) {
        auto& by_host = requests_.emplace_back();
        for (std::size_t host = 0; host < exchange.hosts.size(); ++host) {
            const RequestIdentity its = identity(family.account, host);
            by_host.emplace_back(its, family.inst_family, family.lock);
            wipe(its.passphrase);
        }
    }
    for (const std::string& host : exchange.hosts) rehearsals_.push_back(rehearsal_request(host));
    for (const LinkTarget& target : targets_) {
        const auto id = id_at<LinkId>(links_.size());
        links_.push_back(
            std::make_unique<Link>(io, tls, id, link_options(exchange, target), *this));
    }
}

NowDriver::~NowDriver() {
    for (const auto& by_host : requests_) {
        for (const ArmedRequest& request : by_host) wipe(request.bytes());
    }
}

// If nothing is accepted by then, time being up ends it.
void NowDriver::start() {
    for (const auto& link : links_) link->start();
    follow_deadline();
}

void NowDriver::link_up(LinkId link, const std::string&, const std::string&) {
    const Time now = monotonic_now();
    carry_out(kill_.link_up(link, now), now);
}

void NowDriver::link_down(LinkId link, bool was_up, Taken taken, const std::string& reason) {
    if (!was_up) return output_.warn_once("no connection to " + reason);
    const LinkPhase phase = kill_.engine().phase(link);
    if (phase == LinkPhase::idle || phase == LinkPhase::rehearsing)
        output_.warn_once("connection lost: " + reason);
    const Time now = monotonic_now();
    carry_out(kill_.link_down(link, taken, now), now, reason);
}

void NowDriver::link_answered(LinkId link, const HttpResponse& answer, Time read_at) {
    const LinkPhase phase = kill_.engine().phase(link);
    if (phase == LinkPhase::firing) {
        const Answer meaning = answers_.mass_cancel(answer.status, answer.body);
        carry_out(kill_.answered(link, meaning, answer.keep_alive, read_at), read_at);
    } else if (phase == LinkPhase::rehearsing) {
        const auto time = answers_.time(answer.status, answer.body);
        if (time) clock_.sample(rehearsed_at_[index(link)], read_at, *time);
        const bool good = time.has_value();
        carry_out(kill_.rehearsed(link, good, answer.status, answer.keep_alive, read_at), read_at);
    } else if (phase == LinkPhase::calling) {
        const Call& call = kill_.engine().call(link);
        const auto page = answers_.orders(
            answer.status, answer.body,
            {.what = call.what, .inst_family = spec(call.family).inst_family, .after = call.after});
        carry_out(kill_.told(link, page, answer.keep_alive, read_at), read_at);
    }
}

void NowDriver::carry_out(const Step& step, Time now, const std::string& detail) {
    for (const Action& action : step.actions) act(action, now);
    for (const Call& call : step.calls) read(call, now);
    if (kill_.has_begun() && !clock_.synced())
        output_.warn_once("the exchange does not tell its time: signed by the local clock");
    for (const Event& event : step.events) tell(event, detail);
    if (kill_.over()) return io_.stop();
    follow_deadline();
}

// On a link that was lost a moment ago nothing is sent: its link_down is under way.
void NowDriver::act(const Action& action, Time now) {
    switch (action.kind) {
        case ActionKind::fire:
            return fire(action, now);
        case ActionKind::rehearse:
            rehearsed_at_[index(action.link)] = now;
            links_[index(action.link)]->send(rehearsals_[targets_[index(action.link)].host]);
            return;
        case ActionKind::abort_link:
            return links_[index(action.link)]->abort("no answer in time");
        case ActionKind::close_gate:
        case ActionKind::open_gate:  // scramd's
        case ActionKind::resign:     // each is signed when it leaves
            return;
    }
}

void NowDriver::fire(const Action& action, Time now) {
    const std::size_t host = targets_[index(action.link)].host;
    ArmedRequest& request = requests_[index(action.family)][host];
    Link& link = *links_[index(action.link)];
    const bool is_signed = request.refresh(*signers_[index(action.account)], clock_.at(now));
    if (!is_signed) return link.abort("the request cannot be signed");
    link.send(request.bytes());
}

// Its family's orders: rendered as it leaves, since each page is another request.
void NowDriver::read(const Call& call, Time now) {
    const RequestIdentity its = identity(call.account, targets_[index(call.link)].host);
    ArmedRequest request(
        its,
        {.what = call.what, .inst_family = spec(call.family).inst_family, .after = call.after});
    Link& link = *links_[index(call.link)];
    if (request.refresh(*signers_[index(call.account)], clock_.at(now)))
        link.send(request.bytes());
    else
        link.abort("the request cannot be signed");
    wipe(its.passphrase);
    wipe(request.bytes());
}

RequestIdentity NowDriver::identity(AccountId account, std::size_t host) const {
    const Credentials& its = credentials_[index(account)];
    return {exchange_.hosts[host], its.key, its.passphrase.reveal(), exchange_.simulated_trading};
}

void NowDriver::tell(const Event& event, const std::string& detail) {
    if (event.late || event.family == none<FamilyId>()) return;
    const auto not_yet = [&](const std::string& why) {
        output_.warn(spec(event.family).name + " not yet: " + why);
    };
    const bool is_done = event.answer.answer_class == AnswerClass::accepted ||
                         event.answer.answer_class == AnswerClass::nothing_left;
    if (event.kind == EventKind::accepted || event.kind == EventKind::verified)
        output_.result(result(event.family));
    if (event.kind == EventKind::orders_read && event.value > 0)
        output_.warn(
            fmt::format("{}: the exchange's book shows {:.0f} MMP orders of it: cancelled "
                        "again",
                        spec(event.family).name, event.value));
    if (event.kind == EventKind::read_failed)
        output_.warn(fmt::format("{} not verified yet: {}, {}", spec(event.family).name,
                                 name(event.answer.answer_class), text(event.answer)));
    if (event.kind == EventKind::answered && !is_done)
        not_yet(fmt::format("{}, {}", name(event.answer.answer_class), text(event.answer)));
    if (event.kind == EventKind::attempt_lost)
        not_yet(detail.empty() ? "no answer in time" : detail);
    if (event.kind == EventKind::fired && event.hedge)
        not_yet("no answer so far, sent again on another connection");
}

void NowDriver::follow_deadline() {
    timer_.expires_at(asio_time(kill_.next_deadline()));
    timer_.async_wait([this](auto error) {
        if (error) return;
        const Time at = monotonic_now();
        carry_out(kill_.on_time(at), at);
    });
}

NowResult NowDriver::result(FamilyId family) const {
    const NowKill::Outcome& its = kill_.outcome(family);
    const Time at = its.accepted ? its.at : monotonic_now();
    return {spec(family).name, its, at - began_, {}};
}

}  // namespace scram
