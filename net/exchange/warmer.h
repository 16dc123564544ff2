// Keeps the kernel's way to the wire warm while there is nothing to send. A kill switch fires after
// minutes of silence, and by then caches and branch predictors have forgotten that way: a first
// send() costs many times what the next one does (bench/README.md has the figures). So a request's
// worth of bytes takes it every few milliseconds, over a connection of scramd's own to itself,
// which runs all but the device's part; and for that, where the operator names an address behind
// the device, one datagram to it.
//
// Threading: the loop's. Nothing here blocks.
#pragma once

#include <memory>
#include <string>
#include <variant>

#include "net/unique_fd.h"

namespace scram {

class Warmer {
  public:
    // `peer`: "192.0.2.1:9", "[2001:db8::1]:9", or empty. The error says what the kernel refused.
    static std::variant<std::unique_ptr<Warmer>, std::string> make(const std::string& peer);

    // Once along the way. What is lost on it does not matter.
    void exercise();

  private:
    Warmer() = default;

    UniqueFd from_, to_;  // a TCP connection over loopback, both ends of it
    UniqueFd peer_;       // a UDP socket
};

}  // namespace scram
