// When each link is rehearsed. A rehearsal takes the very path of a cancel: it proves the link,
// measures its round trip, reads the exchange's clock, and is a sign of life that frees slots which
// were lost.
#pragma once

#include <cstdint>
#include <vector>

#include "core/engine/accounts.h"
#include "core/engine/cancels.h"
#include "core/engine/links.h"
#include "core/model/events.h"
#include "core/model/plan.h"

namespace scram {

class Rehearsals {
  public:
    Rehearsals(const Plan& plan, const Accounts& accounts, Links& links, const Cancels& cancels);

    void link_came_up(LinkId id, Time now);
    void answered(LinkId id, bool good, bool link_stays, Time now);
    // Its link is down already.
    void lost(LinkId id);

    // A sign of life that frees a slot goes first; else the link that waits longest, so that with
    // more of them than there is time for, each has its turn.
    void begin_due(Time now, Step& step);
    // On `id`, or if that is no more, on any that is idle: the exchange's time is wanted.
    void ask_for_time(LinkId id, Time now, Step& step);
    Time next_deadline(Time now) const;

    // In a row: lost with their link, or answered without the time.
    std::uint32_t failed(AccountId id) const { return failed_[index(id)]; }

  private:
    struct Turn {
        Time at{};               // idle: when the next is due
        std::uint32_t lost = 0;  // in a row: the connection ended with each
        bool loses() const { return lost > 1; }
    };
    LinkId next_due(Time now) const;
    Time due_at(LinkId id) const;
    bool is_last_up(LinkId id) const;
    bool may_begin(AccountId id, Time now) const;
    void begin(LinkId id, Time now, Step& step);

    const Plan& plan_;
    const Accounts& accounts_;
    Links& links_;
    const Cancels& cancels_;
    std::vector<Turn> turns_;            // by link
    std::vector<std::uint32_t> failed_;  // by account: in a row, on all its links
    Time next_{};                        // of any link, not before
};

}  // namespace scram
