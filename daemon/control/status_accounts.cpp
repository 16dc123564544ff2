#include "daemon/control/status_accounts.h"

#include "daemon/common/json.h"
#include "daemon/control/durations.h"
#include "daemon/log/fields.h"
#include "daemon/records/receipt_json.h"

namespace scram {
namespace {

std::string link_json(const Driver& driver, LinkId id, Time now) {
    const LinkStats& sight = driver.sight(id);
    JsonObject out;
    out.add("name", link_name(driver.engine().plan(), id))
        .add("host", sight.host)
        .add("phase", name(driver.engine().phase(id)));
    if (driver.engine().phase(id) == LinkPhase::down) return out.add("lost", sight.lost).text();
    out.add("peer", sight.peer).add("tls", sight.tls);
    if (driver.frames() != nullptr)
        out.add("frame", name_in(frame_state_names, driver.frame_state(id)));
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

// What authenticated calls have told of it.
std::string key_json(const AccountTruth& truth, Time now) {
    JsonObject out;
    out.add("proven", truth.proven != Time{});
    if (truth.proven != Time{}) out.add("proven_ms_ago", whole_ms(now - truth.proven));
    if (truth.facts) {
        out.add("uid", truth.facts->uid.view()).add("may_trade", truth.facts->may_trade);
        out.add("mode", truth.facts->mode).add("bound_to_ip", truth.facts->bound_to_ip);
    }
    if (truth.told == Time{}) return out.text();
    out.add("last_class", name(truth.answer.answer_class));
    add_answer(out, truth.answer);
    return out.text();
}

std::string_view timer_state(const DeadManTimer& timer) {
    if (timer.timeout_s > 0) return "armed";
    return timer.expired ? "expired" : "off";
}

}  // namespace

std::string account_json(const Driver& driver, AccountId id, Time now) {
    const Engine& engine = driver.engine();
    JsonArray links;
    for (std::size_t l = 0; l < engine.link_count(); ++l) {
        if (engine.account_of(id_at<LinkId>(l)) != id) continue;
        links.add_raw(link_json(driver, id_at<LinkId>(l), now));
    }
    const milliseconds oldest = driver.requests().oldest(id, driver.clock().at(now));
    JsonObject out;
    out.add("name", engine.plan().accounts[index(id)].name)
        .add("slots", engine.budget(id).slots())
        .add("slots_free", engine.budget(id).free_slots(now))
        .add("slots_working", engine.budget(id).working_slots(now))
        .add("hedge_after_us", whole_us(engine.hedge_after(id)))
        .add_raw("alarms", alarms_json(engine, id))
        .add_raw("key", key_json(engine.truth(id), now))
        .add("signature_age_ms", oldest.count())
        .add("up_share", driver.up_share(id, now))
        .add("rehearsals_failed", engine.rehearsals_failed(id))
        .add_raw("links", links.text());
    const std::int64_t drilled =
        driver.journal().drills().last(engine.plan().accounts[index(id)].name);
    if (drilled != 0) out.add("last_drill_wall_ms", drilled);
    if (has_dead_man(engine, id)) out.add_raw("dead_man", dead_man_json(engine, id, now));
    return out.text();
}

bool has_dead_man(const Engine& engine, AccountId id) {
    return engine.plan().accounts[index(id)].dead_man || engine.dead_man(id).timeout_s > 0;
}

std::string dead_man_json(const Engine& engine, AccountId id, Time now) {
    const DeadManTimer& timer = engine.dead_man(id);
    JsonObject out;
    out.add("state", timer_state(timer)).add("switched_off", timer.switched_off);
    out.add("ready", timer.ready);
    if (const auto& spec = engine.plan().accounts[index(id)].dead_man) {
        out.add("timeout_s", spec->timeout_s).add("tag", spec->tag);
        out.add("on_stop", spec->on_stop == DeadMan::OnStop::leave ? "leave" : "disarm");
    }
    if (timer.fed != Time{}) out.add("fed_ms_ago", whole_ms(now - timer.fed));
    if (timer.timeout_s > 0)
        out.add("left_ms", whole_ms(timer.until - now)).add("trigger_ms", timer.trigger.value);
    if (timer.answer.http_status == 0) return out.text();
    out.add("last_class", name(timer.answer.answer_class));
    add_answer(out, timer.answer);
    return out.text();
}

}  // namespace scram
