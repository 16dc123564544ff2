// What scram-now has to say. Lanes only leave it here; the main thread prints it, so that a
// terminal or a log that takes nothing holds up no cancel.
#pragma once

#include <mutex>
#include <set>
#include <string>
#include <vector>

namespace scram {

class NowOutput {
  public:
    NowOutput();
    ~NowOutput();
    NowOutput(const NowOutput&) = delete;
    NowOutput& operator=(const NowOutput&) = delete;

    void say(std::string line);        // a result, for stdout
    void warn(std::string line);       // for stderr
    void warn_once(std::string line);  // unless the very same was told before
    void wake();                       // nothing to say, but something to look at

    int fd() const { return wake_fd_; }  // readable when there is something
    void print();                        // all of it; by one thread

  private:
    struct Line {
        bool is_result;
        std::string text;
    };
    void add(Line line);

    int wake_fd_;
    std::mutex mutex_;
    std::vector<Line> lines_;
    std::set<std::string> told_;
};

}  // namespace scram
