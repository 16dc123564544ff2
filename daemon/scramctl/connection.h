// The other end of the control socket, for scramctl: a line out, a line in, blocking.
#pragma once

#include <string>
#include <string_view>

namespace scram {

class ControlClient {
  public:
    // Throws std::runtime_error that names the socket and what to do.
    explicit ControlClient(const std::string& path);
    ~ControlClient();
    ControlClient(const ControlClient&) = delete;
    ControlClient& operator=(const ControlClient&) = delete;

    // Throws std::runtime_error if scramd closes the connection, or says nothing for `timeout_s`
    // seconds.
    std::string ask(std::string_view line, int timeout_s = 5);
    // The next line, whenever it comes. False: scramd has closed the connection.
    bool next_line(std::string& line);

  private:
    void set_timeout(int seconds);

    std::string path_;
    int fd_ = -1;
    std::string buffer_;
};

}  // namespace scram
