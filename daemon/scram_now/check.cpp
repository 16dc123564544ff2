#include "daemon/scram_now/check.h"

#include <fmt/format.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <map>
#include <memory>

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

// One link to each address, all at once; each is done with its first word, good or bad.
class Addresses final : public LinkObserver {
  public:
    Addresses(TlsContext& tls, const ExchangeConfig& exchange, NowOutput& output)
        : tls_(tls),
          exchange_(exchange),
          output_(output),
          lookup_(io_, exchange.host, exchange.port,
                  [this](const std::string& error, const std::vector<Endpoint>& found) {
                      try_each(error, try_order(found, 0));
                  }),
          timer_(io_) {}

    // For the name, the connecting and the answer; each link ends its connecting by itself.
    bool run(const Timings& timings) {
        timer_.expires_after(2 * exchange_.connect_timeout + timings.answer_timeout);
        timer_.async_wait([this](auto error) {
            if (error) return;
            if (tried_.empty()) try_each("no answer in time", {});
            for (Tried& its : tried_)
                if (!its.done) fail(its, no_time);
        });
        lookup_.ask();
        io_.run();
        return found_;
    }

  private:
    struct Tried {
        std::string address;
        std::unique_ptr<Link> link;
        std::string tls{};
        Time asked{};
        bool done = false;
    };

    void try_each(const std::string& error, const std::vector<Endpoint>& found) {
        if (found.empty()) {
            output_.warn(exchange_.host + ": the name cannot be resolved: " + error);
            return io_.stop();
        }
        LinkOptions options = link_options(exchange_);
        for (const Endpoint& endpoint : found) {
            options.address = endpoint.address().to_string();
            const auto id = id_at<LinkId>(tried_.size());
            tried_.push_back(
                {to_text(endpoint), std::make_unique<Link>(io_, tls_, id, options, *this)});
        }
        for (Tried& its : tried_) its.link->start();
    }

    void link_up(LinkId id, const std::string&, const std::string& tls) override {
        Tried& its = tried_[index(id)];
        its.tls = tls;
        its.asked = monotonic_now();
        its.link->send(rehearsal_request(exchange_.host));
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
        JsonObject json;
        json.add("address", its.address).add("tls", its.tls).add("clock_ahead_ms", ahead_ms);
        output_.say(output_.json()
                        ? json.text()
                        : fmt::format("{} is {}: {}, verified; its clock is {} ms ahead of ours",
                                      its.address, exchange_.host, its.tls, ahead_ms));
    }
    void fail(Tried& its, const std::string& why) {
        const std::string place = fmt::format("{} ({}): ", exchange_.host, its.address);
        output_.warn(why.starts_with(place) ? why : place + why);
        end(its);
    }
    void end(Tried& its) {
        its.done = true;
        its.link->stop();
        if (std::all_of(tried_.begin(), tried_.end(), [](const Tried& t) { return t.done; }))
            io_.stop();
    }

    boost::asio::io_context io_;
    TlsContext& tls_;
    const ExchangeConfig& exchange_;
    NowOutput& output_;
    NameLookup lookup_;
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
