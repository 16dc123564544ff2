// A thread for what may take its time and must not hold the loop: a name server that is silent, a
// file of authorities. Nobody waits for it, not even the end of the program.
#pragma once

#include <functional>
#include <memory>

namespace scram {

class Background {
  public:
    Background();
    // Jobs run in their order, one at a time. What they touch must live as long as they may run.
    // False: there is no thread for it, and it will not run.
    [[nodiscard]] bool run(std::function<void()> job);

  private:
    struct Jobs;
    bool start();

    std::shared_ptr<Jobs> jobs_;
};

}  // namespace scram
