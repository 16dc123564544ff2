// Carries out what NowKill decides: links of its own, signatures of its own, one thread, and a word
// on what happens. No sealed records and no journal; nothing of scramd's.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <memory>
#include <vector>

#include "config/config.h"
#include "config/credentials.h"
#include "core/okx/exchange_clock.h"
#include "core/okx/request.h"
#include "daemon/scram_now/kill.h"
#include "daemon/scram_now/output.h"
#include "daemon/scram_now/report.h"
#include "net/exchange/link.h"

namespace scram {

LinkOptions link_options(const ExchangeConfig& exchange, LinkTarget target);

class NowDriver final : public LinkObserver {
  public:
    struct Times {
        Time began;
        Time until;  // nothing is sent after it
    };
    // `credentials` by the plan's accounts. It stops `io` when it is over.
    NowDriver(boost::asio::io_context& io, TlsContext& tls, const ExchangeConfig& exchange,
              const Plan& plan, std::vector<Credentials> credentials, Times times,
              NowOutput& output);
    ~NowDriver();

    void start();
    NowResult result(FamilyId family) const;

  private:
    const FamilySpec& spec(FamilyId id) const { return kill_.engine().plan().families[index(id)]; }
    void link_up(LinkId link, const std::string& peer, const std::string& tls) override;
    void link_down(LinkId link, bool was_up, Taken taken, const std::string& reason) override;
    void link_answered(LinkId link, const HttpResponse& answer, Time read_at) override;
    void carry_out(const Step& step, Time now, const std::string& detail = {});
    void act(const Action& action, Time now);
    void fire(const Action& action, Time now);
    void read(const Call& call, Time now);
    RequestIdentity identity(AccountId account, std::size_t host) const;
    void tell(const Event& event, const std::string& detail);
    void follow_deadline();

    boost::asio::io_context& io_;
    const ExchangeConfig& exchange_;
    const std::vector<Credentials> credentials_;  // by account
    NowOutput& output_;
    Time began_;
    NowKill kill_;
    ExchangeClock clock_;
    AnswerReader answers_;
    std::vector<LinkTarget> targets_;                   // by link
    std::vector<std::string> rehearsals_;               // by name of the exchange
    std::vector<std::unique_ptr<HmacSigner>> signers_;  // by account
    std::vector<std::vector<ArmedRequest>> requests_;   // by family, and by name of the exchange
    std::vector<std::unique_ptr<Link>> links_;
    std::vector<Time> rehearsed_at_;  // by link
    boost::asio::steady_timer timer_;
};

}  // namespace scram
