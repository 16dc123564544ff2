// Answers that wait for what becomes of families. They are looked at in a turn of their own behind
// each step of the engine, and when their time is over: a kill is done before.
#pragma once

#include <sys/types.h>

#include <boost/asio/io_context.hpp>
#include <functional>
#include <memory>
#include <vector>

#include "daemon/control/outcome.h"

namespace scram {

inline constexpr std::size_t waits_max = 64;
inline constexpr std::size_t waits_of_user_max = 16;

class Waits {
  public:
    struct Wish {
        uid_t uid = 0;
        std::vector<FamilyId> families;
        Settled is_settled = settled<is_cancel_settled>;
        milliseconds at_most{};
        std::function<void()> tell;  // once: settled, or the time is over
    };

    Waits(boost::asio::io_context& io, const Engine& engine) : io_(io), engine_(engine) {}

    // Each user has so many, and all together.
    bool has_room_for(uid_t uid);
    // Waits as long as the result is held by somebody.
    std::shared_ptr<void> add(Wish wish);
    // Something happened.
    void on_step();

  private:
    struct Wait;
    void forget_ended();
    void look();

    boost::asio::io_context& io_;
    const Engine& engine_;
    std::vector<std::weak_ptr<Wait>> waits_;
    bool looks_soon_ = false;
};

}  // namespace scram
