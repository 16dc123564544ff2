// The rig: pulls the trigger of one contender after another and reads from the tap when their bytes
// were on the wire. Commands come on stdin, one a line; each is answered by one line of JSON.
//
//   scram_bench_rig DEVICE CLIENT_CPU OTHERS_CPU [FAR]
//                                               FAR: the process in whose network the tap listens
//
//   floor NAME HOST PORT CONNECTIONS            make a contender; also sleeping-floor,
//                                               spinning-floor, framing-floor, spinning-clock
//   maker NAME SOCKET SOURCE FAMILY...
//   bot NAME SOCKET TARGETS
//   cycle NAME PORT BYTES WIRES PITCH_US BATCHES PULLS GAP_MS...
//                      BATCHES times PULLS triggers, one each PITCH_US, then one after each gap;
//                      WIRES packets to PORT with at least BYTES of payload belong to each
//   calm NAME                                   publish harmless values
//   frames NAME                                 how many requests left as frames, and why not
//   clear PORT, match PORT STAMP...             triggers pulled elsewhere, as CLOCK_MONOTONIC
//   check HOST PORT N                           the tap's stamps beside those of the socket itself
#include <algorithm>
#include <cstdio>
#include <iostream>
#include <map>
#include <sstream>
#include <stdexcept>

#include <fmt/format.h>

#include "bench/contenders.h"
#include "bench/tap.h"
#include "net/wire/frames.h"

namespace scram::bench {
namespace {

constexpr Nanos us = 1'000;
constexpr Nanos ms = 1'000'000;
constexpr Nanos answers_take = 50 * ms;  // at most, for one batch
constexpr Nanos idle_pitch = ms;
constexpr std::uint16_t request_bytes_min = 300;  // a handshake's last word is less
constexpr Nanos not_counted = -1;

struct Pull {
    Nanos at;
    Nanos gap;  // since the one before; the first of a batch is not counted
};

// What is known of the pulls: trigger to wire, by gap.
struct Samples {
    std::map<Nanos, std::vector<Nanos>> first;  // packet of a pull
    std::map<Nanos, std::vector<Nanos>> last;   // packet of a pull, if there is more than one
    std::size_t lost = 0;                       // pulls without their packets
    std::size_t stray = 0;                      // packets without a pull
    std::map<std::uint16_t, std::size_t> connections;  // packets by the client's port
};

std::string json(const std::map<Nanos, std::vector<Nanos>>& by_gap) {
    std::string out;
    for (const auto& [gap, values] : by_gap) {
        out +=
            fmt::format("{}\"{}\":[{}]", out.empty() ? "" : ",", gap / us, fmt::join(values, ","));
    }
    return "{" + out + "}";
}

std::string json(const Samples& samples) {
    return fmt::format(
        R"({{"ok":true,"first":{},"last":{},"lost":{},"stray":{},"connections":{}}})",
        json(samples.first), json(samples.last), samples.lost, samples.stray,
        samples.connections.size());
}

std::string json(const Frames* frames) {
    if (frames == nullptr) throw std::runtime_error("its requests do not leave as frames");
    std::string not_sent;
    for (std::size_t why = 0; why < frames->not_sent.size(); ++why) {
        if (frames->not_sent[why] == 0) continue;
        not_sent += fmt::format("{}\"{}\":{}", not_sent.empty() ? "" : ",", frame_state_names[why],
                                frames->not_sent[why]);
    }
    return fmt::format(R"({{"ok":true,"sent":{},"not_sent":{{{}}}}})", frames->sent, not_sent);
}

// Each pull takes the first packets after it that no earlier pull took.
Samples match(const std::vector<Pull>& pulls, const std::vector<Packet>& packets,
              std::size_t wires) {
    Samples out;
    auto next = packets.begin();
    for (const Pull& pull : pulls) {
        const auto before = next;
        next = std::find_if(next, packets.end(), [&](const Packet& p) { return p.at >= pull.at; });
        out.stray += static_cast<std::size_t>(next - before);
        if (packets.end() - next < static_cast<std::ptrdiff_t>(wires)) {
            ++out.lost;
            continue;
        }
        const Packet& first = *next;
        next += static_cast<std::ptrdiff_t>(wires);
        ++out.connections[first.from];
        if (pull.gap == not_counted) continue;
        out.first[pull.gap].push_back(first.at - pull.at);
        if (wires > 1) out.last[pull.gap].push_back((next - 1)->at - pull.at);
    }
    out.stray += static_cast<std::size_t>(packets.end() - next);
    return out;
}

template <class T>
T next_word(std::istream& words) {
    T value{};
    if (words >> value) return value;
    throw std::runtime_error("a word is missing");
}

std::vector<std::string> rest_of(std::istream& words) {
    std::vector<std::string> out;
    for (std::string word; words >> word;) out.push_back(word);
    return out;
}

struct CycleShape {
    std::uint16_t port;
    std::uint16_t bytes_min;
    std::size_t wires;
    Nanos pitch;
    std::size_t batches;
    std::size_t pulls;
    std::vector<Nanos> gaps;
};

CycleShape read_shape(std::istream& words) {
    CycleShape shape{};
    shape.port = next_word<std::uint16_t>(words);
    shape.bytes_min = next_word<std::uint16_t>(words);
    shape.wires = next_word<std::size_t>(words);
    shape.pitch = next_word<Nanos>(words) * us;
    shape.batches = next_word<std::size_t>(words);
    shape.pulls = next_word<std::size_t>(words);
    for (const std::string& gap : rest_of(words)) shape.gaps.push_back(std::stoll(gap) * ms);
    return shape;
}

class Rig {
  public:
    Rig(const std::string& device, const std::string& far, Cpus cpus)
        : device_(device), tap_(device, far), cpus_(cpus) {
        stay_on(cpus.others);
    }

