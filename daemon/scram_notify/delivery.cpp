#include "daemon/scram_notify/delivery.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <exception>
#include <random>

#include "daemon/scram_notify/templates.h"

namespace scram {
namespace {

namespace asio = boost::asio;
constexpr auto quietly = asio::as_tuple(asio::use_awaitable);
constexpr Duration look_again = 1s;  // whether a kick was missed

double random_share() {
    static std::minstd_rand engine{std::random_device{}()};
    return std::uniform_real_distribution<double>(0.5, 1.0)(engine);
}

}  // namespace

Delivery::Delivery(asio::io_context& io, Receiver receiver, std::string host,
                   std::function<void(const std::string&)> say)
    : receiver_(std::move(receiver)),
      host_(std::move(host)),
      say_(std::move(say)),
      came_(io),
      paused_(io),
      found_(io),
      lookup_(io, receiver_.address.host, receiver_.address.port,
              [this](const std::string& error, const std::vector<Endpoint>& found) {
                  lookup_error_ = error;
                  addresses_ = found;
                  found_.cancel();
              }) {}

void Delivery::start(Spool& spool, std::size_t target) {
    spool_ = &spool;
    target_ = target;
    asio::co_spawn(came_.get_executor(), run(), [](const std::exception_ptr& fault) {
        if (fault) std::rethrow_exception(fault);  // ends the program, and the spool holds all
    });
}

void Delivery::kick(bool is_urgent) {
    came_.cancel();
    if (!is_urgent || pause_is_asked_for_) return;
    next_pause_ = pause_first;
    paused_.cancel();
}

asio::awaitable<void> Delivery::run() {
    while (true) {
        const Spool::Entry* entry = spool_->next(target_);
        if (entry != nullptr) {
            const std::uint64_t number = entry->number;
            co_await deliver(number, entry->notice);
            continue;
        }
        came_.expires_after(look_again);
        co_await came_.async_wait(quietly);
    }
}

asio::awaitable<void> Delivery::deliver(std::uint64_t number, Notice notice) {
    const PostResult result = co_await send(notice);
    if (result.what == PostResult::What::taken) {
        spool_->taken(target_, number);
        next_pause_ = pause_first;
        well();
        co_return;
    }
    const bool is_refused = result.what == PostResult::What::refused;
    if (is_refused && spool_->refused(target_, number) >= refusals_max) {
        set_aside(number, notice, result.said);
        co_return;
    }
    ill(result.said);
    co_await pause(result.retry_after);
}

asio::awaitable<void> Delivery::pause(Duration at_least) {
    const auto chosen = std::chrono::duration_cast<Duration>(next_pause_ * random_share());
    next_pause_ = std::min(next_pause_ * 2, pause_max);
    pause_is_asked_for_ = at_least > Duration::zero();
    paused_.expires_after(std::max(chosen, at_least));
    co_await paused_.async_wait(quietly);
}

void Delivery::set_aside(std::uint64_t number, const Notice& notice, const std::string& said) {
    spool_->set_aside(target_, number);
    next_pause_ = pause_first;
    say_(fmt::format("target {}: {} is given up after {} tries and kept in dead/: {}",
                     receiver_.config.name, notice.id, refusals_max, said));
}

void Delivery::ill(const std::string& why) {
    if (std::exchange(is_ill_, true)) return;
    say_(fmt::format("target {}: {}; it is tried again", receiver_.config.name, why));
}

void Delivery::well() {
    if (std::exchange(is_ill_, false))
        say_(fmt::format("target {}: takes notices again", receiver_.config.name));
}

// ---- One request --------------------------------------------------------------------------------

// Empty, or why there is no address.
asio::awaitable<std::string> Delivery::look_up() {
    lookup_error_ = "the name server did not answer in time";
    addresses_.clear();
    found_.expires_after(receiver_.config.timeout);
    lookup_.ask();
    co_await found_.async_wait(quietly);
    if (!addresses_.empty()) co_return std::string();
    co_return lookup_error_;
}

asio::awaitable<PostResult> Delivery::send(Notice notice) {
    std::string why = co_await look_up();
    if (!why.empty())
        co_return PostResult{PostResult::What::later, "its host was not found: " + why, {}};
    std::string body =
        body_for(receiver_.config.kind, notice, host_, receiver_.routing_key.reveal());
    co_return co_await post_to(receiver_, addresses_, std::move(body), std::move(notice.id));
}

}  // namespace scram
