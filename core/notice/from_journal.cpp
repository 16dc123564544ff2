#include "core/notice/from_journal.h"

#include <algorithm>
#include <charconv>

#include "core/model/drill.h"
#include "core/notice/alarm_texts.h"

namespace scram {
namespace {

// A disk that is slow may let a trip's record be seen so long before those of its families.
constexpr Duration families_follow_within = 3s;

std::string number_text(double value) {
    std::array<char, 32> digits{};
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
    return {digits.data(), end};
}

// By sequence and hash: another journal's record of that number has another.
std::string id_of(const JournalRecord& record) {
    constexpr char digits[] = "0123456789abcdef";
    std::string out = "record-" + std::to_string(record.sequence) + "-";
    for (std::size_t i = 0; i < 6; ++i) {
        out.push_back(digits[record.hash[i] >> 4]);
        out.push_back(digits[record.hash[i] & 15]);
    }
    return out;
}

std::string trip_key(std::uint64_t trip) {
    return "trip-" + std::to_string(trip);
}

std::string account_of_family(std::string_view family) {
    return std::string(family.substr(0, family.find('/')));
}

// "mm-1/BTC-USD", "mm-1/BTC-USD and mm-1/ETH-USD", "a, b, ... and 12 more"
std::string names_text(const std::vector<std::string>& names) {
    std::string out;
    const std::size_t shown = std::min(names.size(), families_told_max);
    for (std::size_t i = 0; i < shown; ++i) {
        const bool is_last = i + 1 == names.size();
        if (i > 0) out += is_last ? " and " : ", ";
        out += names[i];
    }
    if (shown < names.size()) out += " and " + std::to_string(names.size() - shown) + " more";
    return out;
}

std::string accounts_text(const std::vector<std::string>& families) {
    std::vector<std::string> accounts;
    for (const std::string& family : families) {
        std::string account = account_of_family(family);
        if (std::find(accounts.begin(), accounts.end(), account) == accounts.end())
            accounts.push_back(std::move(account));
    }
    return names_text(accounts);
}

std::string families_count(std::size_t count) {
    return std::to_string(count) + (count == 1 ? " family" : " families");
}

Notice notice_of(const JournalRecord& record, NoticeKind kind, Severity severity, std::string key) {
    Notice out;
    out.id = id_of(record);
    out.key = std::move(key);
    out.kind = kind;
    out.severity = severity;
    out.wall_ms = record.wall_ms;
    return out;
}

// Why it tripped, as the end of a sentence.
std::string cause_of(const JournalRecord& record) {
    const Texts texts = texts_of(record);
    if (texts.rule.empty()) {
        if (texts.who.empty())
            return std::string(texts.text.empty() ? "the journal has its cause" : texts.text);
        std::string out = "operator " + std::string(texts.who);
        if (!texts.text.empty()) out += ": " + std::string(texts.text);
        return out;
    }
    std::string out = "rule " + std::string(texts.rule);
    const auto bad = static_cast<BadReason>(record.reason);
    if (!texts.subject.empty()) out += " of " + std::string(texts.subject);
    if (bad != BadReason::none) return out + ": " + std::string(name(bad));
    if (!texts.metric.empty())
        out += ": " + std::string(texts.metric) + " is " + number_text(record.value) +
               ", the limit " + number_text(record.limit);
    return out;
}

void add_cause(const JournalRecord& record, Notice& to) {
    const Texts texts = texts_of(record);
    to.add("cause", cause_of(record));
    if (texts.rule.empty()) {
        to.add("by", texts.who);
        to.add("reason", texts.text);
        return;
    }
    to.add("rule", texts.rule);
    to.add("source", texts.who);
    if (texts.metric.empty()) return;
    to.add("metric", texts.metric);
    to.add("value", number_text(record.value));
    to.add("limit", number_text(record.limit));
}

std::string answer_text(const JournalRecord& record) {
    std::string out = "HTTP " + std::to_string(record.http_status);
    if (record.code != no_code) out += ", code " + std::to_string(record.code);
    return out;
}

bool is_operators(RecordKind kind) {
    return kind == RecordKind::rearmed || kind == RecordKind::rearm_wanted;
}

// No notice comes of it: it may stand between two records of one.
bool is_quiet(RecordKind kind) {
    switch (kind) {
        case RecordKind::fired:
        case RecordKind::answered:
        case RecordKind::attempt_lost:
        case RecordKind::accepted:
        case RecordKind::rearm_refused:
        case RecordKind::rearm_lapsed:
        case RecordKind::lock_released:
        case RecordKind::lock_expired:
        case RecordKind::standing:
            return true;
        default:
            return false;
    }
}

bool is_refused(const JournalRecord& record) {
    return record.kind == RecordKind::answered &&
           record.answer_class == static_cast<std::uint8_t>(AnswerClass::refused);
}

bool is_followed(const std::vector<FollowedTrip>& trips, std::uint64_t trip) {
    return std::any_of(trips.begin(), trips.end(),
                       [trip](const FollowedTrip& its) { return its.trip == trip; });
}

// Of a family whose trip was told as one that latched none, or is not known.
JournalRecord as_trip(JournalRecord latched) {
    latched.kind = RecordKind::tripped;
    return latched;
}

JournalPosition position_of(const JournalRecord& record) {
    return {record.sequence, record.hash, record.wall_ms};
}

}  // namespace

// ---- What belongs together ----------------------------------------------------------------------

void JournalNotices::take(const JournalRecord& record, Time now, Notices& out) {
    if (is_refused(record)) last_refusal_ = answer_text(record);
    if (!is_quiet(record.kind) && !(gathered_ && join(record))) {
        end(out);
        if (record.kind == RecordKind::tripped || is_operators(record.kind)) begin(record, now);
        if (record.kind == RecordKind::latched) latched_later(record);
        if (record.kind == RecordKind::latched && !is_followed(trips_, record.trip)) {
            begin(as_trip(record), now);
            gathered_->families.emplace_back(texts_of(record).subject);
        }
        if (record.kind == RecordKind::verified) done(record, out);
        tell_other(record, out);
    }
    read_ = position_of(record);
    if (!gathered_) safe_ = read_;
}

void JournalNotices::settle(Time now, Notices& out) {
    if (!gathered_) return;
    const bool is_empty = gathered_->families.empty();
    const Duration enough = is_empty ? families_follow_within : notice_gathers_for;
    if (now - gathered_->since >= enough) end(out);
}

void JournalNotices::move_to(JournalPosition position, Notices& out) {
    end(out);
    safe_ = read_ = position;
}

bool JournalNotices::join(const JournalRecord& record) {
    const JournalRecord& first = gathered_->first;
    const Texts texts = texts_of(record), ours = texts_of(first);
    const bool is_trip = first.kind == RecordKind::tripped && record.trip == first.trip;
    if (is_trip && record.kind == RecordKind::tripped) {
        gathered_->rules += (gathered_->rules.empty() ? "" : ", ") + std::string(texts.rule);
        return true;
    }
    const bool is_more = is_trip ? record.kind == RecordKind::latched
                                 : is_operators(first.kind) && record.kind == first.kind &&
                                       texts.who == ours.who && texts.text == ours.text;
    if (is_more && gathered_->families.size() < families_max)
        gathered_->families.emplace_back(texts.subject);
    return is_more;
}

void JournalNotices::begin(const JournalRecord& record, Time now) {
    gathered_.emplace(Gathered{record, {}, {}, now});
    if (is_operators(record.kind)) gathered_->families.emplace_back(texts_of(record).subject);
}

void JournalNotices::end(Notices& out) {
    if (!gathered_) return;
    if (gathered_->first.kind == RecordKind::tripped)
        tell_trip(out);
    else
        tell_armed(out);
    gathered_.reset();
    safe_ = read_;
}

// ---- Trips --------------------------------------------------------------------------------------

void JournalNotices::tell_trip(Notices& out) {
    const Gathered& its = *gathered_;
    const Texts texts = texts_of(its.first);
    const bool drill = texts.rule.empty() && is_drill(texts.who, texts.text);
    const auto severity = drill ? Severity::warning : Severity::critical;
    // A value that swings around its limit can make one a second of what is latched already.
    Notice notice =
        its.families.empty()
            ? notice_of(its.first, NoticeKind::tell, Severity::info, "breach")
            : notice_of(its.first, NoticeKind::raise, severity, trip_key(its.first.trip));
    notice.text = (drill ? "Drill: trip " : "Trip ") + std::to_string(its.first.trip);
    notice.text += its.families.empty() ? " latched no further family"
                                        : " latched " + families_count(its.families.size()) + ", " +
                                              names_text(its.families);
    notice.text += " (" + cause_of(its.first) + ").";
    notice.add("trip", std::to_string(its.first.trip));
    notice.add("account", accounts_text(its.families));
    notice.add("families", names_text(its.families));
    add_cause(its.first, notice);
    notice.add("more_rules", its.rules);
    if (drill) notice.add("drill", "true");
    notice.add("what_to_do", "Look at the quotes at OKX; then: scramctl receipt " +
                                 std::to_string(its.first.trip) +
                                 ", and scramctl rearm once the cause is gone.");
    out.push_back(std::move(notice));
    if (its.families.empty()) return;
    follow({its.first.trip,
            severity,
            its.families.size(),
            0,
            {its.families.begin(), its.families.end()}});
}

void JournalNotices::follow(FollowedTrip trip) {
    if (trips_.size() >= trips_followed_max) trips_.erase(trips_.begin());
    trips_.push_back(std::move(trip));
}

// Behind the notice of its trip: that is over when this one is as well.
void JournalNotices::latched_later(const JournalRecord& record) {
    for (FollowedTrip& its : trips_) {
        if (its.trip != record.trip || its.open.size() >= families_max) continue;
        if (its.open.emplace(texts_of(record).subject).second) ++its.families;
    }
}

// A family is verified, or was armed by an operator: the trip that latched it may be over.
void JournalNotices::done(const JournalRecord& record, Notices& out) {
    const std::string_view family = texts_of(record).subject;
    for (FollowedTrip& its : trips_) {
        const auto found = its.open.find(family);
        if (found == its.open.end()) continue;
        its.open.erase(found);
        if (record.kind == RecordKind::rearmed) ++its.armed;
        if (!its.open.empty()) continue;
        Notice notice = notice_of(record, NoticeKind::resolve, its.severity, trip_key(its.trip));
        notice.id += "-trip-" + std::to_string(its.trip);
        notice.text = "Trip " + std::to_string(its.trip) + " is over: of " +
                      families_count(its.families) + " " +
                      std::to_string(its.families - its.armed) +
                      " verified (OKX's list shows none of their orders), " +
                      std::to_string(its.armed) + " armed before that.";
        notice.add("trip", std::to_string(its.trip));
        out.push_back(std::move(notice));
    }
    std::erase_if(trips_, [](const FollowedTrip& its) { return its.open.empty(); });
}

// ---- Operators ----------------------------------------------------------------------------------

void JournalNotices::tell_armed(Notices& out) {
    const Gathered& its = *gathered_;
    const Texts texts = texts_of(its.first);
    const bool wanted = its.first.kind == RecordKind::rearm_wanted;
    Notice notice = notice_of(its.first, NoticeKind::tell, Severity::info, "rearm");
    notice.text = "Operator " + std::string(texts.who) + (wanted ? " wants to arm " : " armed ") +
                  names_text(its.families);
    if (!texts.text.empty()) notice.text += ": " + std::string(texts.text);
    notice.text += wanted ? ". A second person must ask for it as well." : ".";
    notice.add("account", accounts_text(its.families));
    notice.add("families", names_text(its.families));
    notice.add("by", texts.who);
    notice.add("reason", texts.text);
    out.push_back(std::move(notice));
    if (wanted) return;
    for (const std::string& family : its.families) {
        JournalRecord record = its.first;
        put_texts({family, {}, texts.who, {}, {}}, record);
        done(record, out);
    }
}

// ---- The others ---------------------------------------------------------------------------------

void JournalNotices::tell_alarm(const JournalRecord& record, Notices& out) const {
    const Texts texts = texts_of(record);
    const auto alarm = static_cast<Alarm>(record.reason);
    const bool raised = record.kind == RecordKind::alarm_raised;
    const std::string account(texts.subject);
    Notice notice =
        notice_of(record, raised ? NoticeKind::raise : NoticeKind::resolve, severity_of(alarm),
                  "alarm-" + account + "-" + std::string(name(alarm)));
    notice.text =
        raised ? "Account " + account + ": " + std::string(meaning_of(alarm)) + "."
               : "Account " + account + ": the alarm " + std::string(name(alarm)) + " is over.";
    notice.add("account", account);
    notice.add("alarm", name(alarm));
    if (raised && alarm == Alarm::refused) notice.add("answer", last_refusal_);
    if (raised) notice.add("what_to_do", what_to_do(alarm));
    out.push_back(std::move(notice));
}

void JournalNotices::tell_other(const JournalRecord& record, Notices& out) const {
    const Texts texts = texts_of(record);
    const auto add = [&](NoticeKind kind, Severity severity, std::string key, std::string text) {
        Notice notice = notice_of(record, kind, severity, std::move(key));
        notice.text = std::move(text);
        notice.add("by", is_of_account(record.kind) ? texts.who : std::string_view{});
        notice.add("reason", is_of_account(record.kind) ? texts.text : std::string_view{});
        out.push_back(std::move(notice));
    };
    const std::string account(texts.subject);
    switch (record.kind) {
        case RecordKind::alarm_raised:
        case RecordKind::alarm_cleared:
            return tell_alarm(record, out);
        case RecordKind::dead_man_off:
            return add(NoticeKind::raise, Severity::warning, "dead-man-" + account,
                       "Account " + account + ": the dead man's switch was switched off.");
        case RecordKind::dead_man_on:
            return add(NoticeKind::resolve, Severity::warning, "dead-man-" + account,
                       "Account " + account + ": the dead man's switch is on again.");
        case RecordKind::started: {
            const bool well = texts.text == "whole" || texts.text == "fresh";
            return add(NoticeKind::tell, well ? Severity::info : Severity::warning, "scramd",
                       "scramd has started; it found its journal " + std::string(texts.text) + ".");
        }
        case RecordKind::stopped:
            return add(NoticeKind::tell, Severity::info, "scramd", "scramd has ended in order.");
        case RecordKind::lost:
            return add(NoticeKind::tell, Severity::warning, "journal",
                       number_text(record.value) +
                           " records are missing in the journal: no disk took them in time.");
        case RecordKind::plan_changed:
            return add(NoticeKind::tell, Severity::info, "config",
                       "Rules and limits were replaced by a reload.");
        default:  // a later version's as well
            return;
    }
}

Notice following_from(const JournalPosition& position, std::int64_t wall_ms) {
    Notice notice;
    notice.id = "following-" + std::to_string(position.sequence) + "-" + std::to_string(wall_ms);
    notice.key = "notify";
    notice.wall_ms = wall_ms;
    notice.text = "scram-notify follows the journal behind record " +
                  std::to_string(position.sequence) + "; what happened before is not told.";
    return notice;
}

}  // namespace scram
