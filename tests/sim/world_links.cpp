// The network: connections that come and go, and bytes that take their time, or never arrive.
#include <algorithm>

#include "tests/sim/violation.h"
#include "tests/sim/world.h"

namespace scram::sim {

Duration World::way() {
    const Duration fair = network_.between(scenario_.way / 2, scenario_.way);
    if (strikes(Fault::jitter, 4, network_))
        return fair + network_.up_to(network_.one_in(3) ? 700ms : 80ms);
    return fair;
}

// ---- Connections --------------------------------------------------------------------------------

void World::connect(LinkId link) {
    Duration takes = 3 * way() + network_.up_to(60ms);
    if (strikes(Fault::stalled, 12, network_)) {
        takes += network_.up_to(3s);
        seen_.note(Seen::stalled_connect);
    }
    const Time finished = std::max(now_ + takes, stands_until_ + way());
    plan(finished, What::link_up, static_cast<std::uint32_t>(index(link)), ++wire(link).connection);
}

void World::link_up(LinkId link) {
    if (!engine_) return;
    Wire& its = wire(link);
    if (now_ < stands_until_) {  // its handshake goes on when the exchange does
        plan(stands_until_ + way(), What::link_up, static_cast<std::uint32_t>(index(link)),
             its.connection);
        return;
    }
    if (engine_->phase(link) == LinkPhase::calling) read_ends(engine_->call(link));
    its = {true, true, false, false, false, its.connection, none_in_flight, now_, Time{}};
    trace_.say(now_, "link {} is up", index(link));
    step(Input::link, [&] { engine_->on_link_up(link, now_, step_); });
}

// The connection is gone; the loop reads of it a moment later, and sends nothing until then.
void World::lose(LinkId link) {
    Wire& its = wire(link);
    if (!its.up) return;
    if (its.request != none_in_flight && requests_[its.request].mass_cancel)
        seen_.note(Seen::link_down_in_flight);
    note_call_lost(its, Seen::read_lost);
    drop_under_way(link);
    its.up = false;
    plan(now_ + network_.up_to(2ms), What::link_told, static_cast<std::uint32_t>(index(link)),
         its.connection);
}

void World::tell_lost(LinkId link) {
    if (!engine_) return;
    Wire& its = wire(link);
    trace_.say(now_, "link {} is down", index(link));
    const Taken how = taken(link);
    count_lost(link, how);
    if (engine_->phase(link) == LinkPhase::calling) read_ends(engine_->call(link));
    its.up = its.told_up = its.aborted = its.closed = false;
    its.request = none_in_flight;
    step(Input::link, [&] { engine_->on_link_down(link, now_, step_, how); });
    if (strikes(Fault::twice, 6, network_)) {
        seen_.note(Seen::link_event_twice);
        step(Input::link, [&] { engine_->on_link_down(link, now_, step_); });
    }
    connect(link);
}

// The exchange ends them; this host reads of it a way later, and what it sends meanwhile is not
// taken.
void World::close_all(AccountId account) {
    if (!engine_ || healed_at_ != never || now_ < stands_until_) return;
    seen_.note(Seen::closed_all);
    trace_.say(now_, "exchange: closes all links of account {}", index(account));
    closings_[index(account)].push_back(now_);
    for (std::size_t l = 0; l < wires_.size(); ++l) {
        if (engine_->account_of(id_at<LinkId>(l)) != account || !wires_[l].up) continue;
        wires_[l].closed = true;
        plan(now_ + way(), What::link_lost, static_cast<std::uint32_t>(l), wires_[l].connection);
    }
}

// What the kernel knows for certain of the request in flight on a link that has ended; that it was
// taken it never does.
Taken World::taken(LinkId link) {
    Wire& its = wire(link);
    if (its.aborted || engine_->phase(link) != LinkPhase::firing) return Taken::unknown;
    const bool is_sent = its.request != none_in_flight;
    const auto is_taken = [](const Request& request) {
        return request.arrived || request.buffered || request.at_edge;
    };
    const bool never_came = !is_sent || (its.closed && !is_taken(requests_[its.request]));
    if (!never_came) return Taken::unknown;
    seen_.note(Seen::not_taken);
    return Taken::nothing;
}

// What became of the slot of the attempt that was in flight on a link, maybe not even sent.
void World::count_lost(LinkId link, Taken how) {
    if (engine_->phase(link) != LinkPhase::firing) return;
    const auto request = std::find_if(requests_.rbegin(), requests_.rend(),
                                      [link](const Request& its) { return its.link == link; });
    auto& fires = fires_[index(engine_->account_of(link))];
    const auto fired = std::find_if(fires.begin(), fires.end(), [&](const Fired& its) {
        return its.attempt == request->attempt;
    });
    if (how == Taken::nothing) {
        fires.erase(fired);
    } else {
        fired->lost_at = now_;
    }
}

// Bytes of a connection that has ended: most never arrive, some do, up to `guard` later.
void World::drop_under_way(LinkId link) {
    const Wire& its = wire(link);
    if (its.request == none_in_flight) return;
    Request& request = requests_[its.request];
    if (request.arrived || request.buffered) return;
    request.arrives_at = never;
    const Duration guard = plan_.accounts[index(request.account)].budget.guard;
    const Duration later = network_.up_to(guard);
    if (!strikes(Fault::late_bytes, 2, network_) || its.closed) return;
    request.arrives_at = now_ + later;
    plan(request.arrives_at, What::arrival, its.request);
}

// ---- Requests and answers -----------------------------------------------------------------------

void World::send(Request request) {
    Wire& its = wire(request.link);
    if (!its.up) {
        // Lost a moment ago: nothing is sent, and the engine is told soon.
        seen_.note(Seen::not_sent_link_lost);
        requests_.push_back(request);
        return;
    }
    must(its.request == none_in_flight, 6, "two requests are in flight on one link");
    const auto id = static_cast<std::uint32_t>(requests_.size());
    its.request = id;
    request.connection = its.connection;
    request.sent = now_;
    const bool lost = strikes(Fault::lost_request, 16, network_);
    if (strikes(Fault::half_open, 30, network_)) {
        its.half_open = true;
        seen_.note(Seen::half_open);
    }
    const Duration takes = way();
    if (!lost && !its.half_open) request.arrives_at = now_ + takes;
    requests_.push_back(request);
    if (request.arrives_at != never) plan(request.arrives_at, What::arrival, id);
}

void World::arrive(std::uint32_t id) {
    Request& request = requests_[id];
    if (request.arrives_at != now_ || request.arrived) return;
    const Wire& at = wire(request.link);
    const bool is_taken = request.buffered || request.at_edge;
    if (at.closed && at.connection == request.connection && !is_taken) {
        request.arrives_at = never;  // answered by a RST
        return;
    }
    if (now_ < stands_until_ && !request.buffered) {
        request.buffered = true;
        request.arrives_at = stands_until_ + network_.up_to(2ms);
        plan(request.arrives_at, What::arrival, id);
        return;
    }
    // Not simulated: an exchange that stands still behind a proxy that goes on.
    const bool by_edge = strikes(Fault::wrong_answer, 20, network_) && request.mass_cancel &&
                         !scenario_.faults.has(Fault::standing);
    const bool reachable = at.up && at.request == id && at.connection == request.connection;
    if (by_edge && reachable && !request.at_edge) return answer_at_edge(id);
    exchange_.arrive(request, now_, healed_at_ != never);
    trace_.say(now_, "exchange: {} of family {} arrives{}",
               request.mass_cancel ? "attempt"
               : request.is_call   ? "call"
                                   : "rehearsal",
               index(request.is_call ? request.call.family : request.family),
               request.executed ? ", is executed" : "");
    if (request.is_call && request.call.what == PrivateRequest::cancel_all_after)
        await_timer(request.account);
    if (request.executed && engine_)
        must(request.lock >= books_.family(request.family).lock_told, 10,
             "told accepted, and a shorter lock takes the place of what the trips want");
    if (request.at_edge) return;
    if (!reachable) {
        seen_.note(Seen::arrival_after_abort);
        return;
    }
    Duration takes = network_.up_to(answer_max) + way();
    if (strikes(Fault::slow_answer, 14, network_)) takes += network_.up_to(1500ms);
    if (strikes(Fault::lost_answer, 20, network_) || at.half_open) return;
    request.answer_at = now_ + takes;
    plan(request.answer_at, What::answer, id);
}

// The exchange gets it later: up to `guard` after the answer.
void World::answer_at_edge(std::uint32_t id) {
    Request& request = requests_[id];
    seen_.note(Seen::answer_of_edge);
    request.at_edge = true;
    request.reply = &exchange_.reply_of_edge();
    request.answer_at = now_ + network_.up_to(answer_max) + way();
    plan(request.answer_at, What::answer, id);
    const Duration guard = plan_.accounts[index(request.account)].budget.guard;
    request.arrives_at = request.answer_at + network_.up_to(guard);
    plan(request.arrives_at, What::arrival, id);
}

// As daemon/loop/driver.cpp: what the engine has given up a moment ago is dropped.
void World::answer(std::uint32_t id) {
    Request& request = requests_[id];
    if (!engine_) return;
    Wire& its = wire(request.link);
    if (its.connection != request.connection || its.request != id) return;
    if (its.aborted) seen_.note(Seen::answer_after_abort);
    if (!its.up || its.aborted || its.half_open) return;
    its.request = none_in_flight;
    const bool stays = !strikes(Fault::closing, 14, network_);
    if (!stays) seen_.note(Seen::link_closed_with_answer);
    if (!stays) lose(request.link);
    const LinkPhase phase = engine_->phase(request.link);
    must(phase == (request.mass_cancel ? LinkPhase::firing
                   : request.is_call   ? LinkPhase::calling
                                       : LinkPhase::rehearsing),
         6, "the engine has forgotten what is in flight on a link");
    if (request.is_call) return answer_call(id, stays);
    if (!request.mass_cancel) return answer_rehearsal(request, stays);
    trace_.say(now_, "answer to family {}: http {} code {}", index(request.family),
               request.reply->http, static_cast<std::int32_t>(request.reply->read.code));
    const Answer read = request.reply->read;
    step(Input::answer, [&] { engine_->on_answer(request.link, read, now_, step_, stays); });
}

void World::answer_rehearsal(Request& request, bool stays) {
    if (request.time_told) {
        clock_->sample(request.sent, now_, request.time);
        clock_sampled_ = std::max(clock_sampled_, request.sent);
    }
    const bool good = request.time_told;
    const LinkId link = request.link;
    step(Input::answer, [&] {
        engine_->on_rehearsed(link, good, {AnswerClass::failed, good ? 200 : 503, no_code}, now_,
                              step_, stays);
    });
}

}  // namespace scram::sim
