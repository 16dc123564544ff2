#include "daemon/scram_now/check.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <map>
#include <memory>
#include <utility>

#include "core/okx/answer.h"
#include "core/okx/exchange_clock.h"
#include "core/okx/request.h"
#include "daemon/common/json.h"
#include "daemon/scram_now/driver.h"
#include "net/clock.h"
#include "net/exchange/name_lookup.h"

namespace scram {
namespace {

const char* const no_time = "connected and verified, but it does not tell its time";

// One link to each address of each name, all at once; each is done with its first word, good or
// bad.
class Addresses final : public LinkObserver {
  public:
    Addresses(TlsContext& tls, const ExchangeConfig& exchange, NowOutput& output)
        : tls_(tls),
          exchange_(exchange),
          output_(output),
          names_(exchange.hosts.size()),
          timer_(io_) {
        for (std::size_t n = 0; n < names_.size(); ++n) {
            names_[n].lookup = std::make_unique<NameLookup>(
                io_, exchange.hosts[n], exchange.port,
                [this, n](const std::string& error, const std::vector<Endpoint>& found) {
                    try_each(n, error, try_order(found, 0));
                });
        }
    }

    // For the names, the connecting and the answer; each link ends its connecting by itself.
    bool run(const Timings& timings) {
        timer_.expires_after(2 * exchange_.connect_timeout + timings.answer_timeout);
        timer_.async_wait([this](auto error) {
            if (error) return;
            for (std::size_t n = 0; n < names_.size(); ++n) try_each(n, "no answer in time", {});
            for (Tried& its : tried_)
                if (!its.done) fail(its, no_time);
        });
        for (Name& its : names_) its.lookup->ask();
        io_.run();
        return found_;
    }

  private:
    struct Name {
        std::unique_ptr<NameLookup> lookup;
        bool answered = false;
    };
    struct Tried {
        std::size_t host;
        std::string address;
        std::unique_ptr<Link> link;
        std::string tls{};
        Time asked{};
        bool done = false;
    };

    // An answer after the time for it is none.
    void try_each(std::size_t host, const std::string& error, const std::vector<Endpoint>& found) {
        if (std::exchange(names_[host].answered, true)) return;
        if (found.empty())
            output_.warn(exchange_.hosts[host] + ": the name cannot be resolved: " + error);
        LinkOptions options = link_options(exchange_, {host});
        for (const Endpoint& endpoint : found) {
            options.address = endpoint.address().to_string();
            const auto id = id_at<LinkId>(tried_.size());
            tried_.push_back(
                {host, to_text(endpoint), std::make_unique<Link>(io_, tls_, id, options, *this)});
            tried_.back().link->start();
        }
        stop_if_done();
    }

    void link_up(LinkId id, const std::string&, const std::string& tls) override {
        Tried& its = tried_[index(id)];
        its.tls = tls;
        its.asked = monotonic_now();
        its.link->send(rehearsal_request(exchange_.hosts[its.host]));
    }
    void link_down(LinkId id, bool, Taken, const std::string& reason) override {
        fail(tried_[index(id)], reason);
    }
    void link_answered(LinkId id, const HttpResponse& answer, Time read_at) override {
        Tried& its = tried_[index(id)];
        const auto time = answers_.time(answer.status, answer.body);
        if (!time) return fail(its, no_time);
        ExchangeClock clock(its.asked, *time);
        clock.sample(its.asked, read_at, *time);
        say(its, clock.ahead_of(monotonic_now(), wall_now()).count());
        found_ = true;
        end(its);
    }

    void say(const Tried& its, std::int64_t ahead_ms) {
        const std::string& host = exchange_.hosts[its.host];
        JsonObject json;
        json.add("host", host).add("address", its.address).add("tls", its.tls);
        json.add("clock_ahead_ms", ahead_ms);
        output_.say(output_.json()
                        ? json.text()
                        : fmt::format("{} is {}: {}, verified; its clock is {} ms ahead of ours",
                                      its.address, host, its.tls, ahead_ms));
    }
    void fail(Tried& its, const std::string& why) {
        const std::string place = fmt::format("{} ({}): ", exchange_.hosts[its.host], its.address);
        output_.warn(why.starts_with(place) ? why : place + why);
        end(its);
    }
    void end(Tried& its) {
        its.done = true;
        its.link->stop();
        stop_if_done();
    }
    void stop_if_done() {
        const bool named = std::ranges::all_of(names_, &Name::answered);
        if (named && std::ranges::all_of(tried_, &Tried::done)) io_.stop();
    }

    boost::asio::io_context io_;
    TlsContext& tls_;
    const ExchangeConfig& exchange_;
    NowOutput& output_;
    std::vector<Name> names_;
    boost::asio::steady_timer timer_;
    AnswerReader answers_;
    std::vector<Tried> tried_;
    bool found_ = false;
};

// As if each answer came at once.
void say_plan(const Plan& plan, NowOutput& output) {
    std::map<AccountId, std::int64_t> counts;
    for (const FamilySpec& family : plan.families) {
        const BudgetSpec& budget = plan.accounts[index(family.account)].budget;
        const auto at = counts[family.account]++ / budget.slots * budget.window;
        const auto at_ms = std::chrono::duration_cast<milliseconds>(at).count();
        JsonObject json;
        json.add("family", family.name).add("at_ms", at_ms).add("lock_ms", family.lock.count());
        output.say(output.json()
                       ? json.text()
                       : fmt::format("{} would be cancelled at {:.3f} s, lock {} ms", family.name,
                                     static_cast<double>(at_ms) / 1000, family.lock.count()));
    }
}

}  // namespace

bool rehearse_now(TlsContext& tls, const ExchangeConfig& exchange, const Plan& plan,
                  NowOutput& output) {
    const bool found = Addresses(tls, exchange, output).run(plan.timings);
    say_plan(plan, output);
    return found;
}

}  // namespace scram
