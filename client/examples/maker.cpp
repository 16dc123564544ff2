#include "client/examples/maker.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace scram::sample {
namespace {

constexpr int quote_size = 10;               // contracts
constexpr std::size_t quotes_per_round = 8;  // refreshed at a time, once the book is up
constexpr std::uint64_t rounds_per_requote = 5;
constexpr double fills_per_round = 0.05;
constexpr double hedge_beyond = 8;       // coins of delta
constexpr double runaway_drift = 0.005;  // of spot, a second
constexpr std::uint64_t rounds_per_runaway_fill = 4;
constexpr Seconds hedge_after_halt{1.5};
constexpr Seconds round_time{0.02};

template <class... Values>
void say(fmt::format_string<Values...> format, Values&&... values) {
    fmt::print("maker: {}\n", fmt::format(format, std::forward<Values>(values)...));
    std::fflush(stdout);
}

// Those without an order first, then the ones whose turn it is.
std::vector<Quote*> due(std::vector<Quote>& quotes, std::size_t& next) {
    std::vector<Quote*> chosen;
    for (Quote& quote : quotes) {
        if (quote.order_id.empty()) chosen.push_back(&quote);
    }
    for (std::size_t i = chosen.size(); i < std::min(quotes_per_round, quotes.size()); ++i) {
        Quote& quote = quotes[next++ % quotes.size()];
        if (!quote.order_id.empty()) chosen.push_back(&quote);
    }
    return chosen;
}

std::vector<std::string> take_order_ids(const std::vector<Quote*>& quotes) {
    std::vector<std::string> ids;
    for (Quote* quote : quotes) {
        if (!quote->order_id.empty()) ids.push_back(std::move(quote->order_id));
        quote->order_id.clear();
    }
    return ids;
}

}  // namespace

Maker::Maker(const Settings& settings, std::chrono::sys_days today)
    : settings_(settings),
      scramd_(settings.source, settings.socket),
      exchange_(settings.sim, settings.account) {
    find_gauges();
    std::size_t options = 0;
    for (const std::string& family : settings.families) {
        const auto id = scramd_.family(settings.account + "/" + family);
        desks_.push_back({.book = Book(family, today, settings.seed + desks_.size()), .id = id});
        options += desks_.back().book.contracts().size();
    }
    say("quoting {} options, {} mmp orders, on {} families of {}", options, 2 * options,
        desks_.size(), settings.account);
}

// A metric that scramd's config does not name is not published; delta must be there.
void Maker::find_gauges() {
    constexpr std::pair<const char*, double Risk::*> known[] = {{"delta", &Risk::delta},
                                                                {"gamma", &Risk::gamma},
                                                                {"vega", &Risk::vega},
                                                                {"theta", &Risk::theta},
                                                                {"pnl", &Risk::pnl}};
    for (const auto& [name, value] : known) {
        try {
            gauges_.push_back({name, value, scramd_.metric(name)});
        } catch (const Client::Error& error) {
            if (gauges_.empty() || error.code() != SCRAM_DENIED) throw;
            say("{} is not published: {}", name, error.what());
        }
    }
}

// Publishing comes last, so that scramd's answer to it falls into the pause before the next round.
bool Maker::step(Seconds now) {
    now_ = now;
    for (Desk& desk : desks_) {
        desk.book.walk(round_time.count(), runs_away(desk) ? runaway_drift : 0);
        if (rounds_ % rounds_per_requote == 0) requote(desk);
        trade(desk);
        hedge(desk);
    }
    ++rounds_;
    return publish();
}

void Maker::requote(Desk& desk) {
    if (!may_quote(desk)) return;
    const auto quotes = due(desk.book.quotes(), desk.next_quote);
    exchange_.cancel(take_order_ids(quotes));
    if (!may_quote(desk)) return;
    place(desk, quotes);
    // An order that crossed the mass-cancel on its way would outlive it.
    if (!may_quote(desk)) exchange_.cancel(take_order_ids(quotes));
}

