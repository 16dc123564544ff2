// Follows the journal's files while they are written: what stands behind the last record that was
// taken, also over files that follow, that were cut, or that another journal has begun.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "config/unique_fd.h"
#include "core/notice/from_journal.h"
#include "daemon/records/journal_files.h"

namespace scram {

class JournalFollower {
  public:
    // `position`: the last record that was taken; none: follows from the journal's end on.
    JournalFollower(std::string directory, std::optional<JournalPosition> position);

    // Hands to `notices` what is new: the rest of one file, or some records. What is wrong with the
    // journal becomes a notice as well. True: there may be more at once.
    bool turn(JournalNotices& notices, Time now, std::int64_t wall_ms, Notices& out);
    // Why it cannot be followed; empty: it can.
    const std::string& trouble() const { return trouble_; }

  private:
    struct Turn {
        JournalNotices& notices;
        Time now;
        std::int64_t wall_ms;
        Notices& out;
    };
    bool find_file(Turn& turn, const std::vector<JournalFile>& files);
    bool begin_at_end(Turn& turn, const std::vector<JournalFile>& files);
    bool open_whole(Turn& turn, const JournalFile& file);
    bool read_more(Turn& turn);
    bool next_file(Turn& turn, const std::vector<JournalFile>& files);
    void leave_removed_file();
    void forget_file();
    void take(Turn& turn, const JournalRecord& record);
    void doubt(Turn& turn);
    bool follow_another(Turn& turn, std::string_view file, bool is_shorter);
    void tell(Turn& turn, std::string_view what, std::string text) const;

    std::string directory_;
    Hasher hasher_;
    bool from_end_;
    bool checked_ = false;  // the record that was taken last stands in this journal
    // Of another journal than before: what is not younger was told.
    std::optional<std::int64_t> only_after_wall_ms_;
    std::uint32_t number_ = 0;  // of the file; 0: none yet
    UniqueFd file_;
    std::size_t offset_ = 0;  // up to here it is read
    std::optional<Time> doubtful_since_;
    std::string trouble_;
};

}  // namespace scram
