// A scripted conversation with the operators' commands: of a whole scramd but for sockets and
// files. What the exchange would say is put into the engine.
#pragma once

#include <doctest/doctest.h>
#include <fcntl.h>

#include <boost/asio/io_context.hpp>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "config/config.h"
#include "daemon/control/commands.h"
#include "daemon/loop/driver.h"
#include "tests/unit/core/engine/rig.h"
#include "tests/unit/daemon/records/journal_folder.h"

namespace scram::test {

// Users that no machine has a name for.
inline const Peer operator_{100, 4000001, {}}, tripper{101, 4000002, {}},
    stranger{102, 4000003, {}};

class OperatorConversation {
  public:
    explicit OperatorConversation(const std::string& more = "",
                                  const std::string& account_keys = "")
        : config(config_of(folder, more, account_keys)),
          driver(io, config, signer(), links_over(io, *tls), *gates, logger, *journal) {
        journal->begin();
        driver.source_joined(maker, "a test");
    }
    ~OperatorConversation() {
        waiting.clear();
        driver.stop();
        journal->stop();
    }

    // ---- What operators say and are told

    // The first line of the answer; what follows it is in `outcome`, once it has come.
    std::string say(std::string_view line, const Peer& who = operator_) {
        ControlReply reply = handler().on_line(who, line);
        granted = reply.granted;
        watches = reply.watch;
        outcome.reset();
        if (reply.later) {
            std::optional<std::string> answer;
            reply.later([&answer](std::string_view told) { answer = told; });
            run_until([&] { return answer.has_value(); });
            return answer.value_or("(none)");
        }
        if (reply.outcome)
            waiting.push_back(
                reply.outcome([this](std::string_view told) { outcome = std::string(told); }));
        return reply.line;
    }
    // The connection ends.
    void leave() { waiting.clear(); }
    ControlHandler& handler() { return commands; }

    template <class Condition>
    bool run_until(Condition condition) {
        const auto give_up = std::chrono::steady_clock::now() + 20s;
        while (!condition() && std::chrono::steady_clock::now() < give_up) {
            io.restart();
            io.run_one_for(10ms);
        }
        return condition();
    }
    void run() {
        io.restart();
        while (io.poll() > 0) continue;
    }
    // What waits is looked at, and there was nothing to tell.
    bool still_waits() {
        run();
        return !outcome.has_value();
    }
    std::string awaited() {
        run();
        return outcome.value_or("(none)");
    }

    // ---- What the exchange and makers do

    void link_up(std::size_t l) {
        driver.operate([&](Engine& engine, Time now, Step& step) {
            engine.on_link_up(link(l), now, step);
            if (engine.phase(link(l)) == LinkPhase::rehearsing)
                engine.on_rehearsed(link(l), true, {}, now, step);
        });
    }
    // The answer to the attempt for this family.
    void answer(FamilyId family, const Answer& answer) {
        const LinkId its = driver.engine().family(family).link;
        REQUIRE(driver.engine().phase(its) == LinkPhase::firing);
        driver.operate([&](Engine& engine, Time now, Step& step) {
            engine.on_answer(its, answer, now, step);
        });
    }
    void confirm(FamilyId family) { answer(family, {AnswerClass::accepted, 200, 0}); }
    void refuse(FamilyId family, std::uint32_t code = 51411) {
        answer(family, {AnswerClass::refused, 200, code});
    }
    // The link of the look at this family that is in flight.
    LinkId looking_at(FamilyId family) const {
        for (std::size_t l = 0; l < driver.engine().link_count(); ++l) {
            const bool calls = driver.engine().phase(link(l)) == LinkPhase::calling;
            const Call& call = driver.engine().call(link(l));
            if (calls && call.look && call.family == family) return link(l);
        }
        return none<LinkId>();
    }
    void tell_orders(FamilyId family, const Told<OrdersPage>& told) {
        const LinkId its = looking_at(family);
        REQUIRE(its != none<LinkId>());
        driver.operate(
            [&](Engine& engine, Time now, Step& step) { engine.on_told(its, told, now, step); });
    }
    void adopt(const Plan& plan) {
        Driver::NextPlan next = driver.prepare(plan);
        driver.adopt(next);
    }

    JournalFolder folder;
    Config config;
    boost::asio::io_context io;
    std::unique_ptr<TlsContext> tls = std::get<0>(TlsContext::make({}));
    std::unique_ptr<Gates> gates = std::get<0>(Gates::make(config.plan.families.size()));
    Logger logger{open("/dev/null", O_WRONLY | O_CLOEXEC)};
    std::unique_ptr<Journal> journal = Journaled::opened(config);
    Driver driver;
    Refusals refusals{logger};
    std::string reload_fault;
    ConfigChanges changes;
    Commands commands{
        io,       config,
        driver,   logger,
        refusals, [this](const Commands::ReloadDone& done) { done(reload_fault, changes); }};
    std::vector<std::shared_ptr<void>> waiting;
    std::optional<std::string> outcome;
    bool granted = false, watches = false;

  private:
    static Config config_of(const JournalFolder& folder, const std::string& more,
                            const std::string& account_keys) {
        const std::string text = R"(
metrics = ["delta"]
account = [{ name = "mm-1", credentials = "1")" +
                                 account_keys + R"( }]
family = [{ name = "mm-1/BTC-USD", lock_ms = 0 }, { name = "mm-1/ETH-USD", lock_ms = 0 }]
source = [{ name = "maker-1" }]
rule = [{ name = "delta", kind = "limit", metric = "delta", beyond = 25 }]
[rights]
read = ["uid:4000001"]
trip = ["uid:4000001", "uid:4000002"]
rearm = ["uid:4000001"]
admin = ["uid:4000001"]
)" + more;
        LoadResult result = parse(text, "/test.toml");
        REQUIRE(std::holds_alternative<Config>(result));
        Config config = std::get<Config>(std::move(result));
        config.paths.control = (folder.root / "control.sock").string();
        config.journal.directory = folder.journal();
        return config;
    }
    SignerLine signer() const {
        return std::get<SignerLine>(start_signer(config.plan, [](AccountId) {
            return Credentials{"fake-key", Secret("fake-secret"), Secret("fake-passphrase")};
        }));
    }
};

}  // namespace scram::test
