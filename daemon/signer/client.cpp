#include "daemon/signer/client.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "core/base/check.h"
#include "net/clock.h"

namespace scram {
namespace {

constexpr int patience_ms = 200;  // with a keeper that is to end

timespec span_of(Duration d) {
    return {d / 1s, (d % 1s).count()};
}

}  // namespace

SignerClient::SignerClient(SignerLine line)
    : fd_(std::move(line.fd)),
      keeper_(line.keeper),
      hello_(line.hello),
      keys_(std::move(line.keys)),
      answered_(monotonic_now()) {}

// They wipe what they have when the line ends, and so get a moment to.
SignerClient::~SignerClient() {
    fd_.reset();
    const UniqueFd keeper(static_cast<int>(syscall(SYS_pidfd_open, keeper_, 0)));
    pollfd end{keeper.get(), POLLIN, 0};
    if (keeper) poll(&end, 1, patience_ms);
    waitpid(keeper_, nullptr, WNOHANG);
}

void SignerClient::ask(std::span<const SignRequest> requests) {
    say(requests.data(), requests.size_bytes());
}

void SignerClient::ask(const SignRequest& request, std::span<const OrderRef> orders) {
    check(orders.size() <= cancel_orders_max, "the orders of one request");
    SignOrders message{};
    message.request = request;
    message.count = static_cast<std::uint32_t>(orders.size());
    for (std::size_t i = 0; i < orders.size(); ++i) {
        const std::string_view name = orders[i].inst_id.view();
        name.copy(message.orders[i].inst_id, sizeof message.orders[i].inst_id);
        message.orders[i].ord_id = orders[i].ord_id;
    }
    say(&message, sizeof message);
}

void SignerClient::say(const void* bytes, std::size_t size) {
    if (!gone_) (void)send(fd_.get(), bytes, size, MSG_NOSIGNAL | MSG_DONTWAIT);
}

std::span<const SignAnswer> SignerClient::take(Time now, Time until) {
    if (gone_) return {};
    ssize_t size = receive();
    if (size < 0 && errno == EAGAIN && comes(now, until)) size = receive();
    if (size < 0 && (errno == EAGAIN || errno == EINTR)) return {};
    if (size > 0) return read(static_cast<std::size_t>(size), now);
    gone_ = true;
    return {};
}

ssize_t SignerClient::receive() {
    return recv(fd_.get(), answers_.data(), sizeof answers_, MSG_DONTWAIT);
}

bool SignerClient::comes(Time now, Time until) const {
    if (until <= now) return false;
    pollfd line{fd_.get(), POLLIN, 0};
    const timespec wait = span_of(until - now);
    return ppoll(&line, 1, &wait, nullptr) == 1;
}

// The good ones move to the front.
std::span<const SignAnswer> SignerClient::read(std::size_t size, Time now) {
    if (size == sizeof hello_) {
        std::memcpy(&hello_, answers_.data(), sizeof hello_);
        ++restarts_;
        return {};
    }
    answered_ = now;
    const auto all = std::span(answers_).first(size / sizeof(SignAnswer));
    const auto is_good = [](const SignAnswer& answer) {
        return answer.verdict == SignVerdict::is_signed;
    };
    const auto bad = std::partition(all.begin(), all.end(), is_good);
    if (bad != all.end()) last_refusal_ = bad->verdict;
    refused_ += static_cast<std::uint64_t>(all.end() - bad);
    return all.first(static_cast<std::size_t>(bad - all.begin()));
}

}  // namespace scram
