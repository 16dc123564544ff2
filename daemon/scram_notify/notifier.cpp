#include "daemon/scram_notify/notifier.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "config/plain_file.h"
#include "daemon/scram_notify/guard_look.h"
#include "daemon/scram_notify/stored_file.h"
#include "daemon/scram_notify/templates.h"
#include "net/clock.h"

namespace scram {
namespace {

constexpr Duration turn_every = 200ms;
constexpr Duration page_every = 500ms;
constexpr Duration keep_every = 5s;           // what no notice came of
constexpr Duration dropped_told_every = 60s;  // to each target
constexpr int looks_at_once = 4;

std::string cursor_path(const NotifyConfig& config) {
    return config.spool + "/cursor";
}

// None at a first start; one that is damaged is told and counts as none.
std::optional<Cursor> load_cursor(const NotifyConfig& config) {
    const auto text = load_file(cursor_path(config));
    if (!text) return std::nullopt;
    auto cursor = cursor_from(*text);
    if (!cursor)
        say(fmt::format("{} is damaged: the journal is followed from its end on",
                        cursor_path(config)));
    return cursor;
}

}  // namespace

void say(const std::string& text) {
    fmt::print(stderr, "scram-notify: {}\n", text.substr(0, 1000));
}

// ---- Start and end ------------------------------------------------------------------------------

std::variant<std::unique_ptr<Notifier>, std::string> Notifier::make(
    boost::asio::io_context& io, const NotifyConfig& config, std::vector<Receiver> receivers) {
    UniqueFd lock = open_to_read(config.spool.c_str(), O_DIRECTORY);
    if (!lock)
        return fmt::format(
            "cannot open {}: {}; `spool` names a folder of the user that this runs "
            "as",
            config.spool, std::strerror(errno));
    if (flock(lock.get(), LOCK_EX | LOCK_NB) != 0)
        return fmt::format("another scram-notify uses {}", config.spool);
    const auto known = load_cursor(config);
    std::vector<std::string> names;
    for (const TargetConfig& target : config.targets) names.push_back(target.name);
    auto spool = Spool::open(config.spool + "/queue", names, known ? &known->spooled : nullptr);
    if (const auto* why = std::get_if<std::string>(&spool)) return *why;
    std::unique_ptr<Notifier> out(
        new Notifier(io, config, std::move(std::get<Spool>(spool)), std::move(lock)));
    for (Receiver& receiver : receivers)
        out->deliveries_.push_back(
            std::make_unique<Delivery>(io, std::move(receiver), config.host, say));
    out->resume(known);
    return out;
}

Notifier::Notifier(boost::asio::io_context& io, const NotifyConfig& config, Spool spool,
                   UniqueFd lock)
    : config_(config), lock_(std::move(lock)), spool_(std::move(spool)), turn_due_(io) {
    if (spool_.unreadable() > 0)
        say(fmt::format("{} files of the spool were damaged and are removed", spool_.unreadable()));
}

void Notifier::resume(const std::optional<Cursor>& known) {
    page_.emplace(known ? known->guard : Guard::unknown, config_.unready_after);
    if (!known) {
        follower_.emplace(config_.journal, std::nullopt);
        return;
    }
    follower_.emplace(config_.journal, known->journal);
    journal_ = JournalNotices(known->journal, known->trips);
    flood_ = Flood(known->waiting);
    kept_sequence_ = known->journal.sequence;
    for (std::size_t t = 0; t < config_.targets.size(); ++t) {
        const auto found = known->dropped.find(config_.targets[t].name);
        if (found != known->dropped.end()) spool_.set_dropped(t, found->second);
    }
}

void Notifier::start() {
    for (std::size_t t = 0; t < deliveries_.size(); ++t) deliveries_[t]->start(spool_, t);
    turn();
    await_turn();
}

void Notifier::stop() {
    turn_due_.cancel();
    keep(true, monotonic_now());
}

void Notifier::await_turn() {
    turn_due_.expires_after(turn_every);
    turn_due_.async_wait([this](auto error) {
        if (error) return;
        turn();
        await_turn();
    });
}

// ---- One turn -----------------------------------------------------------------------------------

void Notifier::turn() {
    const Time now = monotonic_now();
    const std::int64_t wall_ms = wall_now().value;
    Notices made;
    look_at_journal(now, wall_ms, made);
    if (now - looked_at_ >= page_every) {
        page_->take(look_at_guard(config_.page), now, wall_ms, made);
        looked_at_ = now;
    }
    const bool had_news = !made.empty();
    const Notices leaving = flood_.pass(std::move(made), now);
    spool(leaving);
    tell_dropped(now, wall_ms);
    keep(had_news || !leaving.empty(), now);
}

void Notifier::look_at_journal(Time now, std::int64_t wall_ms, Notices& made) {
    bool more = true;
    for (int look = 0; more && look < looks_at_once; ++look)
        more = follower_->turn(journal_, now, wall_ms, made);
    if (!more) journal_.settle(now, made);
    look_at_trouble(now, wall_ms, made);
}

void Notifier::look_at_trouble(Time now, std::int64_t wall_ms, Notices& made) {
    Trouble& its = journal_trouble_;
    const std::string& trouble = follower_->trouble();
    if (its.shown.empty() != trouble.empty()) its.since = now;
    its.shown = trouble;
    const bool lasts = now - its.since >= config_.unready_after;
    if (!lasts || its.is_told == !trouble.empty()) return;
    its.is_told = !trouble.empty();
    Notice notice;
    notice.id = fmt::format("unfollowed-{}", wall_ms);
    notice.key = "notify";
    notice.severity = its.is_told ? Severity::warning : Severity::info;
    notice.wall_ms = wall_ms;
    notice.text =
        its.is_told
            ? "scram-notify cannot follow the journal, so trips are not told: " + trouble + "."
            : "scram-notify follows the journal again.";
    say(notice.text);
    made.push_back(std::move(notice));
}

void Notifier::tell_dropped(Time now, std::int64_t wall_ms) {
    if (now - told_dropped_at_ < dropped_told_every) return;
    told_dropped_at_ = now;
    for (std::size_t t = 0; t < config_.targets.size(); ++t) {
        const std::uint64_t count = spool_.dropped(t);
        if (count == 0 || spool_.size(t) >= Spool::notices_max) continue;
        Notice notice;
        notice.id = fmt::format("dropped-{}", wall_ms);
        notice.key = "notify";
        notice.severity = Severity::warning;
        notice.wall_ms = wall_ms;
        notice.text = fmt::format(
            "{} notices found no room while this target took none, and are "
            "not told; scramctl journal has what they said.",
            count);
        spool_.set_dropped(t, 0);
        if (is_for(config_.targets[t], notice)) spool_.put(t, std::move(notice));
    }
}

void Notifier::spool(const Notices& notices) {
    for (const Notice& notice : notices) {
        is_urgent_ |= notice.severity == Severity::critical;
        for (std::size_t t = 0; t < config_.targets.size(); ++t) {
            if (is_for(config_.targets[t], notice)) spool_.put(t, notice);
        }
    }
}

// ---- What survives ------------------------------------------------------------------------------

Cursor Notifier::cursor() const {
    Cursor out{journal_.safe(),  journal_.trips(), page_->told(),
               flood_.waiting(), spool_.last(),    {}};
    for (std::size_t t = 0; t < config_.targets.size(); ++t) {
        if (spool_.dropped(t) > 0) out.dropped[config_.targets[t].name] = spool_.dropped(t);
    }
    return out;
}

std::string Notifier::store_cursor() const {
    std::string why = store_file(cursor_path(config_), cursor_json(cursor()));
    return why.empty() ? sync_folder(config_.spool) : why;
}

// The spool's files first, then the cursor: what only the first have, a start forgets and tells
// again. Where the disk takes neither, it is delivered all the same.
void Notifier::keep(bool changed, Time now) {
    const bool moved = journal_.safe().sequence != kept_sequence_ && now - kept_at_ >= keep_every;
    if (!changed && !moved && disk_trouble_.empty()) return;
    if (!changed && !disk_trouble_.empty() && now - kept_at_ < keep_every) return;
    kept_at_ = now;
    std::string why = spool_.write() ? store_cursor() : spool_.trouble();
    if (why.empty()) kept_sequence_ = journal_.safe().sequence;
    if (why.empty() != disk_trouble_.empty())
        say(why.empty() ? "the spool is stored again"
                        : why + "; notices are delivered, and what a restart finds is older");
    disk_trouble_ = std::move(why);
    spool_.commit();
    for (const auto& delivery : deliveries_) delivery->kick(is_urgent_);
    is_urgent_ = false;
}

}  // namespace scram
