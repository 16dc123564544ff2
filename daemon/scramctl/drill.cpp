#include "daemon/scramctl/drill.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <thread>

#include "core/model/drill.h"
#include "daemon/common/version.h"
#include "daemon/records/journal_files.h"
#include "daemon/scramctl/connection.h"
#include "daemon/scramctl/drill_report.h"
#include "daemon/scramctl/exit.h"
#include "net/clock.h"

namespace scram {
namespace fs = std::filesystem;
using namespace printing;
namespace {

constexpr milliseconds opening_wait{15000};  // OKX's longest lock, and some
// For what rests before the trip: it is made all the same.
constexpr milliseconds look_wait{3000};
// The journal's thread stores what the loop left it within a moment.
constexpr int journal_looks = 20;
constexpr milliseconds journal_pause{100};

// ---- The journal --------------------------------------------------------------------------------

std::optional<JournalRecord> find_trip(const std::vector<JournalFile>& files, std::uint64_t trip) {
    std::optional<JournalRecord> found;
    for (auto file = files.rbegin(); file != files.rend() && !found; ++file) {
        const auto read = read_file(file->path);
        const auto* bytes = std::get_if<FileBytes>(&read);
        if (bytes == nullptr || is_blank(*bytes)) continue;
        walk(*bytes, Hasher(), [&](const JournalRecord& record) {
            if (record.kind == RecordKind::tripped && record.trip == trip && record.sequence > 0)
                found = record;
        });
    }
    return found;
}

// The record of the trip, whose hash covers all that came before it.
std::string journal_link(const std::string& directory, std::uint64_t trip) {
    const auto why = [](std::string_view text) { return JsonObject().add("why", text).text(); };
    for (int look = 0; look < journal_looks; ++look) {
        const auto listed = list_journal(directory);
        if (const auto* error = std::get_if<std::string>(&listed)) return why(*error);
        if (const auto record = find_trip(std::get<std::vector<JournalFile>>(listed), trip)) {
            std::string hash;
            for (const std::uint8_t byte : record->hash) hash += fmt::format("{:02x}", byte);
            return JsonObject().add("record", record->sequence).add("hash", hash).text();
        }
        std::this_thread::sleep_for(journal_pause);
    }
    return why(fmt::format("no record of the trip that this user may read in {}", directory));
}

// ---- The drill ----------------------------------------------------------------------------------

std::string host_name() {
    char name[256] = {};
    return gethostname(name, sizeof(name) - 1) == 0 ? name : "?";
}

// "drill-20261129T111500Z-mm-1_BTC-USD", and "-2" behind it for a second one within the same
// second.
std::string report_name(const fs::path& directory, std::int64_t wall_ms, std::string target) {
    for (char& c : target) {
        const bool plain = std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-';
        if (!plain) c = '_';
    }
    const std::string name =
        fmt::format("drill-{:%Y%m%dT%H%M%S}Z-{}",
                    fmt::gmtime(static_cast<std::time_t>(wall_ms / 1000)), target.substr(0, 80));
    const auto is_taken = [&](const std::string& its) {
        std::error_code error;
        return fs::exists(directory / (its + ".json"), error);
    };
    std::string free = name;
    for (int n = 2; is_taken(free); ++n) free = fmt::format("{}-{}", name, n);
    return free;
}

bool is_meant(const std::string& target, const std::string& family) {
    return target == "all" || target == family || target == family.substr(0, family.find('/'));
}

// What is latched already is no matter of a drill: arming it again would end somebody's trip.
std::string latched_already(dom::element status, const std::string& target) {
    for (const dom::element family : list(status, "families")) {
        const std::string name = field(family, "name");
        if (is_meant(target, name) && field(family, "gate") != "open")
            return fmt::format("{} is latched already, by trip {}: a drill needs it armed", name,
                               field(family, "trip"));
    }
    return {};
}

// Why it is not known what rests, of each family that is meant.
std::string unknown_orders(dom::element status, const std::string& target, const std::string& why) {
    JsonArray out;
    for (const dom::element family : list(status, "families")) {
        const std::string name = field(family, "name");
        if (is_meant(target, name))
            out.add_raw(JsonObject().add("family", name).add("error", why).text());
    }
    return out.text();
}

// 0: none is asked for.
std::int64_t next_due(dom::element status, std::int64_t wall_ms) {
    const auto days = static_cast<std::int64_t>(number(status, "drill_max_age_days"));
    return days > 0 ? wall_ms + days * 86'400'000 : 0;
}

class Drill {
  public:
    explicit Drill(const DrillOrder& order) : order_(order) {
        facts_.wall_ms = wall_now().value;
        facts_.name = report_name(order.directory, facts_.wall_ms, order.target);
        facts_.target = order.target;
        facts_.reason = order.reason;
        facts_.by = fmt::format("uid {}", getuid());
        facts_.host = host_name();
    }

