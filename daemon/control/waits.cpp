#include "daemon/control/waits.h"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <utility>

namespace scram {

struct Waits::Wait {
    Wait(boost::asio::io_context& io, Wish its) : wish(std::move(its)), timer(io) {}

    // Whoever is told lets go of it.
    void tell() {
        timer.cancel();
        if (const auto tell_once = std::exchange(wish.tell, nullptr)) tell_once();
    }

    Wish wish;
    boost::asio::steady_timer timer;
};

bool Waits::has_room_for(uid_t uid) {
    forget_ended();
    const auto of_user = std::count_if(waits_.begin(), waits_.end(), [uid](const auto& one) {
        const auto wait = one.lock();
        return wait && wait->wish.uid == uid;
    });
    return waits_.size() < waits_max && static_cast<std::size_t>(of_user) < waits_of_user_max;
}

std::shared_ptr<void> Waits::add(Wish wish) {
    const auto wait = std::make_shared<Wait>(io_, std::move(wish));
    waits_.push_back(wait);
    wait->timer.expires_after(wait->wish.at_most);
    wait->timer.async_wait([its = std::weak_ptr(wait)](auto error) {
        const auto over = its.lock();
        if (!error && over) over->tell();
    });
    return wait;
}

void Waits::on_step() {
    if (looks_soon_ || waits_.empty()) return;
    looks_soon_ = true;
    boost::asio::post(io_, [this] { look(); });
}

void Waits::look() {
    looks_soon_ = false;
    forget_ended();
    const auto now = waits_;
    for (const auto& one : now) {
        const auto wait = one.lock();
        if (wait && all_settled(engine_, wait->wish.families, wait->wish.is_settled)) wait->tell();
    }
}

void Waits::forget_ended() {
    const auto has_ended = [](const auto& one) { return one.expired(); };
    waits_.erase(std::remove_if(waits_.begin(), waits_.end(), has_ended), waits_.end());
}

}  // namespace scram
