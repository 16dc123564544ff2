// The ingress with the C client at its other end.
#pragma once

#include <doctest/doctest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdlib>
#include <memory>
#include <string>
#include <thread>
#include <variant>
#include <vector>

#include "client/scram.h"
#include "net/sources/ingress.h"

namespace scram::test {

// What came behind the ingress, in its order: "value 3", "lost", "left", "vanished".
struct IngressSink final : SourceAdmission, SignalSink {
    std::variant<SourceId, std::string> attach(std::string_view name, const Peer&) override {
        return id_at<SourceId>(static_cast<std::size_t>(name.back() - '0'));
    }
    std::variant<FamilyId, std::string> resolve_family(SourceId, std::string_view) override {
        return FamilyId{0};
    }
    std::variant<MetricId, std::string> resolve_metric(std::string_view) override {
        return MetricId{0};
    }
    void signal(SourceId source, const scram_signal& signal, Time) override {
        auto& last = sequence[index(source)];
        if (signal.sequence != last + 1) ++out_of_order;
        last = signal.sequence;
        received[index(source)].store(signal.sequence);
        const std::string kind = signal.kind == SCRAM_VALUE_MORE     ? "more "
                                 : signal.kind == SCRAM_RESTART      ? "restart "
                                 : signal.kind == SCRAM_RESTART_MORE ? "restart more "
                                                                     : "value ";
        if (told.size() < 10'000) told.push_back(kind + std::to_string(int(signal.value)));
    }
    void batch_ended(SourceId, Time) override { told.emplace_back("batch ended"); }
    void signals_lost(SourceId, Time) override { told.emplace_back("lost"); }
    void left(SourceId) override { told.emplace_back("left"); }
    void vanished(SourceId, const std::string& reason) override {
        told.push_back("vanished: " + reason);
    }
    void turned_away(const Peer&, Rejection) override {}
    bool was_told(const std::string& what) const {
        return std::any_of(told.begin(), told.end(),
                           [&](const std::string& one) { return one.starts_with(what); });
    }

    std::vector<std::string> told;
    std::array<std::uint64_t, 10> sequence{};
    std::array<std::atomic<std::uint64_t>, 10> received{};
    std::atomic<int> out_of_order = 0;
};

struct Abandoned {
    void operator()(scram_client* client) const { scram_abandon(client); }
};
using AttachedClient = std::unique_ptr<scram_client, Abandoned>;

class IngressRig {
  public:
    IngressRig() {
        char name[] = "/tmp/scram-ingress-XXXXXX";
        REQUIRE(mkdtemp(name) != nullptr);
        folder = name;
        path = folder + "/signals.sock";
        ingress = std::make_unique<Ingress>(io, std::get<0>(listen_at(path, SOCK_SEQPACKET)),
                                            *gates, sink, sink);
        ingress->start();
    }
    ~IngressRig() {
        ingress.reset();
        rmdir(folder.c_str());
    }

    // The loop runs beside `work`.
    template <class Work>
    void beside(Work&& work) {
        std::atomic<bool> done = false;
        std::thread worker([&] {
            work();
            done = true;
        });
        while (!done) turn();
        worker.join();
        turn();
    }
    void turn() {
        ingress->poll();
        io.poll();
    }
    AttachedClient attach(const char* name = "maker-1") {
        scram_client* client = nullptr;
        beside([&] { scram_attach(&client, path.c_str(), name); });
        REQUIRE(client != nullptr);
        return AttachedClient(client);
    }
    void until_told(const std::string& what) {
        for (int i = 0; i < 1'000'000 && !sink.was_told(what); ++i) turn();
        CHECK_MESSAGE(sink.was_told(what), what);
    }

    boost::asio::io_context io{1};
    std::unique_ptr<Gates> gates = std::get<0>(Gates::make(4));
    IngressSink sink;
    std::string folder, path;
    std::unique_ptr<Ingress> ingress;
};

}  // namespace scram::test
