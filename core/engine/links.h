// The links to the exchange, as the engine sees them: one is down, idle, or busy with one request.
// Everything that changes a link is a transition of LinkState, and each checks that it was due.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "core/base/check.h"
#include "core/base/names.h"
#include "core/engine/budget.h"
#include "core/engine/read_budget.h"
#include "core/engine/round_trip.h"
#include "core/model/call.h"
#include "core/model/plan.h"

namespace scram {

enum class LinkPhase : std::uint8_t { down, idle, rehearsing, firing, calling };
inline constexpr std::array<std::string_view, 5> link_phase_names = {"down", "warm", "rehearsing",
                                                                     "firing", "calling"};
static_assert(names_all<LinkPhase>(link_phase_names));
inline std::string_view name(LinkPhase phase) {
    return name_in(link_phase_names, phase);
}

// One mass-cancel on the wire.
struct Attempt {
    AttemptId id{};
    FamilyId family = none<FamilyId>();
    std::uint32_t round = 0;  // of its family's switch
    milliseconds lock{};
    bool certain = false;  // sent when no shorter lock of its family could still begin
    Budget::Slot slot{};
};

class LinkState {
  public:
    explicit LinkState(AccountId account) : account_(account) {}

    AccountId account() const { return account_; }
    LinkPhase phase() const { return phase_; }
    // In flight; or if it is firing no more, the one that was.
    const Attempt& attempt() const { return attempt_; }
    const Call& call() const { return call_; }
    ReadBudget::Slot call_slot() const { return call_slot_; }
    Time sent() const { return sent_; }
    Time deadline() const { return deadline_; }      // busy: when its answer is overdue
    Time down_since() const { return down_since_; }  // the next connection began after this

    void came_up();
    void fire(const Attempt& attempt, Time now, Duration patience) {
        begin(LinkPhase::firing, now, patience);
        attempt_ = attempt;
    }
    void call(const Call& call, ReadBudget::Slot slot, Time now, Duration patience) {
        begin(LinkPhase::calling, now, patience);
        call_ = call;
        call_slot_ = slot;
    }
    // It could not be sent.
    void not_called();
    void rehearse(Time now, Duration patience) { begin(LinkPhase::rehearsing, now, patience); }
    // `stays` is false if the connection ends with its answer.
    void answered(bool stays, Time now);
    void went_down(Time now);
    // Its answer is overdue: it is reset, so that nothing of it can arrive later.
    void abort(Time now);
    // At a start: what a process before this one had on it ended before `now`.
    void restore(Time now);

  private:
    void begin(LinkPhase phase, Time now, Duration patience) {
        check(phase_ == LinkPhase::idle, "a request leaves on an idle link");
        phase_ = phase;
        sent_ = now;
        deadline_ = now + patience;
    }

    AccountId account_;
    LinkPhase phase_ = LinkPhase::down;
    Attempt attempt_;
    Call call_;
    ReadBudget::Slot call_slot_{};
    Time sent_{};
    Time deadline_ = never;
    Time down_since_{};
};

class Links {
  public:
    explicit Links(const Plan& plan);

    std::size_t size() const { return links_.size(); }
    LinkState& operator[](LinkId id) { return links_[index(id)]; }
    const LinkState& operator[](LinkId id) const { return links_[index(id)]; }

    std::span<const LinkId> of(AccountId id) const { return accounts_[index(id)].links; }
    LinkId idle(AccountId id) const {
        for (const LinkId link : of(id)) {
            if (links_[index(link)].phase() == LinkPhase::idle) return link;
        }
        return none<LinkId>();
    }
    std::size_t count(AccountId id, LinkPhase phase) const;
    // When the first answer is overdue.
    Time next_deadline() const;

    // An answer has come back on it: before the link goes on.
    void measure(LinkId id, Time now);
    const RoundTrip& round_trip(AccountId id) const { return accounts_[index(id)].round_trip; }

    // Each attempt in flight for a family, by its link.
    template <class Visit>
    void for_each_attempt(AccountId account, FamilyId family, Visit&& visit) const {
        for (const LinkId id : of(account)) {
            const LinkState& link = links_[index(id)];
            if (link.phase() == LinkPhase::firing && link.attempt().family == family) visit(link);
        }
    }

    // Reads what a kill reads, of each table one row a turn.
    void touch(std::size_t turn) const;

  private:
    struct Account {
        std::vector<LinkId> links;
        RoundTrip round_trip;
    };
    std::vector<Account> accounts_;
    std::vector<LinkState> links_;
};

}  // namespace scram
