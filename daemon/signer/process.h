// The secrets live in processes without network. The keeper is forked before anything is opened;
// it reads the credentials, hands over what goes into headers, and forks the signer, which inherits
// the secrets and the socket. Its work then is to start another signer where one died and, where no
// service manager does so, to kill the process that started it if its loop has hung for 10 s. Both
// end with that process.
#pragma once

#include <sys/types.h>

#include <functional>
#include <string>
#include <variant>
#include <vector>

#include "config/credentials.h"
#include "core/model/plan.h"
#include "daemon/signer/loop_monitor.h"
#include "daemon/signer/protocol.h"
#include "net/unique_fd.h"

namespace scram {

// What the network process may know of an account's credentials: they are headers of each request.
struct AccountKey {
    std::string key;
    Secret passphrase;
};

// Its end of the line; SignerClient takes it over.
struct SignerLine {
    UniqueFd fd;
    pid_t keeper = -1;
    SignerHello hello{};
    std::vector<AccountKey> keys;  // by account
};

// Called in the keeper.
using LoadAccount = std::function<std::variant<Credentials, std::string>(AccountId)>;

// To be called before any thread and any descriptor is there that the signer should not have. The
// error has a line for each account whose credentials cannot be had.
// `watched`: the loop's heartbeat; null: somebody else watches it.
std::variant<SignerLine, std::string> start_signer(const Plan& plan, const LoadAccount& load,
                                                   const SharedHeartbeat* watched = nullptr);

}  // namespace scram
