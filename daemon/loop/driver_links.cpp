// The driver and its links: what they tell, the engine is told.
#include "daemon/loop/driver.h"

#include <fmt/format.h>

#include <utility>

#include "net/clock.h"

namespace scram {

void Driver::link_up(LinkId link, const std::string& peer, const std::string& tls) {
    LinkStats& sight = link_stats_[index(link)];
    sight.peer = peer;
    sight.tls = tls;
    host_watch_.came_up(index(link));
    requests_.number_is_new(link);
    const Time now = monotonic_now();
    turns_.did("link up", now);
    engine_.on_link_up(link, now, step_);
    carry_out(Time{}, now, fmt::format("{} ({}) {}", sight.host, peer, tls));
    note_up_share(link, now);
    family_check_.link_is_up();
}

// Of the account: whether any of its links is up.
void Driver::note_up_share(LinkId link, Time now) {
    const AccountId account = engine_.account_of(link);
    bool up = false;
    for (std::size_t l = 0; l < links_.size(); ++l)
        up |= engine_.account_of(id_at<LinkId>(l)) == account && links_[l]->up();
    up_shares_[index(account)].change(now, up);
}

void Driver::link_down(LinkId link, bool was_up, Taken taken, const std::string& reason) {
    // An address that is tried again and again for the same reason is told once.
    const bool news = was_up || link_stats_[index(link)].lost != reason;
    link_stats_[index(link)].lost = reason;
    const Time now = monotonic_now();
    turns_.did("link down", now);
    requests_.forget_call(link);
    if (was_up) {
        host_watch_.went_down(index(link), now);
        const RequestKind lost = settle(link, Time{});
        engine_.on_link_down(link, now, step_, taken);
        carry_out(Time{}, now, reason);
        record(lost, link_stats_[index(link)].settled);
        note_up_share(link, now);
    } else if (news) {
        LogEntry entry;
        entry.event = {.kind = EventKind::link_down, .at = now, .link = link};
        entry.plan = logged_plan_;
        entry.detail = FixedText<200>(reason);
        logger_.tell(entry);
    }
}

void Driver::link_answered(LinkId link, const HttpResponse& answer, Time read_at) {
    const RequestKind settled = settle(link, read_at);
    turns_.did("answer", read_at);
    switch (engine_.phase(link)) {
        case LinkPhase::firing:
            attempt_answered(link, answer, read_at);
            break;
        case LinkPhase::rehearsing:
            rehearsal_answered(link, answer, read_at);
            break;
        case LinkPhase::calling:
            call_answered(link, answer, read_at);
            break;
        case LinkPhase::idle:
        case LinkPhase::down:
            break;  // given up a moment ago: its abort is under way
    }
    record(settled, link_stats_[index(link)].settled);
}

void Driver::attempt_answered(LinkId link, const HttpResponse& answer, Time read_at) {
    const Answer read = answers_.mass_cancel(answer.status, answer.body);
    engine_.on_answer(link, read, read_at, step_, answer.keep_alive);
    carry_out(Time{}, read_at);
}

void Driver::rehearsal_answered(LinkId link, const HttpResponse& answer, Time read_at) {
    LinkStats& sight = link_stats_[index(link)];
    const auto exchange_time = answers_.time(answer.status, answer.body);
    if (exchange_time) {
        sight.round_trip = read_at - sight.stages.sent;
        sight.rehearsed = read_at;
        host_watch_.answered(index(link));
        if (clock_.sample(sight.stages.decided, read_at, *exchange_time)) {
            logger_.say(4, LogLine(LogEvent::clock_stepped)
                               .add("detail", "the exchange's clock stepped; signatures follow it")
                               .text());
        }
    }
    const Answer told{AnswerClass::failed, answer.status, no_code};
    engine_.on_rehearsed(link, exchange_time.has_value(), told, read_at, step_, answer.keep_alive);
    carry_out(Time{}, read_at);
}

void Driver::call_answered(LinkId link, const HttpResponse& answer, Time read_at) {
    const Call& call = engine_.call(link);
    const auto tell = [&](const auto& told) {
        engine_.on_told(link, told, read_at, step_, answer.keep_alive);
    };
    const auto inst_family = [&]() -> std::string_view {
        return engine_.plan().families[index(call.family)].inst_family;
    };
    switch (call.what) {
        case PrivateRequest::account_config:
            tell(answers_.account(answer.status, answer.body));
            break;
        case PrivateRequest::mmp_config:
            tell(answers_.mmp(answer.status, answer.body, inst_family()));
            break;
        case PrivateRequest::mmp_orders:
        case PrivateRequest::all_orders:
            tell(answers_.orders(
                answer.status, answer.body,
                {.what = call.what, .inst_family = inst_family(), .after = call.after}));
            break;
        case PrivateRequest::cancel_orders:
            tell(answers_.batch(answer.status, answer.body, engine_.to_cancel(call.family)));
            break;
        case PrivateRequest::cancel_all_after:
            tell(answers_.timer(answer.status, answer.body, requests_.tag_of(call.account)));
            break;
        case PrivateRequest::mass_cancel:
            check(false, "a read is called");
    }
    carry_out(Time{}, read_at);
}

// What the exchange does not list each time it was asked; why it was not told once.
void Driver::tell_listing() {
    const FamilyListing& listing = family_check_.listing();
    turns_.did("families", monotonic_now());
    if (!listing.trouble().empty()) {
        if (std::exchange(told_listing_trouble_, listing.trouble()) == listing.trouble()) return;
        return logger_.say(
            4, LogLine(LogEvent::families_unknown).add("detail", listing.trouble()).text());
    }
    told_listing_trouble_.clear();
    const auto& families = engine_.plan().families;
    for (std::size_t f = 0; f < families.size(); ++f) {
        const auto id = id_at<FamilyId>(f);
        if (listing.of(id) != Listed::no) continue;
        logger_.say(4, LogLine(LogEvent::family_unlisted)
                           .add("family", families[f].name)
                           .add("detail", unlisted_text(families[f], listing))
                           .text());
    }
}

}  // namespace scram