    std::string obey(const std::string& line) {
        std::istringstream words(line);
        const auto verb = next_word<std::string>(words);
        if (verb == "clear") return clear(words);
        if (verb == "match") return match_elsewhere(words);
        if (verb == "check") return check(words);
        const auto name = next_word<std::string>(words);
        if (verb == "cycle") return json(cycle(*contenders_.at(name), read_shape(words)));
        if (verb == "calm") {
            contenders_.at(name)->calm();
            return done;
        }
        if (verb == "frames") return json(contenders_.at(name)->frames());
        contenders_[name] = make(verb, words);
        return done;
    }

  private:
    static constexpr const char* done = R"({"ok":true})";

    std::unique_ptr<Contender> make(const std::string& kind, std::istream& words) {
        if (kind == "maker") {
            const auto socket = next_word<std::string>(words);
            const auto source = next_word<std::string>(words);
            return make_maker(socket, source, rest_of(words), cpus_);
        }
        if (kind == "bot") {
            const auto socket = next_word<std::string>(words);
            return make_bot(socket, next_word<std::size_t>(words), cpus_);
        }
        const Address to{next_word<std::string>(words), next_word<std::uint16_t>(words)};
        const auto connections = next_word<std::size_t>(words);
        if (kind == "floor") return make_floor(to, connections, cpus_);
        if (kind == "spinning-floor") return make_spinning_floor(to, connections, cpus_);
        if (kind == "sleeping-floor") return make_sleeping_floor(to, connections, cpus_);
        if (kind == "spinning-clock") return make_spinning_clock(cpus_);
        if (kind == "framing-floor") return make_framing_floor(to, connections, device_, cpus_);
        throw std::runtime_error("unknown verb " + kind);
    }

