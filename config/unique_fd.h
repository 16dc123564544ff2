#pragma once

#include <unistd.h>

#include "core/base/unique_handle.h"

namespace scram {

using UniqueFd = UniqueHandle<::close, -1>;  // net/ and config/, which do not know each other

}  // namespace scram
