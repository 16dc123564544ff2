// The records of requests and their answers, as they pass a source's socket.
#pragma once

#include <optional>
#include <span>
#include <string_view>

#include "core/signal.h"

namespace scram {

// A request's name: up to its NUL, which must be there.
std::optional<std::string_view> name_of(const scram_signal& request);

scram_signal answer_of(scram_kind kind);

// One message: a record, its text and at most two descriptors. Lost if the peer does not read.
void send_message(int socket, const scram_signal& record, std::string_view text,
                  std::span<const int> fds = {});

}  // namespace scram
