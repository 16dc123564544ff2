#include "daemon/scram_notify/follower.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "config/plain_file.h"

namespace scram {
namespace {

constexpr std::size_t records_at_once = 256;
constexpr std::size_t record_bytes = sizeof(JournalRecord);
// A record that is being written is not right yet; one that stays so is damaged.
constexpr Duration doubt_lasts = 2s;

JournalRecord record_at(std::span<const std::byte> bytes, std::size_t at) {
    JournalRecord out;
    std::memcpy(&out, bytes.data() + at, sizeof out);
    return out;
}

bool is_zero(const JournalRecord& record) {
    const auto bytes = std::as_bytes(std::span(&record, 1));
    return std::all_of(bytes.begin(), bytes.end(), [](std::byte b) { return b == std::byte{}; });
}

// The sequence at which a file begins; 0: it is not begun yet.
std::uint64_t first_sequence(const JournalFile& file, const Hasher& hasher) {
    const UniqueFd opened = open_to_read(file.path.c_str(), O_NOFOLLOW);
    FileBytes head(record_bytes);
    if (!opened || !read_full(opened, head) || head.size() < record_bytes || is_blank(head))
        return 0;
    return walk(head, hasher, [](const JournalRecord&) {}).first_sequence;
}

}  // namespace

JournalFollower::JournalFollower(std::string directory, std::optional<JournalPosition> position)
    : directory_(std::move(directory)), from_end_(!position) {
    if (position && position->sequence == 0 && position->wall_ms > 0)
        only_after_wall_ms_ = position->wall_ms;
}

bool JournalFollower::turn(JournalNotices& notices, Time now, std::int64_t wall_ms, Notices& out) {
    Turn turn{notices, now, wall_ms, out};
    trouble_.clear();
    const auto listed = list_journal(directory_);
    if (const auto* why = std::get_if<std::string>(&listed)) {
        trouble_ = *why;
        return false;
    }
    const auto& files = std::get<std::vector<JournalFile>>(listed);
    if (!file_) return from_end_ ? begin_at_end(turn, files) : find_file(turn, files);
    if (read_more(turn)) return true;
    if (!file_ || next_file(turn, files)) return static_cast<bool>(file_);
    leave_removed_file();
    return false;
}

// ---- Which file ---------------------------------------------------------------------------------

bool JournalFollower::begin_at_end(Turn& turn, const std::vector<JournalFile>& files) {
    JournalPosition position;
    for (auto file = files.rbegin(); file != files.rend(); ++file) {
        const auto read = read_file(file->path);
        if (const auto* why = std::get_if<std::string>(&read)) {
            trouble_ = *why;
            return false;
        }
        const auto& bytes = std::get<FileBytes>(read);
        if (is_blank(bytes)) continue;
        const FileWalk walked = walk(bytes, hasher_, [&](const JournalRecord& record) {
            position.wall_ms = std::max(position.wall_ms, record.wall_ms);
        });
        position.sequence = walked.last_sequence;
        position.hash = walked.last_hash;
        break;
    }
    from_end_ = false;
    turn.notices.move_to(position, turn.out);
    turn.out.push_back(following_from(position, turn.wall_ms));
    return true;
}

// The one that has the record that was taken last, or, before any was, the oldest.
bool JournalFollower::find_file(Turn& turn, const std::vector<JournalFile>& files) {
    const std::uint64_t last = turn.notices.read().sequence;
    const JournalFile* found = nullptr;
    for (const JournalFile& file : files) {
        const std::uint64_t first = first_sequence(file, hasher_);
        if (first == 0) continue;
        if (found == nullptr || first <= last) found = &file;
    }
    return found != nullptr && open_whole(turn, *found);
}

bool JournalFollower::next_file(Turn& turn, const std::vector<JournalFile>& files) {
    const auto is_later = [this](const JournalFile& file) { return file.number > number_; };
    auto next = std::find_if(files.begin(), files.end(), is_later);
    if (next == files.end()) return false;
    const std::string& path = next->path;
    while (next != files.end() && first_sequence(*next, hasher_) == 0) ++next;
    if (next != files.end()) return open_whole(turn, *next);
    trouble_ = fmt::format("{} has no head that is right", path);  // it may be being made
    return false;
}

// With its folder, say: the numbers of files begin again.
void JournalFollower::leave_removed_file() {
    struct stat info {};
    if (fstat(file_.get(), &info) == 0 && info.st_nlink == 0) forget_file();
}

void JournalFollower::forget_file() {
    file_.reset();
    number_ = 0;
    checked_ = false;
}

// ---- Reading ------------------------------------------------------------------------------------

bool JournalFollower::open_whole(Turn& turn, const JournalFile& file) {
    const auto read = read_file(file.path);
    const auto* bytes = std::get_if<FileBytes>(&read);
    UniqueFd opened = open_to_read(file.path.c_str(), O_NOFOLLOW);
    if (bytes == nullptr || !opened) {
        trouble_ = bytes == nullptr
                       ? std::get<std::string>(read)
                       : fmt::format("cannot open {}: {}", file.path, std::strerror(errno));
        return false;
    }
    const JournalPosition before = turn.notices.read();
    std::vector<JournalRecord> fresh;
    const bool is_known = before.sequence > 0;
    std::optional<Hash> hash;  // of the record that was taken last, as it stands here
    const FileWalk walked = walk(*bytes, hasher_, [&](const JournalRecord& record) {
        if (record.sequence == before.sequence) hash = record.hash;
        if (record.sequence > before.sequence) fresh.push_back(record);
    });
    if (walked.first_sequence == before.sequence + 1) hash = walked.before;
    const bool has_gap = is_known && walked.first_sequence > before.sequence + 1;
    if (is_known && !has_gap && (hash ? *hash != before.hash : !checked_))
        return follow_another(turn, file.path, !hash);
    if (has_gap)
        tell(turn, "gap",
             fmt::format("The journal's records {} to {} were removed before they were read: what "
                         "they say is not told.",
                         before.sequence + 1, walked.first_sequence - 1));
    if (walked.health == Folded::Health::damaged || walked.health == Folded::Health::foreign)
        tell(turn, "damage",
             fmt::format("The journal is damaged: {}: {}. See: scramctl journal --verify.",
                         file.path, walked.fault));
    for (const JournalRecord& record : fresh) take(turn, record);
    checked_ = true;
    number_ = file.number;
    file_ = std::move(opened);
    const bool is_whole = walked.health <= Folded::Health::torn;
    offset_ = is_whole ? walked.size : bytes->size() / record_bytes * record_bytes;
    doubtful_since_.reset();
    return true;
}

bool JournalFollower::read_more(Turn& turn) {
    struct stat info {};
    const bool cut =
        fstat(file_.get(), &info) == 0 && static_cast<std::size_t>(info.st_size) < offset_;
    if (cut) {  // the writer, or somebody, has taken back what was not stored for good
        forget_file();
        return false;
    }
    FileBytes bytes(records_at_once * record_bytes);
    const ssize_t got = pread(file_.get(), bytes.data(), bytes.size(), static_cast<off_t>(offset_));
    if (got < 0) {
        trouble_ = fmt::format("cannot read the journal: {}", std::strerror(errno));
        return false;
    }
    const auto whole = static_cast<std::size_t>(got) / record_bytes;
    std::size_t taken = 0;
    for (; taken < whole; ++taken) {
        const JournalRecord record = record_at(bytes, taken * record_bytes);
        const JournalPosition& last = turn.notices.read();
        const bool is_next =
            record.sequence == last.sequence + 1 && hasher_(last.hash, record) == record.hash;
        if (!is_next) break;
        take(turn, record);
    }
    offset_ += taken * record_bytes;
    if (taken > 0) doubtful_since_.reset();
    if (taken < whole && !is_zero(record_at(bytes, taken * record_bytes))) doubt(turn);
    return taken == records_at_once;
}

// The whole file is read again, which goes on after what is wrong.
void JournalFollower::doubt(Turn& turn) {
    if (!doubtful_since_) doubtful_since_ = turn.now;
    if (turn.now - *doubtful_since_ < doubt_lasts) return;
    (void)open_whole(turn, {number_, directory_ + "/" + journal_file_name(number_)});
    doubtful_since_.reset();
}

void JournalFollower::take(Turn& turn, const JournalRecord& record) {
    if (only_after_wall_ms_ && record.wall_ms <= *only_after_wall_ms_)
        return turn.notices.move_to({record.sequence, record.hash, record.wall_ms}, turn.out);
    only_after_wall_ms_.reset();
    turn.notices.take(record, turn.now, turn.out);
}

// From its beginning, as far as it is younger than what was taken. One that is only shorter may be
// being written again.
bool JournalFollower::follow_another(Turn& turn, std::string_view file, bool is_shorter) {
    forget_file();
    if (!doubtful_since_) doubtful_since_ = turn.now;
    if (is_shorter && turn.now - *doubtful_since_ < doubt_lasts) return false;
    doubtful_since_.reset();
    const std::int64_t wall_ms = turn.notices.read().wall_ms;
    only_after_wall_ms_ = wall_ms;
    tell(turn, "another",
         fmt::format("The journal is not the one that was followed so far, or was cut ({}): it is "
                     "followed from its beginning, as far as it is younger.",
                     file));
    turn.notices.move_to({0, {}, wall_ms}, turn.out);
    return true;
}

void JournalFollower::tell(Turn& turn, std::string_view what, std::string text) const {
    Notice notice;
    notice.id = fmt::format("journal-{}-{}-{}", what, turn.notices.read().sequence, turn.wall_ms);
    notice.key = "journal";
    notice.severity = Severity::warning;
    notice.wall_ms = turn.wall_ms;
    notice.text = std::move(text);
    turn.out.push_back(std::move(notice));
}

}  // namespace scram