    int run() {
        int code = refused;
        try {
            code = go();
        } catch (const Unreachable& error) {
            facts_.error = error.what();
            code = unreachable;
        }
        if (!write()) return refused;
        tell();
        return code;
    }

  private:
    int go() {
        ControlClient client(order_.socket);
        const Reply status = client.ask(request("status"));
        if (!status.ok()) return fail(status.error());
        facts_.version = field(status.root(), "version");
        facts_.config = field(status.root(), "config");
        facts_.config_sha256 = field(status.root(), "config_sha256", "");
        if (const auto why = latched_already(status.root(), order_.target); !why.empty())
            return fail(why);
        look(status.root());
        if (!trip(client)) return refused;
        take_receipt(client);
        const auto receipt = Reply::read(facts_.receipt);
        if (!receipt) return fail("scramd did not tell the trip's receipt");
        facts_.by = field(receipt->root(), "by");
        dom::element journal;
        if (status.root()["journal"].get(journal) == simdjson::SUCCESS)
            facts_.journal = journal_link(field(journal, "directory"), *facts_.trip);
        const DrillVerdict verdict = drill_verdict(true, receipt->root());
        if (verdict == DrillVerdict::verified)
            facts_.next_due_ms = next_due(status.root(), facts_.wall_ms);
        write();  // a report there is, whatever becomes of the question
        const int armed = rearm(client, verdict, receipt->root());
        take_receipt(client);
        if (verdict == DrillVerdict::verified) return armed;
        return verdict == DrillVerdict::accepted ? unverified : refused;
    }

    int fail(std::string why) {
        facts_.error = std::move(why);
        return refused;
    }

    // On a connection of its own: an answer that comes late is not taken for that to the trip.
    void look(dom::element status) {
        std::string why;
        try {
            ControlClient client(order_.socket);
            JsonObject wish = request("orders");
            wish.add("target", order_.target).add("wait_ms", look_wait.count());
            Reply answer = client.ask(wish);
            if (flag(answer.root(), "waiting")) answer = client.outcome(look_wait);
            if (answer.ok()) {
                facts_.orders_before = raw(answer.root(), "orders");
                return;
            }
            why = answer.error();
        } catch (const Unreachable& error) {
            why = error.what();
        }
        facts_.orders_before = unknown_orders(status, order_.target, why);
    }

    bool trip(ControlClient& client) {
        const milliseconds wait(std::llround(order_.wait_s * 1000));
        JsonObject wish = request("trip");
        wish.add("target", order_.target).add("reason", std::string(drill_prefix) + order_.reason);
        wish.add("wait_ms", wait.count()).add("until", "verified");
        facts_.trip = 0;  // also if no answer comes
        const Reply answer = client.ask(wish);
        if (!answer.ok()) {
            facts_.trip.reset();
            facts_.error = answer.error();
            return false;
        }
        facts_.trip = static_cast<std::uint64_t>(number(answer.root(), "trip"));
        if (flag(answer.root(), "waiting")) client.outcome(wait);
        return true;
    }

    void take_receipt(ControlClient& client) {
        const Reply answer = client.ask(request("receipt").add("trip", *facts_.trip));
        if (has(answer.root(), "receipt")) facts_.receipt = raw(answer.root(), "receipt");
    }

