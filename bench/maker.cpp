// What a maker's own calls cost: scram_halted() without a heartbeat and with one, and
// scram_publish() by the ring. scramd's end of the sockets is in the same process, and reads
// nothing while a call is timed.
#include <fmt/format.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <boost/asio/io_context.hpp>
#include <cstdlib>
#include <thread>

#include "client/scram.h"
#include "net/clock.h"
#include "net/sources/gates.h"
#include "net/sources/ingress.h"
#include "tests/unit/net/sources/deaf_sink.h"

namespace scram {
namespace {

constexpr int rounds = 501, halted_calls = 10'000, publish_calls = SCRAM_RING_SLOTS / 2;

class Nobody final : public testing::DeafSink {};

scram_client* attach(boost::asio::io_context& io, const char* path) {
    scram_client* client = nullptr;
    std::atomic<bool> done = false;
    std::thread maker([&] {
        scram_attach(&client, path, "maker-1");
        done = true;
    });
    while (!done) io.poll();
    maker.join();
    return client;
}

// The median of the rounds' means, since a preemption spoils only its own round.
template <class Call, class After>
double ns_of_one(int calls, Call call, After after) {
    std::array<double, rounds> means{};
    for (double& mean : means) {
        const Time began = monotonic_now();
        for (int i = 0; i < calls; ++i) call();
        mean = static_cast<double>((monotonic_now() - began).count()) / calls;
        after();
    }
    std::nth_element(means.begin(), means.begin() + rounds / 2, means.end());
    return means[rounds / 2];
}

double ns_of_halted(boost::asio::io_context& io, Gates& gates, const char* path) {
    gates.beat(monotonic_now());
    scram_client* const client = attach(io, path);
    int halted = 0;
    const double ns = ns_of_one(
        halted_calls, [&] { halted += scram_halted(client, 0); },
        [&] { gates.beat(monotonic_now()); });
    if (halted != 0) fmt::print(stderr, "halted in {} calls: too slow to compare\n", halted);
    scram_abandon(client);
    return ns;
}

int run(const std::string& path) {
    boost::asio::io_context io{1};
    const auto gates = std::get<0>(Gates::make(4));
    Nobody nobody;
    Ingress ingress(io, std::get<0>(listen_at(path, SOCK_SEQPACKET)), *gates, nobody, nobody);
    ingress.start();
    fmt::print("{:<52} {:>8}\n", "a maker's call", "ns");
    fmt::print("{:<52} {:>8.1f}\n", "scram_halted, scramd writes no heartbeat",
               ns_of_halted(io, *gates, path.c_str()));
    gates->halted_after(10s);
    fmt::print("{:<52} {:>8.1f}\n", "scram_halted, the heartbeat is checked",
               ns_of_halted(io, *gates, path.c_str()));
    scram_client* const client = attach(io, path.c_str());
    const double publish = ns_of_one(
        publish_calls, [&] { scram_publish(client, 0, 0, 1); },
        [&] {
            ingress.poll();
            io.poll();
            while (ingress.poll()) continue;
        });
    fmt::print("{:<52} {:>8.1f}\n", "scram_publish, by the ring", publish);
    scram_abandon(client);
    ingress.stop();
    return 0;
}

}  // namespace
}  // namespace scram

int main() {
    char folder[] = "/tmp/scram-bench-XXXXXX";
    if (mkdtemp(folder) == nullptr) return 1;
    const int code = scram::run(std::string(folder) + "/signals.sock");
    return code | (rmdir(folder) != 0);
}
