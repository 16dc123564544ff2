// A family's other orders, where the plan has them cancelled by their ids once it is verified.
#include <algorithm>

#include "tests/sim/violation.h"
#include "tests/sim/world.h"

namespace scram::sim {

// As daemon/loop/driver_upkeep.cpp: those that the engine names as it asks for the call.
void World::take_ids(Request& request) const {
    const FamilyId id = request.call.family;
    const FamilyBook& book = books_.family(id);
    must(plan_.families[index(id)].cancel_rest, 14, "other orders are cancelled unasked");
    must(book.latched && !book.releasing && book.verified, 14,
         "other orders are cancelled of a family that is not latched, or not verified");
    for (const OrderRef& order : engine_->to_cancel(id)) {
        must(book.shown_ids.count(order.ord_id) == 1, 14,
             "an order is cancelled that no read of its family has shown while it is latched");
        request.ids.push_back(order.ord_id);
    }
    must(!request.ids.empty() && request.ids.size() <= cancel_orders_max, 14,
         "a call cancels no order, or more than it may");
    if (request.ids.size() == cancel_orders_max) seen_.note(Seen::rest_batch_full);
}

// The next follows at once, or after a pause.
void World::rest_call_ends(const Call& its) {
    if (its.what != PrivateRequest::all_orders && its.what != PrivateRequest::cancel_orders) return;
    rest_again_[index(its.family)] = now_ + std::max<Duration>(plan_.timings.retry_max, 200ms);
}

bool World::is_rest_to_be_cancelled(FamilyId id) const {
    return plan_.reads && is_rest_owed(books_.family(id), plan_.families[index(id)]);
}

void World::check_rest_goes_on() {
    for (std::size_t f = 0; f < plan_.families.size(); ++f) {
        if (is_rest_to_be_cancelled(id_at<FamilyId>(f))) check_rest_goes_on(id_at<FamilyId>(f));
    }
    note_rest();
}

void World::check_rest_goes_on(FamilyId id) const {
    constexpr std::size_t batches_max = 7;
    const FamilyBook& book = books_.family(id);
    const AccountId account = plan_.families[index(id)].account;
    for (std::size_t l = 0; l < wires_.size(); ++l) {
        const auto link = id_at<LinkId>(l);
        const bool calls = engine_->phase(link) == LinkPhase::calling;
        if (calls && engine_->call(link).family == id &&
            engine_->call(link).what != PrivateRequest::mmp_config)
            return;
    }
    const Time wanted = std::max(book.empty_reads.back().told, rest_again_[index(id)]);
    if (wanted > now_ || cancel_is_due(account) || !has_reads_left(account)) return;
    const auto batches = spent_of_late(account, [](const Request& its) {
        return its.is_call && its.call.what == PrivateRequest::cancel_orders;
    });
    const bool two_links = plan_.accounts[index(account)].links > 1;
    const bool is_second = book.none_reads.size() == 1 && two_links;
    const LinkId but = is_second ? book.none_reads.back().link : none<LinkId>();
    must(batches >= batches_max || !may_read_on(account, but), 14,
         "other orders are to be cancelled, a link is idle, and nothing is asked");
}

void World::note_rest() {
    if (read_ && requests_[*read_].call.what == PrivateRequest::cancel_orders) {
        if (!requests_[*read_].shown.has_facts) seen_.note(Seen::rest_answer_without_facts);
    }
    for (const Wire& its : wires_) {
        if (!its.up || !calls_on(its)) continue;
        const Request& request = requests_[its.request];
        if (request.ids.empty() || request.sent == now_) continue;
        const FamilyId family = request.call.family;
        if (books_.family(family).tripped_at == now_) seen_.note(Seen::trip_while_cancelling_rest);
        for (const Event& event : step_.events) {
            if (event.kind == EventKind::rearmed && event.family == family)
                seen_.note(Seen::rearm_while_cancelling_rest);
        }
    }
}

}  // namespace scram::sim
