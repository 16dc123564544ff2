// What authenticated reads have told: orders that rest, and that none does any more.
#include <algorithm>
#include <utility>

#include "tests/sim/books.h"
#include "tests/sim/violation.h"

namespace scram::sim {

bool is_unverified(const FamilyBook& book) {
    const bool is_held = !book.owed && !book.lock_owed && !book.accepted;
    return book.latched && !book.releasing && !is_held && !book.verified;
}

void Books::read_of_reads(const Event& event, const Context& context) {
    switch (event.kind) {
        case EventKind::orders_read:
            return read_orders(event, context);
        case EventKind::verified:
            return read_verified(event, context);
        case EventKind::orders_rest:
            return read_rest(event, context);
        case EventKind::rest_cancelled:
            return read_rest_cancelled(event, context);
        case EventKind::mmp_told:
            return read_mmp(event, context);
        case EventKind::read_failed:
            return seen_->note(Seen::read_failed);
        default:
            return;
    }
}

// Of a family whose cancel is accepted, and that began after it was.
bool Books::counts(const Request* read) const {
    if (read == nullptr || !read->reads_orders() || !read->shown.has_facts) return false;
    const FamilyBook& book = family(read->call.family);
    return book.latched && !book.releasing && !book.owed && !book.lock_owed &&
           book.accepted_at <= read->sent;
}

// Rows that were not asked for are a page of something else.
bool Books::is_to_be_told(const Context& context) const {
    if (!counts(context.read)) return false;
    const Request& read = *context.read;
    if (read.shown.page.mmp > 0) return true;
    return read.call.what == PrivateRequest::mmp_orders && read.shown.page.others == 0;
}

void Books::judge_orders_told(const Step& step, const Context& context) {
    must(std::any_of(step.events.begin(), step.events.end(),
                     [&](const Event& event) {
                         return event.kind == EventKind::orders_read &&
                                event.family == context.read->call.family;
                     }),
         13, "a read of orders counts for nothing");
}

// ---- Orders -------------------------------------------------------------------------------------

void Books::read_orders(const Event& event, const Context& context) {
    const Request* read = context.read;
    must(read != nullptr && read->reads_orders() && read->call.family == event.family, 13,
         "orders are told that nobody has read");
    const Shown& shown = read->shown;
    must(shown.has_facts && event.value == shown.page.mmp, 13,
         "other orders are told than the exchange has shown");
    FamilyBook& book = family(event.family);
    must(book.latched && !book.releasing && !book.owed && !book.lock_owed, 13,
         "a read counts for a family that is to be cancelled, or armed");
    must(read->sent >= book.accepted_at, 13, "a read counts that began before the acceptance");
    if (shown.page.mmp > 0) return demand_by_read(event.family, context.now);
    must(shown.page.others == 0, 13, "a page of other orders counts as none of these");
    book.empty_reads.push_back({read->link, read->sent, context.now, shown});
}

// The recorded cause of another cancel, as of a trip.
void Books::demand_by_read(FamilyId id, Time now) {
    FamilyBook& book = family(id);
    seen_->note(book.verified ? Seen::orders_found_once_verified : Seen::orders_found);
    if (!book.verified && book.empty_reads.size() == 1) {
        seen_->note(Seen::orders_found_by_second_read);
        if (book.empty_reads.back().shown.hides) seen_->note(Seen::stale_order_found);
    }
    if (++book.found == 2) seen_->note(Seen::orders_found_twice);
    book.owed = book.by_read = true;
    book.owed_since = now;
    book.accepted_at = never;
    book.verified = false;
    book.empty_reads.clear();
    ++book.demand;
}

// ---- None any more ------------------------------------------------------------------------------

namespace {

// What a stale page excuses: with two links at most one of them is stale at a time, and shows its
// book as it was when it became so. So an order that had arrived before the first read was on one
// of both pages; one that arrived between them was on the second, if that was not stale. An account
// with one link may read the same old page twice.
Time sure_until(const FamilyBook::EmptyRead& first, const FamilyBook::EmptyRead& second,
                bool two_links) {
    if (!second.shown.is_stale()) return second.shown.at;
    return two_links ? first.shown.at : second.shown.as_of;
}

}  // namespace

void Books::read_verified(const Event& event, const Context& context) {
    FamilyBook& book = family(event.family);
    must(book.empty_reads.size() >= 2, 13, "verified without two reads that show no order");
    const FamilyBook::EmptyRead& first = book.empty_reads[book.empty_reads.size() - 2];
    const FamilyBook::EmptyRead& second = book.empty_reads.back();
    must(second.sent >= first.told + reads_apart, 13, "verified by two reads at one moment");
    const AccountId account = context.plan.families[index(event.family)].account;
    const bool two_links = context.plan.accounts[index(account)].links > 1;
    must(!two_links || first.link != second.link, 13, "verified by two reads on one link");
    must(!context.exchange.orders(event.family)
              .rests_from_before(sure_until(first, second, two_links), context.now),
         13, "verified, and an MMP order rests that had arrived before");
    seen_->note(two_links ? Seen::verified : Seen::verified_by_one_link);
    if (book.restored) seen_->note(Seen::verified_after_restart);
    book.verified = true;
}

// Those that a mass-cancel leaves. They are read page by page, while more are placed.
void Books::read_rest(const Event& event, const Context& context) {
    const FamilyBook& book = family(event.family);
    must(book.verified && context.read != nullptr, 13, "other orders are told that nobody counted");
    must(!context.plan.families[index(event.family)].cancel_rest, 14,
         "other orders are only counted, and were to be cancelled");
    const Time since = book.empty_reads.back().told;
    const OrderBook& orders = context.exchange.orders(event.family);
    const AccountId account = context.plan.families[index(event.family)].account;
    const auto told = static_cast<std::size_t>(event.value);
    must(told <= orders.others(context.now), 13, "more other orders are told than rest");
    must(told >= orders.others_left(since, context.now) ||
             context.exchange.fresh_since(account) > since,
         13, "fewer other orders are told than rest");
    seen_->note(Seen::others_counted);
}

// ---- Other orders, where they are to be cancelled too -------------------------------------------

bool is_rest_owed(const FamilyBook& book, const FamilySpec& spec) {
    return spec.cancel_rest && book.latched && !book.releasing && !book.owed && !book.lock_owed &&
           book.verified && !book.rest_known;
}

void Books::note_others_shown(const Context& context) {
    if (!counts(context.read) || context.read_before > 0) return;
    const Request& read = *context.read;
    FamilyBook& book = family(read.call.family);
    if (read.call.what != PrivateRequest::all_orders) return;
    const auto& ids = read.shown.page.ids_of_others;
    book.shown_ids.insert(ids.begin(), ids.end());
    if (read.shown.page.mmp > 0) return;
    if (!ids.empty() && book.none_reads.size() == 1) seen_->note(Seen::rest_order_anew);
    if (!ids.empty()) return book.none_reads.clear();
    if (read.shown.hides_others) seen_->note(Seen::rest_hidden);
    book.none_reads.push_back({read.link, read.sent, context.now, read.shown});
}

void Books::read_rest_cancelled(const Event& event, const Context& context) {
    const Request* read = context.read;
    must(read != nullptr && read->call.what == PrivateRequest::cancel_orders &&
             read->call.family == event.family,
         14, "orders are told to be cancelled that nobody wanted cancelled");
    const Shown& shown = read->shown;
    must(event.value == (shown.has_facts ? shown.batch.accepted : 0), 14,
         "more orders are told to be cancelled than the exchange took, or fewer");
}

// As for verified: what had arrived before the second read is gone.
void Books::judge_none_left(FamilyId id, const Context& context) {
    FamilyBook& book = family(id);
    const FamilyReads& reads = context.engine.reads(id);
    const bool was_known = std::exchange(book.rest_known, reads.rest_known);
    const FamilySpec& spec = context.plan.families[index(id)];
    if (!spec.cancel_rest || was_known || !reads.rest_known) return;
    must(book.none_reads.size() >= 2, 14, "no other order is left, and no two reads have shown it");
    const FamilyBook::EmptyRead& first = book.none_reads[book.none_reads.size() - 2];
    const FamilyBook::EmptyRead& second = book.none_reads.back();
    must(second.sent >= first.told + reads_apart, 14,
         "no other order is left, by two reads at one moment");
    const bool two_links = context.plan.accounts[index(spec.account)].links > 1;
    must(!two_links || first.link != second.link, 14,
         "no other order is left, by two reads on one link");
    must(reads.rest == 0 && !context.exchange.orders(id).other_rests_from_before(
                                sure_until(first, second, two_links), context.now),
         14, "no other order is left, it is said, and one rests that had arrived before");
    seen_->note(Seen::rest_none);
}

void Books::read_mmp(const Event& event, const Context& context) {
    const Request* read = context.read;
    must(read != nullptr && read->call.what == PrivateRequest::mmp_config &&
             read->call.family == event.family && read->shown.has_facts,
         13, "settings are told that nobody has read");
    const MmpFacts& facts = read->shown.mmp;
    const Mmp mmp = facts.frozen ? Mmp::frozen : facts.on ? Mmp::on : Mmp::off;
    must(event.mmp == mmp, 13, "other settings are told than the exchange has shown");
    seen_->note(Seen::mmp_told);
}

}  // namespace scram::sim
