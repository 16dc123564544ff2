// The other end of the control socket, for scramctl: a line out, a line in, blocking.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "daemon/common/json.h"
#include "daemon/scramctl/reply.h"

namespace scram {

// A request of this version, to which its fields are added.
JsonObject request(std::string_view op);

// Each throws Unreachable, which names the socket and what happened.
class ControlClient {
  public:
    explicit ControlClient(const std::string& path);
    ~ControlClient();
    ControlClient(const ControlClient&) = delete;
    ControlClient& operator=(const ControlClient&) = delete;

    Reply ask(const JsonObject& request);
    // The second line of an answer that has "waiting": at most so long after the first.
    Reply outcome(std::chrono::milliseconds at_most);
    // The next line, whenever it comes. False: scramd has closed the connection.
    bool next_line(std::string& line);

  private:
    enum class Read { line, closed, timeout };
    Read read_line(std::string& line);
    Reply answer_within(std::chrono::milliseconds at_most);
    void set_timeout(std::chrono::milliseconds timeout) const;

    std::string path_;
    int fd_ = -1;
    std::string buffer_;
};

}  // namespace scram
