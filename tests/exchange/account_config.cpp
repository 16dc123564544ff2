// GET /api/v5/account/config: whose key this is, and what it may do.
#include <fmt/format.h>

#include "tests/exchange/codes.h"
#include "tests/exchange/endpoint.h"

namespace scram::okxsim {

Answer answer_account_config(const Call& call) {
    const Account& account = call.seat.account;
    const std::string uid = json_string(account.uid);
    return succeed(fmt::format(
        R"([{{"acctLv":"{}","acctStpMode":"cancel_maker","autoLoan":false,)"
        R"("ctIsoMode":"automatic","enableSpotBorrow":false,"feeType":"0","greeksType":"PA",)"
        R"("ip":{},"kycLv":{},"label":{},"level":"Lv1","levelTmp":"","liquidationGear":"-1",)"
        R"("mainUid":{},"mgnIsoMode":"automatic","opAuth":"0","perm":{},"posMode":"net_mode",)"
        R"("roleType":"0","settleCcy":"","settleCcyList":[],"spotBorrowAutoRepay":false,)"
        R"("spotOffsetType":"","spotRoleType":"0","spotTraderInsts":[],"stgyType":"0",)"
        R"("traderInsts":[],"type":"0","uid":{}}}])",
        account.mode, json_string(account.ip), json_string(account.kyc), json_string(account.name),
        uid, json_string(account.perm), uid));
}

}  // namespace scram::okxsim
