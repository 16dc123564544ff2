#include "daemon/scramctl/watch.h"

#include <fmt/format.h>

#include <cerrno>
#include <chrono>
#include <cstdio>
#include <memory>
#include <system_error>
#include <thread>

#include "daemon/scramctl/connection.h"
#include "daemon/scramctl/exit.h"
#include "daemon/scramctl/status_text.h"
#include "daemon/scramctl/trip.h"

namespace scram {
namespace {

std::unique_ptr<ControlClient> connect_again(const std::string& socket) {
    for (;;) {
        std::this_thread::sleep_for(std::chrono::milliseconds(200));
        try {
            return std::make_unique<ControlClient>(socket);
        } catch (const Unreachable&) {  // not yet
        }
    }
}

// How things stand, then what happens; until scramd ends.
int follow(ControlClient& client, bool json) {
    if (!json) fmt::print("{}", state_text(client.ask(request("status")).root()));
    const Reply answer = client.ask(request("watch"));
    if (!answer.ok()) return report_refusal(answer, json);
    std::string line;
    do {
        if (!line.empty()) fmt::print("{}\n", json ? line : event_text(line));
        if (std::fflush(stdout) != 0) throw std::system_error(errno, std::generic_category());
    } while (client.next_line(line));
    return unreachable;
}

}  // namespace

// A restart is no end: whoever watches a kill switch wants to see it come back.
int watch_events(const std::string& socket, bool json) {
    auto client = std::make_unique<ControlClient>(socket);
    for (bool again = false;; again = true) {
        try {
            if (const int code = follow(*client, json); code != unreachable) return code;
        } catch (const Unreachable&) {
            if (!again) throw;  // else it was about to end
        }
        fmt::print(stderr, "scramctl: scramd has closed the connection; connecting again\n");
        client = connect_again(socket);
    }
}

}  // namespace scram