    Samples cycle(Contender& contender, const CycleShape& shape) {
        stay_on(contender.cpu());
        urgent(true);
        contender.take_turn(true);
        tap_.read(shape.port, 0);
        std::vector<Pull> pulls;
        for (std::size_t b = 0; b < shape.batches; ++b) batch(contender, shape, pulls);
        const std::size_t batched = shape.batches * shape.pulls;
        for (const Nanos gap : shape.gaps) {
            const std::size_t spare = contender.targets - batched;
            const std::size_t target = batched + contender.idle_turn++ % spare;
            quiet(contender, wall_now() + gap);
            pulls.push_back({contender.pull(target), gap});
        }
        rest_until(wall_now() + answers_take);
        contender.read_answers();
        contender.take_turn(false);
        urgent(false);
        stay_on(cpus_.others);
        auto packets = tap_.read(shape.port, shape.bytes_min);
        for (const Nanos at : contender.own_stamps()) packets.push_back({at, 0, 0, 0});
        return match(pulls, packets, shape.wires);
    }

    void batch(Contender& contender, const CycleShape& shape, std::vector<Pull>& pulls) {
        const std::size_t from = pulls.size();
        Nanos due = wall_now() + ms;
        for (std::size_t i = 0; i < shape.pulls; ++i) {
            spin_until(due);
            // From this one on: a rig that was held up does not catch up in a burst.
            due = wall_now() + shape.pitch;
            pulls.push_back({contender.pull(from + i), i == 0 ? not_counted : shape.pitch});
        }
        rest_until(wall_now() + answers_take);
        contender.read_answers();
    }

    // The client's core is never left idle by who spins on it.
    void quiet(Contender& contender, Nanos until) {
        if (contender.cpu() != cpus_.client) return rest_until(until);
        for (Nanos next; (next = wall_now() + idle_pitch) < until; contender.idle())
            spin_until(next);
        spin_until(until);
    }

    std::string clear(std::istream& words) {
        tap_.read(next_word<std::uint16_t>(words), 0);
        return done;
    }

    std::string match_elsewhere(std::istream& words) {
        const auto port = next_word<std::uint16_t>(words);
        const Nanos to_wall = wall_now() - read_clock(CLOCK_MONOTONIC);
        std::vector<Pull> pulls;
        for (const std::string& stamp : rest_of(words))
            pulls.push_back({std::stoll(stamp) + to_wall, 0});
        return json(match(pulls, tap_.read(port, request_bytes_min), 1));
    }

    std::string check(std::istream& words) {
        const Address to{next_word<std::string>(words), next_word<std::uint16_t>(words)};
        stay_on(cpus_.client);
        tap_.read(to.port, 0);
        const auto own =
            socket_stamps(to, next_word<std::size_t>(words), 2 * ms);  // answered by then
        stay_on(cpus_.others);
        std::vector<Nanos> tap;
        for (const Packet& packet : tap_.read(to.port, 1)) tap.push_back(packet.at);
        std::vector<Nanos> later;
        for (std::size_t i = 0; i < std::min(own.size(), tap.size()); ++i)
            later.push_back(tap[i] - own[i]);
        return fmt::format(R"({{"ok":true,"tap_less_socket":[{}]}})", fmt::join(later, ","));
    }

    std::string device_;
    Tap tap_;
    Cpus cpus_;
    std::map<std::string, std::unique_ptr<Contender>> contenders_;
};

std::string answer(Rig& rig, const std::string& line) {
    try {
        return rig.obey(line);
    } catch (const std::exception& error) {
        return fmt::format(R"({{"ok":false,"error":"{}"}})", error.what());
    }
}

}  // namespace
}  // namespace scram::bench

int main(int argc, char** argv) {
    using namespace scram::bench;
    if (argc != 4 && argc != 5) {
        std::cerr << "usage: scram_bench_rig DEVICE CLIENT_CPU OTHERS_CPU [FAR]\n";
        return 2;
    }
    try {
        Rig rig(argv[1], argc == 5 ? argv[4] : "", {std::atoi(argv[2]), std::atoi(argv[3])});
        for (std::string line; std::getline(std::cin, line);) {
            std::cout << answer(rig, line) << std::endl;
        }
        return 0;
    } catch (const std::exception& error) {
        std::cerr << "scram_bench_rig: " << error.what() << '\n';
        return 1;
    }
}
