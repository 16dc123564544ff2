// What scram-now has to say. A thread of its own prints it, so that a terminal or a log that takes
// nothing holds up no cancel; where no thread is to be had, who says it prints it.
#pragma once

#include <condition_variable>
#include <deque>
#include <mutex>
#include <set>
#include <string>
#include <thread>

#include "daemon/scram_now/report.h"

namespace scram {

class NowOutput {
  public:
    explicit NowOutput(bool json);
    ~NowOutput();  // once all is printed
    NowOutput(const NowOutput&) = delete;
    NowOutput& operator=(const NowOutput&) = delete;

    bool json() const { return json_; }
    void say(std::string line) { add({true, std::move(line)}); }  // a result, for stdout
    void result(const NowResult& result) { say(json_ ? result_json(result) : result_text(result)); }
    void warn(std::string line) { add({false, std::move(line)}); }  // for stderr
    void complain(const std::string& line) { warn("scram-now: " + line); }
    void warn_once(const std::string& line);  // unless the very same was told before

  private:
    struct Line {
        bool is_result;
        std::string text;
        void print() const;
    };
    void add(Line line);
    void print_all();

    const bool json_;
    std::set<std::string> told_;
    std::mutex mutex_;
    std::condition_variable changed_;
    std::deque<Line> lines_;
    bool ended_ = false;
    std::thread printer_;
};

}  // namespace scram
