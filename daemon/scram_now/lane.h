// Lanes: threads that cancel, each with a connection of its own. As many as may have a request in
// flight at once, and one for a single family's second try: what one silent connection holds up,
// the others do.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <random>
#include <stop_token>
#include <string>
#include <vector>

#include "config/config.h"
#include "config/credentials.h"
#include "core/okx/request.h"
#include "daemon/scram_now/addresses.h"
#include "daemon/scram_now/clock.h"
#include "daemon/scram_now/output.h"
#include "daemon/scram_now/report.h"
#include "net/exchange/backoff.h"

namespace scram {

// What is the same for every lane.
struct NowContext {
    const Config& config;
    TlsContext& tls;  // shared: reading the system's authorities takes longer than a handshake
    NowAddresses& addresses;
    NowClock& clock;
    NowOutput& output;
    Time began;
    Time deadline;  // nothing is sent after it
    bool json;
};

// One account's cancels, shared by its lanes.
class NowAccount {
  public:
    // `families` are all of this account, in the order of fire, with the lock to ask for.
    NowAccount(NowContext& context, AccountId account, std::vector<FamilySpec> families,
               const Credentials& credentials);
    ~NowAccount();
    NowAccount(const NowAccount&) = delete;
    NowAccount& operator=(const NowAccount&) = delete;

    NowContext& context() const { return context_; }
    const std::string& name() const { return name_; }
    std::size_t lanes() const;

    // Waits until something may be sent. False: all is confirmed, or time is up.
    bool wait_for_work();
    std::optional<NowRound::Shot> take();  // nothing: another lane was faster
    // Signed for the exchange's time `now`; empty if it cannot be.
    std::string_view request(const NowRound::Shot& shot, WallMillis now);
    void answered(const NowRound::Shot& shot, const Answer& answer);
    void lost(const NowRound::Shot& shot, const std::string& reason);

    std::vector<NowResult> results();

    void stop();
    std::stop_token stop_token() const { return stop_.get_token(); }
    int stop_fd() const { return stop_fd_; }

  private:
    NowResult result(std::size_t family) const;

    NowContext& context_;
    std::string name_;
    std::size_t slots_;
    std::vector<FamilySpec> families_;
    HmacSigner signer_;
    std::vector<ArmedRequest> requests_;
    int stop_fd_;
    std::stop_source stop_;
    std::mutex mutex_;  // of the round and the signer
    std::condition_variable_any changed_;
    NowRound round_;
};

class NowLane {
  public:
    // `number` among all lanes: they begin at different addresses of the exchange.
    NowLane(NowAccount& account, std::size_t number);
    void run();

  private:
    void work();
    bool connect();
    void know_the_time();
    void fire(const NowRound::Shot& shot);
    void give_up_connection();
    void pause(Fell fell);

    NowAccount& account_;
    NowContext& context_;
    std::size_t next_address_;
    NowClient client_;
    AnswerReader reader_;
    Backoff backoff_;
    std::minstd_rand random_{std::random_device{}()};
};

// Asks the exchange for its time. Nothing: it gave none until then.
std::optional<WallMillis> ask_for_time(NowClient& client, AnswerReader& reader, NowContext& context,
                                       Duration patience);

}  // namespace scram
