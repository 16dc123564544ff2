#include "daemon/control/status.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>

#include "daemon/common/advice.h"
#include "daemon/common/json.h"
#include "daemon/common/version.h"
#include "daemon/control/latency_json.h"
#include "daemon/control/protocol.h"
#include "daemon/control/readiness.h"
#include "daemon/control/status_rules.h"
#include "daemon/records/receipt_json.h"
#include "net/clock.h"

namespace scram {
namespace {

std::int64_t whole_ms(Duration d) {
    return std::chrono::floor<milliseconds>(d).count();
}
double whole_us(Duration d) {
    return static_cast<double>(d.count()) / 1000;
}

std::string clock_json(const Driver& driver, Time now) {
    const ExchangeClock& clock = driver.clock();
    return JsonObject()
        .add("synced", clock.synced())
        .add("ahead_ms", clock.ahead_of(now, wall_now()).count())
        .add("uncertainty_us", whole_us(clock.uncertainty()))
        .text();
}

std::string link_json(const Driver& driver, LinkId id, Time now) {
    const LinkStats& sight = driver.sight(id);
    JsonObject out;
    out.add("name", link_name(driver.engine().plan(), id))
        .add("phase", name(driver.engine().phase(id)));
    if (driver.engine().phase(id) == LinkPhase::down) return out.add("lost", sight.lost).text();
    out.add("peer", sight.peer).add("tls", sight.tls);
    if (sight.rehearsed == Time{}) return out.text();
    return out.add("round_trip_us", whole_us(sight.round_trip))
        .add("rehearsed_ms_ago", whole_ms(now - sight.rehearsed))
        .text();
}

std::string alarms_json(const Engine& engine, AccountId id) {
    JsonArray out;
    for (std::size_t alarm = 1; alarm < alarm_count; ++alarm) {
        const auto its = static_cast<Alarm>(alarm);
        if (engine.alarm(id, its)) out.add_raw(json_string(name(its)));
    }
    return out.text();
}

std::string journal_json(const Journal& journal) {
    const std::string trouble = journal.trouble();
    return JsonObject()
        .add("healthy", trouble.empty())
        .add("reason", trouble)
        .add("records", journal.last())
        .add("records_stored", journal.stored())
        .add("records_lost", journal.lost())
        .add("directory", journal.directory())
        .add("at_start", name(journal.folded().health))
        .text();
}

std::string account_json(const Driver& driver, AccountId id, Time now) {
    const Engine& engine = driver.engine();
    JsonArray links;
    for (std::size_t l = 0; l < engine.link_count(); ++l) {
        if (engine.account_of(id_at<LinkId>(l)) != id) continue;
        links.add_raw(link_json(driver, id_at<LinkId>(l), now));
    }
    const milliseconds oldest = driver.requests().oldest(id, driver.clock().at(now));
    return JsonObject()
        .add("name", engine.plan().accounts[index(id)].name)
        .add("slots", engine.budget(id).slots())
        .add("slots_free", engine.budget(id).free_slots(now))
        .add("slots_working", engine.budget(id).working_slots(now))
        .add("hedge_after_us", whole_us(engine.hedge_after(id)))
        .add_raw("alarms", alarms_json(engine, id))
        .add("signature_age_ms", oldest.count())
        .add("up_share", driver.up_share(id, now))
        .add("rehearsals_failed", engine.rehearsals_failed(id))
        .add_raw("links", links.text())
        .text();
}

}  // namespace

std::string family_json(const Driver& driver, FamilyId id, RuleId holds, Time now,
                        const std::string& nearest) {
    const Engine& engine = driver.engine();
    const Switch& family = engine.family(id);
    JsonObject out;
    out.add("name", engine.plan().families[index(id)].name);
    out.add("state", state_name(family)).add("gate", family.latched ? "closed" : "open");
    out.add("unfinished", is_unfinished(family));
    if (const Listed listed = driver.listing().of(id); listed != Listed::unknown)
        out.add("listed", listed == Listed::yes);
    if (!nearest.empty()) out.add_raw("nearest", nearest);
    if (family.trip == TripId{}) return out.text();
    out.add("trip", static_cast<std::uint64_t>(family.wanted_by));
    const Receipt* receipt = driver.receipts().receipts().find(family.wanted_by);
    if (receipt != nullptr) out.add("cause", cause_text(*receipt));
    out.add("tripped_ms_ago", whole_ms(now - family.tripped_at)).add("failures", family.failures);
    const Answer& answer = family.last_answer;
    if (answer.http_status != 0) {
        out.add("last_class", name(answer.answer_class)).add("last_http", answer.http_status);
        if (answer.code != no_code)
            out.add("last_code", std::to_string(answer.code)).add("last_why", why(answer.code));
        if (answer.answer_class == AnswerClass::refused)
            out.add("last_advice", what_to_do(answer.code));
    }
    if (family.latched && holds != none<RuleId>())
        out.add("holds", engine.plan().rules[index(holds)].name);
    if (family.locked_until > now) out.add("lock_left_ms", whole_ms(family.locked_until - now));
    return out.text();
}

namespace {

// A sum is as old as the oldest of what it is made of.
Time oldest_of(const Engine& engine, FamilyId family, MetricId metric) {
    Time oldest = never;
    for (std::size_t s = 0; s < engine.plan().sources.size(); ++s) {
        const Time at = engine.metrics().stored_at(id_at<SourceId>(s), family, metric);
        if (at != Time{}) oldest = std::min(oldest, at);
    }
    return oldest;
}

std::string values_json(const Engine& engine, FamilyId id, Time now) {
    JsonObject out, ages;
    for (std::size_t m = 0; m < engine.plan().metrics.size(); ++m) {
        const auto metric = id_at<MetricId>(m);
        const std::string& name = engine.plan().metrics[m];
        if (!engine.metrics().known(id, metric)) {
            out.add_raw(name, "null");
            ages.add_raw(name, "null");
            continue;
        }
        out.add(name, engine.metrics().sum(id, metric));
        ages.add(name, whole_ms(now - oldest_of(engine, id, metric)));
    }
    return JsonObject()
        .add("family", engine.plan().families[index(id)].name)
        .add_raw("sums", out.text())
        .add_raw("ages_ms", ages.text())
        .text();
}

std::string warnings_json(const Config& config) {
    JsonArray out;
    for (const ConfigError& warning : config.warnings)
        out.add_raw(json_string(warning.place() + ": " + warning.message));
    return out.text();
}

std::string receipts_json(const ReceiptRecorder& book) {
    const std::string trouble = book.writer().trouble();
    return JsonObject()
        .add("healthy", trouble.empty())
        .add("reason", trouble)
        .add("written", book.writer().written())
        .add("failed", book.writer().failed())
        .add("given_up", book.receipts().untaken())
        .add("folder", book.writer().folder().native())
        .text();
}

std::string source_json(const Engine& engine, SourceId id) {
    return JsonObject()
        .add("name", engine.plan().sources[index(id)].name)
        .add("phase", name(engine.phase(id)))
        .add("expected", engine.plan().sources[index(id)].expected)
        .text();
}

JsonObject head_json(const Config& config, const Driver& driver, const Logger& logger,
                     const Refusals& refusals, Time now) {
    const Engine& engine = driver.engine();
    const Readiness ready = readiness(driver, now);
    JsonObject out;
    out.add("v", control_version).add("ok", true).add("version", build_version);
    out.add("pid", getpid()).add("config", config.file.native());
    out.add("ready", ready.ready).add("fires", ready.fires).add("unready_reason", ready.reason);
    out.add_raw("not_ready_reasons", ready.json);
    out.add("summary", status_line(driver, now)).add("log_lines_dropped", logger.dropped());
    out.add("suppressed_breaches", engine.suppressed_breaches());
    out.add("suppressed_warnings", driver.suppressed_warnings());
    out.add_raw("config_warnings", warnings_json(config));
    out.add("families_known", driver.listing().known());
    out.add("families_unknown_reason", driver.listing().trouble());
    out.add("unwatched", unwatched_text(engine.plan()));
    out.add_raw("refused", refusals.json(now));
    out.add_raw("clock", clock_json(driver, now));
    out.add_raw("loop_max", loop_max_json(driver.turns().longest(), now, wall_now()));
    out.add_raw("loop_max_of_minute",
                loop_max_json(driver.turns().longest_of_minute(now), now, wall_now()));
    out.add_raw("journal", journal_json(driver.journal()));
    out.add_raw("receipts", receipts_json(driver.receipts()));
    return out;
}

// What takes no more than some tenths of a millisecond.
constexpr std::size_t conditions_a_turn = 4096;
constexpr std::size_t items_a_turn = 32;

enum List : std::size_t { accounts, families, sources, rules, values, list_count };
constexpr std::string_view list_names[] = {"accounts", "families", "sources", "rules", "values"};

}  // namespace

StatusReport::StatusReport(const Config& config, const Driver& driver, const Logger& logger,
                           const Refusals& refusals)
    : config_(config), driver_(driver), logger_(logger), refusals_(refusals) {}

bool StatusReport::go_on() {
    if (!begun_ || plan_ != driver_.plans_adopted()) begin();
    const Engine& engine = driver_.engine();
    if (!searched_) {
        searched_ =
            engine.rules().find_nearest(nearest_, engine.metrics(), now_, conditions_a_turn);
        if (!searched_) return false;
        sort_by_share(nearest_.best);
    }
    for (std::size_t left = items_a_turn; left > 0; --left) {
        while (list_ < list_count && item_ == count_of(list_)) next_list();
        if (list_ == list_count) return true;
        list_text_.add_raw(item_json(list_, item_++));
    }
    return false;
}

void StatusReport::begin() {
    begun_ = true;
    plan_ = driver_.plans_adopted();
    now_ = monotonic_now();
    nearest_ = {};
    searched_ = false;
    holding_ = driver_.engine().rules().all_holding();
    nearest_of_family_ = nearest_json(driver_.engine(), now_);
    list_ = item_ = 0;
    list_text_ = {};
    out_ = head_json(config_, driver_, logger_, refusals_, now_);
}

void StatusReport::next_list() {
    out_.add_raw(list_names[list_++], list_text_.text());
    list_text_ = {};
    item_ = 0;
}

std::size_t StatusReport::count_of(std::size_t list) const {
    const Plan& plan = driver_.engine().plan();
    const std::size_t counts[] = {plan.accounts.size(), plan.families.size(), plan.sources.size(),
                                  nearest_.best.size(), plan.families.size()};
    return counts[list];
}

std::string StatusReport::item_json(std::size_t list, std::size_t i) const {
    const Engine& engine = driver_.engine();
    const Time now = monotonic_now();
    switch (list) {
        case accounts:
            return account_json(driver_, id_at<AccountId>(i), now);
        case families:
            return family_json(driver_, id_at<FamilyId>(i), holding_[i], now,
                               nearest_of_family_[i]);
        case sources:
            return source_json(engine, id_at<SourceId>(i));
        case rules:
            return rule_json(nearest_.best[i], engine.plan());
        default:
            return values_json(engine, id_at<FamilyId>(i), now);
    }
}

std::string status_line(const Driver& driver, Time now) {
    const Engine& engine = driver.engine();
    std::size_t armed = 0, unfinished = 0, held = 0;
    for (std::size_t f = 0; f < engine.plan().families.size(); ++f) {
        const Switch& family = engine.family(id_at<FamilyId>(f));
        armed += family.latched ? 0 : 1;
        unfinished += is_unfinished(family) ? 1 : 0;
        held += family.cancel == Cancel::held ? 1 : 0;
    }
    std::size_t warm = 0;
    Time rehearsed{};
    double up_share = 1;
    for (const ReadinessInput::Account& account : driver.readiness_input(now).accounts) {
        warm += account.links_warm;
        rehearsed = std::max(rehearsed, account.rehearsed);
        up_share = std::min(up_share, account.up_share);
    }
    std::string out = fmt::format("armed {}/{} families, {}/{} links warm", armed,
                                  engine.plan().families.size(), warm, engine.link_count());
    if (up_share < 0.9995)
        out += fmt::format(" (none was up for {:.1f} % of the last minute)", (1 - up_share) * 100);
    if (rehearsed != Time{}) {
        out += fmt::format(", last rehearsal {:.1f} s ago",
                           std::chrono::duration<double>(now - rehearsed).count());
    }
    if (unfinished > 0) out += fmt::format(", {} cancels unfinished", unfinished);
    if (held > 0) out += fmt::format(", {} held (latched, not cancelled)", held);
    return out;
}

}  // namespace scram
