#include "daemon/control/status_writer.h"

#include <unistd.h>

#include <algorithm>
#include <utility>

#include "daemon/common/boot_id.h"
#include "net/clock.h"

namespace scram {
namespace {

// Some ten microseconds a turn.
constexpr StatusReport::Pace pace{256, 4, true};
constexpr std::size_t bytes_a_turn = 32 * 1024;
// Between two texts. A large plan's are further apart, so that all of them together take no more
// than a fiftieth of the loop's time.
constexpr Duration pause_min = 250ms;
constexpr int pause_of_spent = 50;

PageMoment moment_at(Time now) {
    return {now, wall_now()};
}

}  // namespace

StatusWriter::StatusWriter(boost::asio::io_context& io, std::unique_ptr<StatusPageFile> file,
                           const Config& config, Driver& driver, const Logger& logger,
                           const Refusals& refusals)
    : driver_(driver),
      file_(std::move(file)),
      begin_report_(
          [&] { return std::make_unique<StatusReport>(config, driver, logger, refusals, pace); }),
      page_(file_->memory(), static_cast<std::uint32_t>(getpid()), boot_id(),
            moment_at(monotonic_now())),
      timer_(io) {}

void StatusWriter::start() {
    write_heartbeat(monotonic_now());
    file_->show();
    await(Duration::zero());
}

void StatusWriter::stop() {
    stopped_ = true;
    timer_.cancel();
    page_.end(moment_at(monotonic_now()));
}

std::string StatusWriter::news() {
    std::string trouble = file_->trouble();
    if (trouble == told_trouble_) return {};
    told_trouble_ = trouble;
    return trouble;
}

void StatusWriter::write_heartbeat(Time now) {
    beat_due_ = now + page_beat_interval;
    page_.beat(moment_at(now));
}

void StatusWriter::await(Duration pause) {
    timer_.expires_after(pause);
    timer_.async_wait([this](auto error) {
        if (!error) step();
    });
}

void StatusWriter::go_on() {
    driver_.later([this] { step(); });
}

void StatusWriter::step() {
    if (stopped_) return;
    if (driver_.turns().has_done(breach_work)) return go_on();
    const Time began = monotonic_now();
    driver_.turns().did("status", began);
    if (!report_ && text_.empty()) report_ = begin_report_();
    const bool is_whole = report_ ? make_some() : show_some();
    spent_ += monotonic_now() - began;
    if (!is_whole) return go_on();
    await(std::max(pause_min, pause_of_spent * std::exchange(spent_, {})));
}

// False: it is not written yet.
bool StatusWriter::make_some() {
    if (!report_->go_on()) return false;
    // When that was by the wall, as near as it can be known now.
    const Time now = monotonic_now(), taken = report_->taken();
    text_ = std::move(*report_).text();
    report_.reset();
    written_ = 0;
    page_.begin(text_.size(), {taken, {wall_now().value - (now - taken) / 1ms}});
    return false;
}

bool StatusWriter::show_some() {
    page_.add(std::string_view(text_).substr(written_, bytes_a_turn));
    written_ += bytes_a_turn;
    if (written_ < text_.size()) return false;
    page_.publish();
    text_.clear();
    return true;
}

}  // namespace scram
