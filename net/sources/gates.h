// The gate region: one word per family in a memory file that only scramd can write. Sources get its
// descriptor when they attach, map it read-only and read their family's word before each quote.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <variant>

#include "core/base/ids.h"
#include "core/base/time.h"
#include "core/signal.h"
#include "net/unique_fd.h"

namespace scram {

class Gates {
  public:
    // The error says what the kernel did not give: scramd cannot start then.
    static std::variant<std::unique_ptr<Gates>, std::string> make(std::size_t families);
    // Older than `age`, a heartbeat halts the sources. To be called before the first source
    // attaches.
    void halted_after(Duration age);
    ~Gates();
    Gates(const Gates&) = delete;
    Gates& operator=(const Gates&) = delete;

    void close(FamilyId family) { set(family, SCRAM_GATE_CLOSED); }
    void open(FamilyId family) { set(family, SCRAM_GATE_OPEN); }
    void touch(FamilyId family) const;  // reads it, to keep it near
    // scramd ends on purpose: for sources, every gate counts as closed from now on.
    void end();
    // The loop has just completed a turn: to be called after each. Written some times in the age
    // that halts, no more, since makers read it before each quote. True: it was.
    bool beat(Time now) {
        if (now < beat_due_) [[likely]]
            return false;
        write_heartbeat(now);
        return true;
    }
    Duration beat_interval() const { return beat_interval_; }
    // Sources ring the doorbell while it sleeps. Sequentially consistent, as net/sources/ring.h
    // says why.
    void fall_asleep();
    void wake();

    // Sealed: it can be neither resized nor mapped for writing.
    int fd() const { return fd_.get(); }

  private:
    Gates(UniqueFd fd, scram_gates* region, std::size_t families);
    void set(FamilyId family, scram_gate gate);
    void write_heartbeat(Time now);
    void say_asleep(std::uint64_t sleep);

    UniqueFd fd_;
    scram_gates* region_;
    std::size_t size_;
    std::uint64_t sleeps_ = 0;
    Duration beat_interval_ = 125ms;
    Time beat_due_{};
};

}  // namespace scram
