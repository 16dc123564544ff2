// All that App wires, but for the sockets: links, signer and exchange are the test's to speak for.
#pragma once

#include <fcntl.h>
#include <sys/mman.h>

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <fstream>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "daemon/loop/driver.h"
#include "net/clock.h"
#include "tests/unit/core/engine/rig.h"
#include "tests/unit/daemon/loop/scripted_link.h"
#include "tests/unit/daemon/loop/scripted_signer.h"
#include "tests/unit/daemon/records/journal_folder.h"

namespace scram::test {

inline const std::string cancelled = R"({"code":"0","msg":"","data":[{"result":true}]})";
inline const std::string busy = R"({"code":"50026","msg":"","data":[]})";
inline const std::string too_old = R"({"code":"50102","msg":"","data":[]})";

inline std::string time_of_day(WallMillis at) {
    return R"({"code":"0","msg":"","data":[{"ts":")" + std::to_string(at.value) + "\"}]}";
}

inline bool is_cancel_of(const SentRequest& request, std::string_view inst_family) {
    return request.bytes.starts_with("POST /api/v5/trade/mass-cancel") &&
           request.bytes.find("\"" + std::string(inst_family) + "\"") != std::string::npos;
}

// "" if it has none that a signer made.
inline std::string signed_at(const SentRequest& request) {
    constexpr std::string_view name = "OK-ACCESS-TIMESTAMP: ";
    const std::size_t at = request.bytes.find(name);
    if (at == std::string::npos) return {};
    const std::string text = request.bytes.substr(at + name.size(), 24);
    return text.front() == ' ' ? "" : text;
}

class Conversation {
  public:
    // Three families with a lock of a second, a limit of 25 on each one's delta, three links that
    // are up and rehearsed, a maker whose first values are read.
    // `reads`: it makes authenticated calls as well, which a test answers.
    explicit Conversation(std::vector<std::string> hosts = {"www.okx.com"}, bool reads = false,
                          std::optional<DeadMan> dead_man = {})
        : config(made_config(std::move(hosts), reads, std::move(dead_man))),
          signer(config.plan),
          driver(
              io, config, signer.line(),
              [this](LinkId id, const LinkOptions&, LinkObserver& observer) {
                  auto made = std::make_unique<ScriptedLink>(io, id, observer);
                  if (id != none<LinkId>()) links.push_back(made.get());
                  return made;
              },
              *gates, logger, *journal) {
        driver.start();
        sign();
        for (ScriptedLink* its : links) {
            its->come_up();
            tell_time();
        }
        driver.source_joined(maker, "a test");
        for (const FamilyId family : {A, B, C}) publish(family, 1);
        turn();
    }
    ~Conversation() {
        driver.stop();
        turn();
        journal->stop();
    }
    Conversation(const Conversation&) = delete;
    Conversation& operator=(const Conversation&) = delete;

    // All that waits, and what follows from it; no time passes.
    void turn() {
        io.restart();
        io.poll();
    }
    bool runs_until(const std::function<bool()>& condition) {
        const auto give_up = std::chrono::steady_clock::now() + 20s;
        while (!condition() && std::chrono::steady_clock::now() < give_up) {
            io.restart();
            io.run_one_for(10ms);
        }
        turn();
        return condition();
    }
    // The signer answers whatever it was asked, and its answers are taken.
    void sign() {
        while (signer.answer_all() > 0) turn();
    }
    // Answers all rehearsals in flight, and those that follow.
    void tell_time(milliseconds ahead = {}) {
        turn();
        const std::string_view rehearsal = "GET /api/v5/public/time";
        for (ScriptedLink* its = in_flight(rehearsal); its != nullptr; its = in_flight(rehearsal)) {
            its->answer(time_of_day(WallMillis{wall_now().value + ahead.count()}));
            turn();
        }
    }
    ScriptedLink* in_flight(std::string_view method) {
        const auto found = std::find_if(links.begin(), links.end(), [&](const ScriptedLink* its) {
            return its->in_flight() && its->sent.back().bytes.starts_with(method);
        });
        return found == links.end() ? nullptr : *found;
    }
    void publish(FamilyId family, double value) {
        scram_signal signal{};
        signal.published_ns = monotonic_now().time_since_epoch().count();
        signal.sequence = ++sequence;
        signal.value = value;
        signal.family = static_cast<std::uint16_t>(family);
        signal.version = SCRAM_VERSION;
        signal.kind = SCRAM_VALUE;
        driver.signal(maker, signal, monotonic_now());
    }
    std::vector<SentRequest> cancels() const {
        std::vector<SentRequest> all;
        for (const ScriptedLink* its : links) {
            for (const SentRequest& request : its->sent) {
                if (request.bytes.starts_with("POST")) all.push_back(request);
            }
        }
        return all;
    }
    bool is_accepted(FamilyId family) const {
        return driver.engine().family(family).cancel == Cancel::accepted;
    }
    bool is_gate_closed(FamilyId family) const {
        void* const at = mmap(nullptr, sizeof(scram_gates), PROT_READ, MAP_SHARED, gates->fd(), 0);
        REQUIRE(at != MAP_FAILED);
        const bool closed =
            static_cast<const scram_gates*>(at)->gates[index(family)] == SCRAM_GATE_CLOSED;
        munmap(at, sizeof(scram_gates));
        return closed;
    }
    // The logger's thread writes it.
    void logs(const std::string& part) const {
        std::string all;
        const bool found = comes([&] {
            std::ifstream file(log_path());
            all.assign(std::istreambuf_iterator<char>(file), {});
            return all.find(part) != std::string::npos;
        });
        INFO(all);
        CHECK_MESSAGE(found, part);
    }

    JournalFolder folder;
    Config config;
    boost::asio::io_context io;
    std::vector<ScriptedLink*> links;
    ScriptedSigner signer;
    std::unique_ptr<Gates> gates = std::get<0>(Gates::make(config.plan.families.size()));
    Logger logger{::open(log_path().c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600)};
    std::unique_ptr<Journal> journal = Journaled::opened(config);
    Driver driver;
    std::uint64_t sequence = 0;

  private:
    std::string log_path() const { return (folder.root / "log").string(); }
    Config made_config(std::vector<std::string> hosts, bool reads,
                       std::optional<DeadMan> dead_man) const {
        Config made = folder.config();
        made.plan = plan_of({.families = 3, .links = 3});
        made.plan.reads = made.plan.account_checks = reads;
        for (FamilySpec& family : made.plan.families) family.lock = 1000ms;
        add_limit(made.plan, 25);
        made.exchange.hosts = std::move(hosts);
        made.plan.accounts[0].dead_man = std::move(dead_man);
        return made;
    }
};

}  // namespace scram::test
