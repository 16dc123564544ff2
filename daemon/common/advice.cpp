#include "daemon/common/advice.h"

namespace scram {

std::string_view what_to_do(std::uint32_t code) {
    switch (code) {
        case 50101:
            return "set simulated_trading in [exchange] as the key is: for demo or for live "
                   "trading; then: systemctl restart scramd";
        case 50103:
        case 50104:
        case 50105:
        case 50106:
        case 50111:
        case 50113:
        case 50114:
            return "correct key, secret and passphrase in the account's credentials file; then: "
                   "systemctl restart scramd";
        case 50119:
            return "check that the key still exists at OKX, and that `host` in [exchange] is its "
                   "region's; then: systemctl restart scramd";
        case 50035:
        case 50110:
        case 50121:
            return "add this host's address to the addresses of the API key at OKX";
        case 50030:
        case 50120:
            return "give the API key the permission to trade at OKX";
        case 51000:
            return "compare the family's name with OKX's list of instruments; correct it in the "
                   "config, then: systemctl restart scramd";
        case 51010:
            return "switch the account to portfolio margin at OKX";
        case 51411:
            return "ask OKX for the privilege of mass cancellation (MMP) for this account";
        default:
            return "look the code up in OKX's documents, and ask OKX's support about this account";
    }
}

}  // namespace scram
