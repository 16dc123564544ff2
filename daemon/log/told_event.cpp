#include "daemon/log/told_event.h"

namespace scram {
namespace {

void add_ids(Fields& to, const ToldEvent& event) {
    if (event.trip != 0) to.number("trip", event.trip);
    to.text("rule", event.rule).text("family", event.family).text("source", event.source);
    to.text("link", event.link);
    if (event.attempt != 0) to.number("attempt", event.attempt);
    to.text("account", event.account);
    if (event.alarm != Alarm::none) to.text("alarm", name(event.alarm));
    if (event.refusal != Refusal::none) to.text("why", name(event.refusal));
    if (event.refusal == Refusal::unknown_value) to.text("metric", event.metric);
    if (event.mmp != Mmp::unknown) to.text("mmp", name(event.mmp));
    if (event.orders) to.number("orders", *event.orders);
    if (event.lock > 0ms) to.number("lock_ms", event.lock.count());
    if (event.timeout_s) to.number("timeout_s", *event.timeout_s);
    if (event.trigger != WallMillis{}) to.number("trigger_ms", event.trigger.value);
    to.flag("hedge", event.hedge).flag("late", event.late).flag("not_taken", event.not_taken);
}

void add_values(Fields& to, const ToldEvent& event) {
    const bool is_series = event.values == ToldEvent::Values::series;
    if (event.bad != BadReason::none) to.text("bad", name(event.bad));
    if (event.suppressed > 0 && !is_series) to.number("suppressed", event.suppressed);
    if (event.values == ToldEvent::Values::silence)
        to.number("silent_ms", event.value).number("after_ms", event.limit);
    if (event.values != ToldEvent::Values::metric && !is_series) return;
    to.text("metric", event.metric).value("value", event.value);
    to.value(is_series ? "before" : "limit", event.limit);
    if (event.share > 0) to.value("share", event.share);
    if (event.suppressed > 0 && is_series) to.number("suppressed", event.suppressed);
}

}  // namespace

Fields fields_of(const ToldEvent& event) {
    Fields out;
    add_ids(out, event);
    add_values(out, event);
    if (event.answer) {
        if (event.answer_has_class) out.text("class", name(event.answer->answer_class));
        add_answer(out, *event.answer);
    }
    out.text("cancel", event.cancel).text("note", event.note);
    return out;
}

}  // namespace scram
