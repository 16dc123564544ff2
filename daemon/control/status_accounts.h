// Of the status: an account with its budget, key and links.
#pragma once

#include <string>

#include "daemon/loop/driver.h"

namespace scram {

std::string account_json(const Driver& driver, AccountId id, Time now);
// The timer of cancel-all-after: of an account that has one, or had one that is not ended yet.
bool has_dead_man(const Engine& engine, AccountId id);
std::string dead_man_json(const Engine& engine, AccountId id, Time now);

}  // namespace scram
