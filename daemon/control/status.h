// The daemon's state, as one JSON object: what `scramctl status` shows.
#pragma once

#include <string>

#include "config/config.h"
#include "daemon/common/json.h"
#include "daemon/control/refusals.h"
#include "daemon/loop/driver.h"

namespace scram {

// Made in slices, since a large plan has a quarter of a million conditions and half a megabyte to
// tell, and a signal waits for each slice.
class StatusReport {
  public:
    // What one slice does. By default some tenths of a millisecond; a small plan's report is whole
    // after the first.
    struct Pace {
        std::size_t looks = 4096;  // at conditions, in a search for the nearest
        std::size_t items = 32;
        bool one_part = false;  // of the report's parts, however small
    };
    StatusReport(const Config& config, const Driver& driver, const Logger& logger,
                 const Refusals& refusals);
    StatusReport(const Config& config, const Driver& driver, const Logger& logger,
                 const Refusals& refusals, Pace pace);
    // True: it is whole, and text() is it.
    bool go_on();
    std::string text() const& { return out_.text(); }
    std::string text() && { return std::move(out_).text(); }
    // When its making began, the last time that it had to.
    Time taken() const { return now_; }

  private:
    enum class Part : std::uint8_t { head, latency, search, lists };

    bool do_part();
    void begin();
    void add_latency();
    bool search();
    bool list_some();
    void next_list();
    std::size_t count_of(std::size_t list) const;
    std::string item_json(std::size_t list, std::size_t i) const;

    const Config& config_;
    const Driver& driver_;
    const Logger& logger_;
    const Refusals& refusals_;
    const Pace pace_;
    Part part_ = Part::head;  // the next
    std::uint64_t plan_ = 0;  // a reload in between: it starts over
    Time now_{};
    NearestSearch nearest_;
    std::vector<TripId> trips_;  // the last, the latest first
    JsonObject out_;
    std::size_t list_ = 0, item_ = 0;  // the next
    JsonArray list_text_;              // of its list so far
};

// One family's switch, as an object. `holds`: the rule that stands in the way of arming it;
// `nearest`: its value that is nearest to a limit, if that is given.
std::string family_json(const Driver& driver, FamilyId id, RuleId holds, Time now,
                        const std::string& nearest = {});
// "armed 2/2 families, 5/5 links warm, last rehearsal 1.2 s ago", for a person's glance (systemctl
// status).
std::string status_line(const Driver& driver, Time now);

// More than a status of this plan takes, unless what it quotes is far longer than usual, and after
// reloads that add some rules.
std::size_t status_text_max(const Plan& plan);

}  // namespace scram
