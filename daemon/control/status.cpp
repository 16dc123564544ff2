#include "daemon/control/status.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>

#include "core/status_page/page.h"
#include "daemon/common/advice.h"
#include "daemon/common/json.h"
#include "daemon/common/version.h"
#include "daemon/control/durations.h"
#include "daemon/control/latency_json.h"
#include "daemon/control/protocol.h"
#include "daemon/control/readiness.h"
#include "daemon/control/status_accounts.h"
#include "daemon/control/status_rules.h"
#include "daemon/log/fields.h"
#include "daemon/records/receipt_json.h"
#include "net/clock.h"

namespace scram {
namespace {

std::string clock_json(const Driver& driver, Time now) {
    const ExchangeClock& clock = driver.clock();
    return JsonObject()
        .add("synced", clock.synced())
        .add("ahead_ms", clock.ahead_of(now, wall_now()).count())
        .add("uncertainty_us", whole_us(clock.uncertainty()))
        .text();
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
    if (engine.mmp(id) != Mmp::unknown) out.add("mmp", name(engine.mmp(id)));
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
    if (family.latched) {
        const FamilyReads& reads = engine.reads(id);
        if (reads.found > 0) out.add("found", reads.found);
        if (reads.failed > 0) out.add("reads_failed", reads.failed);
        if (reads.rest_known) out.add("rest", reads.rest);
        if (reads.rest_cancelled > 0) out.add("rest_cancelled", reads.rest_cancelled);
    }
    if (const RearmWish& wish = engine.rearm_wish(id); wish.stands)
        out.add("rearm_wanted_by", wish.by.view())
            .add("rearm_left_ms", std::max<std::int64_t>(whole_ms(wish.until - now), 0));
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

std::string recording_json(const Recorder& recorder) {
    const std::string trouble = recorder.trouble();
    return JsonObject()
        .add("healthy", trouble.empty())
        .add("reason", trouble)
        .add("records", recorder.written())
        .add("records_lost", recorder.lost())
        .add("file", recorder.file())
        .text();
}

std::string source_json(const Engine& engine, SourceId id, Time now) {
    JsonObject out;
    out.add("name", engine.plan().sources[index(id)].name)
        .add("phase", name(engine.phase(id)))
        .add("expected", engine.plan().sources[index(id)].expected);
    const Time seen = engine.rules().health(id).seen;
    if (seen != Time{}) out.add("signal_ms_ago", whole_ms(now - seen));
    return out.text();
}

std::vector<TripId> last_trips(const Receipts& known) {
    constexpr std::size_t trips_max = 8;
    std::vector<TripId> out;
    for (std::size_t i = 0; i < std::min(known.size(), trips_max); ++i)
        out.push_back(known.newest(i).trip);
    return out;
}

// Empty: so many have come since that it is forgotten.
std::string last_trip_json(const Receipts& known, TripId trip) {
    const Receipt* receipt = known.find(trip);
    return receipt == nullptr ? std::string() : receipt_overview_json(*receipt);
}

std::string latency_of(const Driver& driver) {
    JsonObject out;
    add_latency(driver.latency(), out);
    return out.text();
}

// Of the requests of all links.
std::string frames_json(const Frames& frames) {
    JsonObject not_sent;
    for (std::size_t why = 0; why < frames.not_sent.size(); ++why) {
        if (frames.not_sent[why] != 0) not_sent.add(frame_state_names[why], frames.not_sent[why]);
    }
    return JsonObject()
        .add("device", frames.device)
        .add("sent", frames.sent)
        .add_raw("not_sent", not_sent.text())
        .text();
}

JsonObject head_json(const Config& config, const Driver& driver, const Logger& logger,
                     const Refusals& refusals, Time now) {
    const Engine& engine = driver.engine();
    const Readiness ready = readiness(driver, now);
    JsonObject out;
    out.add("v", control_version).add("ok", true).add("version", build_version);
    out.add("pid", getpid()).add("started_ms", driver.latency().since.value);
    out.add("config", config.file.native()).add("config_sha256", config.sha256);
    out.add("ready", ready.ready).add("fires", ready.fires).add("unready_reason", ready.reason);
    out.add_raw("not_ready_reasons", ready.json);
    out.add("summary", status_line(driver, now)).add("log_lines_dropped", logger.dropped());
    out.add("suppressed_breaches", engine.suppressed_breaches());
    out.add("suppressed_warnings", driver.suppressed_warnings());
    if (config.drill_max_age_days > 0) out.add("drill_max_age_days", config.drill_max_age_days);
    out.add_raw("config_warnings", warnings_json(config));
    out.add("families_known", driver.listing().known());
    out.add("families_unknown_reason", driver.listing().trouble());
    out.add("unwatched", unwatched_text(engine.plan()));
    out.add_raw("refused", refusals.json(now));
    out.add_raw("clock", clock_json(driver, now));
    out.add_raw("loop_max", loop_max_json(driver.turns().longest(), now, wall_now()));
    out.add_raw("loop_max_of_minute",
                loop_max_json(driver.turns().longest_of_minute(now), now, wall_now()));
    if (driver.frames() != nullptr) out.add_raw("frames", frames_json(*driver.frames()));
    out.add_raw("journal", journal_json(driver.journal()));
    out.add_raw("receipts", receipts_json(driver.receipts()));
    if (driver.recorder() != nullptr) out.add_raw("recording", recording_json(*driver.recorder()));
    return out;
}

enum List : std::size_t { trips, accounts, families, sources, rules, values, list_count };
constexpr std::string_view list_names[] = {"trips",   "accounts", "families",
                                           "sources", "rules",    "values"};
// One takes as long as so many of the other lists.
constexpr std::size_t trip_items = 4;

}  // namespace

StatusReport::StatusReport(const Config& config, const Driver& driver, const Logger& logger,
                           const Refusals& refusals)
    : StatusReport(config, driver, logger, refusals, Pace{}) {}

StatusReport::StatusReport(const Config& config, const Driver& driver, const Logger& logger,
                           const Refusals& refusals, Pace pace)
    : config_(config), driver_(driver), logger_(logger), refusals_(refusals), pace_(pace) {}

bool StatusReport::go_on() {
    if (plan_ != driver_.plans_adopted()) part_ = Part::head;
    for (;;) {
        const Part done = part_;
        const bool goes_on = do_part();
        if (part_ == done) return done == Part::lists && !goes_on;
        if (pace_.one_part) return false;
    }
}

// True: there is more of this part than its slice.
bool StatusReport::do_part() {
    switch (part_) {
        case Part::head:
            begin();
            part_ = Part::latency;
            return false;
        case Part::latency:
            add_latency();
            part_ = Part::search;
            return false;
        case Part::search:
            if (search()) part_ = Part::lists;
            return true;
        case Part::lists:
            return !list_some();
    }
    return false;
}

void StatusReport::begin() {
    plan_ = driver_.plans_adopted();
    now_ = monotonic_now();
    nearest_ = {};
    list_ = item_ = 0;
    list_text_ = {};
    out_ = head_json(config_, driver_, logger_, refusals_, now_);
}

void StatusReport::add_latency() {
    out_.add_raw("latency", latency_of(driver_));
    trips_ = last_trips(driver_.receipts().receipts());
}

// True: it is at its end.
bool StatusReport::search() {
    const Engine& engine = driver_.engine();
    if (!engine.rules().find_nearest(nearest_, engine.metrics(), now_, pace_.looks)) return false;
    sort_by_share(nearest_.best);
    return true;
}

bool StatusReport::list_some() {
    for (std::size_t done = 0; done < pace_.items;) {
        while (list_ < list_count && item_ == count_of(list_)) next_list();
        if (list_ == list_count) return true;
        done += list_ == trips ? trip_items : 1;
        if (const std::string item = item_json(list_, item_++); !item.empty())
            list_text_.add_raw(item);
    }
    return false;
}

void StatusReport::next_list() {
    out_.add_raw(list_names[list_++], std::move(list_text_).text());
    list_text_ = {};
    item_ = 0;
}

std::size_t StatusReport::count_of(std::size_t list) const {
    const Plan& plan = driver_.engine().plan();
    const std::size_t counts[] = {trips_.size(),       plan.accounts.size(), plan.families.size(),
                                  plan.sources.size(), nearest_.best.size(), plan.families.size()};
    return counts[list];
}

std::string StatusReport::item_json(std::size_t list, std::size_t i) const {
    const Engine& engine = driver_.engine();
    const Time now = monotonic_now();
    switch (list) {
        case trips:
            return last_trip_json(driver_.receipts().receipts(), trips_[i]);
        case accounts:
            return account_json(driver_, id_at<AccountId>(i), now);
        case families:
            return family_json(driver_, id_at<FamilyId>(i), nearest_.holding.by_family[i], now,
                               nearest_json(id_at<FamilyId>(i), nearest_, engine.plan()));
        case sources:
            return source_json(engine, id_at<SourceId>(i), now);
        case rules:
            return rule_json(nearest_.best[i], engine.plan());
        default:
            return values_json(engine, id_at<FamilyId>(i), now);
    }
}

std::string status_line(const Driver& driver, Time now) {
    const Engine& engine = driver.engine();
    std::size_t armed = 0, unfinished = 0, unread = 0, held = 0;
    for (std::size_t f = 0; f < engine.plan().families.size(); ++f) {
        const Switch& family = engine.family(id_at<FamilyId>(f));
        armed += family.latched ? 0 : 1;
        unfinished += is_unfinished(family) ? 1 : 0;
        unread += state_of(family) == SwitchState::accepted ? 1 : 0;
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
    if (unread > 0) out += fmt::format(", {} accepted and not verified", unread);
    if (held > 0) out += fmt::format(", {} held (latched, not cancelled)", held);
    return out;
}

std::size_t status_text_max(const Plan& plan) {
    const std::size_t head = 128 * 1024, account = 4096, link = 512, family = 2048, value = 128,
                      source = 256, rule = 512;
    std::size_t links = 0;
    for (const AccountSpec& its : plan.accounts) links += its.links;
    const std::size_t sum = head + plan.accounts.size() * account + links * link +
                            plan.families.size() * (family + plan.metrics.size() * value) +
                            plan.sources.size() * source + 2 * plan.rules.size() * rule;
    return std::min((sum + 63) / 64 * 64, page_text_max);
}

}  // namespace scram
