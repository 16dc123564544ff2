// Looks at the exchange's book that an operator asks for: how many MMP orders of a family rest now,
// as before a drill. One page is counted. A look waits while anything of its account is cancelled
// or verified, takes none of its last idle links, and has a limit of its own beside that of reads
// which verify; and a trip of the family ends it.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "core/base/names.h"
#include "core/engine/calls.h"
#include "core/engine/kill_switch.h"
#include "core/engine/links.h"
#include "core/engine/verification.h"
#include "core/model/events.h"
#include "core/model/plan.h"
#include "core/okx/account_answers.h"

namespace scram {

// So long a look waits for its turn.
inline constexpr Duration look_patience = 10s;

enum class LookState : std::uint8_t {
    none,       // nobody has asked
    waiting,    // for its turn
    asked,      // in flight
    told,       // the exchange has said how many rest
    not_told,   // it has answered something else: `answer`
    no_answer,  // lost, overdue, or never sent for want of a signature
    no_link,    // no turn in time; at once where the account has one link, or there are no reads
    tripped,    // a trip of the family came before
};
inline constexpr std::array<std::string_view, 8> look_state_names = {
    "nobody has asked",          "no turn for it yet",
    "asked, and no answer yet",  "told",
    "the exchange did not tell", "no answer",
    "no link to spare for it",   "a trip came before"};
static_assert(names_all<LookState>(look_state_names));
inline std::string_view name(LookState state) {
    return name_in(look_state_names, state);
}

// The last of a family, under way or over.
struct OrdersLook {
    LookState state = LookState::none;
    std::uint32_t orders = 0;  // told: MMP orders that rest
    bool more = false;         // told: and there may be more of them
    Time at{};                 // over: since then
    Answer answer{};           // told, not_told
    TripId trip{};             // the family's last, as it was asked for
    Time until{};              // waiting: at most
};
constexpr bool is_under_way(const OrdersLook& look) {
    return look.state == LookState::waiting || look.state == LookState::asked;
}

class Looks {
  public:
    Looks(const Plan& plan, const std::vector<KillSwitch>& switches, Links& links,
          const Verification& verification, ExchangeCalls& calls);

    // One that is under way is shared.
    void ask(std::span<const FamilyId> families, Time now);
    // Behind all others that make calls. Ends those that a trip or the time has overtaken.
    void begin_due(Time now, Step& step);
    void told(LinkId id, const Told<OrdersPage>& told, Time now, Step& step);
    // Of the link's call there is no answer.
    void no_answer(LinkId id, Time now, Step& step);
    Time next_deadline(Time now) const;

    const OrdersLook& of(FamilyId id) const { return looks_[index(id)]; }

  private:
    void find_turns();
    void begin(FamilyId id, Time now, Step& step);
    // The call on the link is over. Null: its look had ended before.
    OrdersLook* take_back(LinkId id);
    void end(FamilyId id, LookState state, LinkId link, Time now, Step& step);

    const Plan& plan_;
    const std::vector<KillSwitch>& switches_;
    Links& links_;
    const Verification& verification_;
    ExchangeCalls& calls_;
    std::vector<OrdersLook> looks_;  // by family
    std::vector<bool> calling_;      // by account: one at a time
    std::vector<bool> has_turn_;     // by account, as find_turns() found it
    std::size_t under_way_ = 0;
};

}  // namespace scram
