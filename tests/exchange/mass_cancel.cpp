// POST /api/v5/trade/mass-cancel.
#include <variant>

#include "tests/exchange/codes.h"
#include "tests/exchange/endpoint.h"
#include "tests/exchange/parameters.h"

namespace scram::okxsim {

Answer answer_mass_cancel(const Call& call) {
    const auto parsed = parse_mass_cancel(call.request, call.families);
    if (const Answer* refusal = std::get_if<Answer>(&parsed)) return *refusal;
    const Account& account = call.seat.account;
    if (!account.mass_cancel) return refuse("50038");
    if (account.mode != portfolio_margin) return refuse("51010");
    if (!account.mmp) return refuse("51411");
    const MassCancel& cancel = std::get<MassCancel>(parsed);
    if (cancel.lock > cancel.lock.zero() && !account.lock_code.empty()) {
        return refuse(account.lock_code);
    }
    const auto cancelled = call.seat.book.mass_cancel(cancel.family, cancel.lock, call.now.mono);
    if (cancelled == 0 && !account.empty_code.empty()) return refuse(account.empty_code);
    return succeed(R"([{"result":true}])");
}

}  // namespace scram::okxsim
