#include "daemon/scram_now/lane.h"

#include <fmt/format.h>
#include <poll.h>

#include <algorithm>
#include <exception>
#include <utility>

#include "net/clock.h"

namespace scram {
namespace {

// The time only signs, and the local clock may do; so nobody waits longer for it than this.
constexpr Duration time_patience = 500ms;

}  // namespace

std::optional<WallMillis> ask_for_time(NowClient& client, AnswerReader& reader, NowContext& context,
                                       Duration patience) {
    const Time sent = monotonic_now();
    const auto answer =
        client.ask(rehearsal_request(context.config.exchange.host), sent + patience);
    const auto time = answer ? reader.time(answer->status, answer->body) : std::nullopt;
    context.clock.told(sent, monotonic_now(), time);
    return time;
}

NowLane::NowLane(NowAccount& account, std::size_t number)
    : account_(account),
      context_(account.context()),
      next_address_(number),
      client_(context_.tls, account.stop_fd()),
      backoff_(context_.config.exchange.reconnect_first, context_.config.exchange.reconnect_max) {}

void NowLane::run() {
    try {
        work();
    } catch (const std::exception& error) {
        context_.output.warn(
            fmt::format("{}: a connection thread ended: {}", account_.name(), error.what()));
    }
}

// A slot is taken last: by a lane that can send at once.
void NowLane::work() {
    while (account_.wait_for_work()) {
        if (!client_.is_quiet() && !connect()) continue;
        know_the_time();
        if (!client_.is_quiet()) {
            give_up_connection();
            continue;
        }
        if (const auto shot = account_.take()) fire(*shot);
    }
}

// Tries each address once.
bool NowLane::connect() {
    const ExchangeConfig& exchange = context_.config.exchange;
    const auto deadline = [&] {
        return std::min(context_.deadline, monotonic_now() + exchange.connect_timeout);
    };
    const auto addresses = context_.addresses.get(deadline(), account_.stop_token());
    for (std::size_t tried = 0; tried < addresses.size(); ++tried, ++next_address_) {
        const NowAddress& address = addresses[next_address_ % addresses.size()];
        const std::string failure = client_.connect(address, deadline());
        if (failure.empty()) return true;
        if (account_.stop_token().stop_requested()) return false;
        context_.output.warn_once(
            fmt::format("no connection to {} ({}): {}", exchange.host, address.text(), failure));
    }
    if (addresses.empty())
        context_.output.warn_once(exchange.host + ": " + context_.addresses.why_none());
    context_.addresses.refresh();
    pause(Fell::connecting);
    return false;
}

// The next address may be better.
void NowLane::give_up_connection() {
    const std::string& host = context_.config.exchange.host;
    if (!account_.stop_token().stop_requested())
        context_.output.warn_once(
            fmt::format("connection to {} lost: {}", host, client_.failure()));
    ++next_address_;
    pause(Fell::asked);
}

void NowLane::know_the_time() {
    const Time patience_ends = monotonic_now() + 2 * time_patience;
    if (!context_.clock.must_ask(patience_ends, account_.stop_token())) return;
    if (!ask_for_time(client_, reader_, context_, time_patience))
        context_.output.warn_once("the exchange does not tell its time: signed by the local clock");
}

void NowLane::fire(const NowRound::Shot& shot) {
    const Time sent = monotonic_now();
    const auto request = account_.request(shot, context_.clock.at(sent));
    if (request.empty()) return account_.lost(shot, "it cannot be signed");
    const auto answer = client_.ask(request, sent + context_.config.plan.timings.answer_timeout);
    if (!answer && account_.stop_token().stop_requested()) return;  // in flight for ever
    if (!answer) return account_.lost(shot, client_.failure());
    const Answer meaning = reader_.mass_cancel(answer->status, answer->body);
    if (meaning.answer_class == AnswerClass::clock) context_.clock.doubt(sent);
    backoff_.reset();
    account_.answered(shot, meaning);
}

void NowLane::pause(Fell fell) {
    const double random = std::uniform_real_distribution<>(0, 1)(random_);
    const Duration wait = backoff_.wait(fell, Duration{}, random);
    const Time until = std::min(context_.deadline, monotonic_now() + wait);
    const auto left = std::chrono::ceil<milliseconds>(until - monotonic_now()).count();
    pollfd stop{account_.stop_fd(), POLLIN, 0};
    poll(&stop, 1, static_cast<int>(std::max<std::int64_t>(left, 0)));
}

}  // namespace scram