bool Maker::may_quote(Desk& desk) {
    const bool halted = scramd_.halted(desk.id);
    if (halted && !desk.halted_since) stop_quoting(desk);
    if (!halted && desk.halted_since) {
        say("{} gate open again, quoting", desk.book.family());
        desk.halted_since.reset();
    }
    return !halted;
}

// Its resting orders are scramd's to cancel; the maker only forgets them.
void Maker::stop_quoting(Desk& desk) {
    say("{} gate closed, stopped quoting at delta {:+.2f}", desk.book.family(),
        desk.book.risk().delta);
    desk.halted_since = now_;
    if (runs_away(desk)) runaway_over_ = true;
    for (Quote& quote : desk.book.quotes()) quote.order_id.clear();
}

void Maker::place(Desk& desk, const std::vector<Quote*>& quotes) {
    std::vector<NewOrder> orders;
    for (Quote* quote : quotes) {
        desk.book.reprice(*quote);
        orders.push_back({.instrument = desk.book.contracts()[quote->contract].id,
                          .buy = quote->buy,
                          .price = desk.book.coin_price(*quote),
                          .size = quote_size});
    }
    const auto placed = exchange_.place(orders);
    std::string refusal;
    for (std::size_t i = 0; i < quotes.size(); ++i) {
        quotes[i]->order_id = placed[i].order_id;
        if (placed[i].order_id.empty()) refusal = placed[i].refusal;
    }
    note_refusal(desk, refusal);
}

void Maker::note_refusal(Desk& desk, const std::string& reason) {
    const bool refused = !reason.empty();
    if (refused && !desk.refused) say("{} orders refused, {}", desk.book.family(), reason);
    if (!refused && desk.refused) say("{} orders accepted again", desk.book.family());
    desk.refused = refused;
}

// A taker, now and then; in a runaway all of them sell the maker short into a rising market.
void Maker::trade(Desk& desk) {
    auto& random = desk.book.random();
    const bool away = runs_away(desk);
    if (away && !runaway_announced_) {
        say("{} runs away: the market drifts, all takers are on one side", desk.book.family());
        runaway_announced_ = true;
    }
    if (away ? rounds_ % rounds_per_runaway_fill != 0
             : !std::bernoulli_distribution(fills_per_round)(random)) {
        return;
    }
    auto& quotes = desk.book.quotes();
    std::uniform_int_distribution<std::size_t> any(0, quotes.size() - 1);
    for (int tries = 0; tries < 50; ++tries) {
        Quote& quote = quotes[any(random)];
        if (quote.order_id.empty() || (away && desk.book.delta_of(quote) > -0.3)) continue;
        const int size = away ? 3 : 1;
        if (exchange_.fill(quote.order_id, size)) {
            desk.book.fill(quote, size);
        } else {
            quote.order_id.clear();
        }
        return;
    }
}

// In good order at all times; after a halt only if asked to, as a person would do it.
void Maker::hedge(Desk& desk) {
    const double delta = desk.book.risk().delta;
    if (!desk.halted_since) {
        if (!runs_away(desk) && std::abs(delta) > hedge_beyond) desk.book.hedge();
        return;
    }
    const bool due = now_ - *desk.halted_since >= hedge_after_halt;
    if (!settings_.hold_after_halt || !due || std::abs(delta) < hedge_beyond) return;
    desk.book.hedge();
    say("{} hedged, its delta was {:+.2f}", desk.book.family(), delta);
}

bool Maker::runs_away(const Desk& desk) const {
    return &desk == desks_.data() && !runaway_over_ && settings_.runaway_after &&
           now_.count() >= *settings_.runaway_after;
}

bool Maker::publish() {
    for (Desk& desk : desks_) {
        const Risk risk = desk.book.risk();
        for (const Gauge& gauge : gauges_) scramd_.add(desk.id, gauge.id, risk.*gauge.value);
    }
    const scram_result result = scramd_.heartbeat();
    if (result != SCRAM_DONE) say("{}", scramd_.error());
    return scramd_.attached();
}

void Maker::pull() {
    for (Desk& desk : desks_) exchange_.cancel_family(desk.book.family());
}

}  // namespace scram::sample
