// A terminal that shows whole screens: it is given back as it was, however that ends.
#pragma once

#include <csignal>
#include <span>

#include "daemon/scramctl/top_frame.h"

namespace scram {

// One at a time, since it takes the process's signals.
class Terminal {
  public:
    Terminal();
    ~Terminal();
    Terminal(const Terminal&) = delete;
    Terminal& operator=(const Terminal&) = delete;

    ScreenSize size() const;
    // False: it takes no more.
    bool draw(std::span<const ScreenLine> lines);
    enum class Wake { time, key, quit };
    // For a second at most. `key`: a key, or the screen has another size now.
    Wake wait();

  private:
    void enter();
    void leave();

    sigset_t waiting_mask_{};
    bool colours_;
    bool is_raw_ = false;
};

}  // namespace scram