    // Whether the operator agrees; says why not in the facts.
    bool agrees(DrillVerdict verdict, dom::element receipt) {
        const auto families = list(receipt, "families");
        const bool own = std::all_of(families.begin(), families.end(), [](dom::element family) {
            return field(family, "how") == "latched";
        });
        if (order_.keep_latched) return leave("left latched, as asked for");
        if (!own) return leave("left latched: another trip had latched some of it");
        const bool verified = verdict == DrillVerdict::verified;
        if (verdict == DrillVerdict::not_confirmed)
            return leave("left latched: not every cancel was taken");
        if (order_.yes) return verified || leave("left latched: not verified");
        fmt::print(stderr, "{}: re-arm {}? [y/N] ", name(verdict), order_.target);
        std::string line;
        std::getline(std::cin, line);
        return line == "y" || line == "yes" || leave("declined by the operator");
    }

    bool leave(std::string why) {
        facts_.rearm = std::move(why);
        return false;
    }

    int rearm(ControlClient& client, DrillVerdict verdict, dom::element receipt) {
        if (!agrees(verdict, receipt)) return done;
        JsonObject wish = request("rearm");
        wish.add("target", order_.target).add("reason", "drill over: " + order_.reason);
        wish.add_raw("trips", fmt::format("[{}]", *facts_.trip))
            .add("wait_ms", opening_wait.count());
        facts_.rearm = "asked for, and not answered";
        const Reply answer = client.ask(wish);
        if (!answer.ok()) {
            facts_.rearm = "not armed: " + answer.error();
            return has(answer.root(), "awaits_second") ? awaits_second : refused;
        }
        facts_.rearm = "armed, but not every gate was seen open in time";
        const bool open = !flag(answer.root(), "waiting") || client.outcome(opening_wait).ok();
        if (open) facts_.rearm = "armed";
        return open ? done : refused;
    }

    // ---- Files

    bool write() {
        const auto report = Reply::read(drill_json(facts_));
        return report && put(".json", report->text() + "\n") &&
               put(".txt", drill_text(report->root())) && put(".html", drill_html(report->root()));
    }

    // Whole or not at all.
    bool put(const char* ending, const std::string& text) const {
        const fs::path path = path_of(ending);
        const fs::path half = path.native() + ".new";
        std::ofstream out(half, std::ios::binary | std::ios::trunc);
        out << text;
        out.close();
        std::error_code error;
        if (out) fs::rename(half, path, error);
        if (out && !error) return true;
        fs::remove(half, error);
        fmt::print(stderr, "scramctl: {} cannot be written: is the disk full?\n", path.native());
        return false;
    }

    fs::path path_of(const char* ending) const {
        return fs::path(order_.directory) / (facts_.name + ending);
    }

    void tell() const {
        const auto report = Reply::read(drill_json(facts_));
        if (order_.json) return fmt::print("{}\n", report->text());
        fmt::print("drill of {}: {}: {}\n", order_.target, field(report->root(), "verdict"),
                   field(report->root(), "meaning"));
        if (!facts_.error.empty()) fmt::print("error: {}\n", facts_.error);
        fmt::print("re-arm: {}\nreport: {}, .txt, .json\n", facts_.rearm,
                   path_of(".html").native());
    }

    const DrillOrder& order_;
    DrillFacts facts_;
};

int complain_of_drill(std::string_view why) {
    fmt::print(stderr, "scramctl: {}\n", why);
    return refused;
}

}  // namespace

int drill_command(const DrillOrder& order) {
    if (order.reason.empty()) return complain_of_drill("--reason is required");
    const bool can_ask = isatty(STDIN_FILENO) != 0;
    if (!can_ask && !order.yes && !order.keep_latched)
        return complain_of_drill(
            "nobody to ask whether to re-arm: without a terminal, --yes or --keep-latched is "
            "required; nothing was tripped");
    if (access(order.directory.c_str(), W_OK | X_OK) != 0)
        return complain_of_drill(
            fmt::format("{} is no folder that a report can be written into; --directory names "
                        "another; nothing was tripped",
                        order.directory));
    return Drill(order).run();
}

}  // namespace scram
