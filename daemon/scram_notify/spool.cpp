#include "daemon/scram_notify/spool.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <optional>

#include "daemon/scram_notify/notice_json.h"
#include "daemon/scram_notify/stored_file.h"

namespace scram {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view dead_folder = "dead";

std::optional<std::uint64_t> number_of(const std::string& name) {
    std::uint64_t number = 0;
    const auto result = std::from_chars(name.data(), name.data() + name.size(), number);
    const bool good = result.ec == std::errc{} && result.ptr == name.data() + name.size();
    return good && number > 0 ? std::optional(number) : std::nullopt;
}

std::optional<Notice> notice_in(const std::string& path) {
    const auto text = load_file(path);
    simdjson::dom::parser parser;
    simdjson::dom::element root;
    if (!text || parser.parse(*text).get(root) != simdjson::SUCCESS) return std::nullopt;
    return notice_from(root);
}

std::vector<std::uint64_t> numbers_in(const std::string& folder, std::error_code& error) {
    std::vector<std::uint64_t> out;
    fs::directory_iterator at(folder, error);
    for (; !error && at != fs::directory_iterator{}; at.increment(error)) {
        if (const auto number = number_of(at->path().filename().native())) out.push_back(*number);
    }
    std::sort(out.begin(), out.end());
    return out;
}

std::string make_folder(const std::string& path) {
    if (mkdir(path.c_str(), 0700) == 0 || errno == EEXIST) return {};
    return fmt::format("cannot make {}: {}", path, std::strerror(errno));
}

// The least severe goes first, of those the oldest.
bool goes_before(const Spool::Entry& a, const Spool::Entry& b) {
    return a.notice.severity < b.notice.severity;
}

}  // namespace

std::string Spool::path_of(const Queue& queue, std::uint64_t number) {
    return fmt::format("{}/{:012}", queue.folder, number);
}

std::variant<Spool, std::string> Spool::open(std::string folder, std::vector<std::string> targets,
                                             const std::uint64_t* last) {
    Spool spool;
    if (std::string why = make_folder(folder); !why.empty()) return why;
    if (last != nullptr) spool.last_ = *last;
    for (const std::string& target : targets) {
        Queue& queue = spool.queues_.emplace_back();
        queue.folder = folder + "/" + target;
        if (std::string why = spool.load(queue, last); !why.empty()) return why;
    }
    return spool;
}

std::string Spool::load(Queue& queue, const std::uint64_t* last) {
    std::string why = make_folder(queue.folder);
    if (why.empty()) why = make_folder(queue.folder + "/" + std::string(dead_folder));
    if (!why.empty()) return why;
    std::error_code error;
    const auto numbers = numbers_in(queue.folder, error);
    if (error) return fmt::format("cannot list {}: {}", queue.folder, error.message());
    for (const std::uint64_t number : numbers) {
        const std::string path = path_of(queue, number);
        if (last != nullptr && number > *last) {
            ::unlink(path.c_str());
            continue;
        }
        last_ = std::max(last_, number);
        auto notice = notice_in(path);
        if (!notice) {
            ++unreadable_;
            ::unlink(path.c_str());
            continue;
        }
        queue.entries.emplace(number, Entry{number, std::move(*notice), 0, true, true});
        make_room(queue);
    }
    return {};
}

void Spool::make_room(Queue& queue) {
    if (queue.entries.size() <= notices_max) return;
    const auto least = std::min_element(
        queue.entries.begin(), queue.entries.end(),
        [](const auto& a, const auto& b) { return goes_before(a.second, b.second); });
    if (least->second.is_stored) ::unlink(path_of(queue, least->first).c_str());
    queue.entries.erase(least);
    ++queue.dropped;
}

// ---- In -----------------------------------------------------------------------------------------

void Spool::put(std::size_t target, Notice notice) {
    Queue& queue = queues_[target];
    const std::uint64_t number = ++last_;
    queue.entries.emplace(number, Entry{number, std::move(notice)});
    make_room(queue);
}

bool Spool::write() {
    trouble_.clear();
    for (Queue& queue : queues_) {
        for (auto& [number, entry] : queue.entries) {
            if (entry.is_stored) continue;
            trouble_ = store_file(path_of(queue, number), notice_json(entry.notice));
            if (!trouble_.empty()) return false;
            entry.is_stored = queue.is_dirty = true;
        }
        if (!queue.is_dirty) continue;
        trouble_ = sync_folder(queue.folder);
        if (!trouble_.empty()) return false;
        queue.is_dirty = false;
    }
    return true;
}

void Spool::commit() {
    for (Queue& queue : queues_) {
        for (auto& [number, entry] : queue.entries) entry.is_committed = true;
    }
}

// ---- Out ----------------------------------------------------------------------------------------

const Spool::Entry* Spool::next(std::size_t target) const {
    const Entry* found = nullptr;
    for (const auto& [number, entry] : queues_[target].entries) {
        if (!entry.is_committed) continue;
        if (found == nullptr || found->notice.severity < entry.notice.severity) found = &entry;
    }
    return found;
}

void Spool::taken(std::size_t target, std::uint64_t number) {
    Queue& queue = queues_[target];
    if (queue.entries.erase(number) > 0) ::unlink(path_of(queue, number).c_str());
}

int Spool::refused(std::size_t target, std::uint64_t number) {
    const auto found = queues_[target].entries.find(number);
    return found == queues_[target].entries.end() ? 0 : ++found->second.refusals;
}

void Spool::set_aside(std::size_t target, std::uint64_t number) {
    Queue& queue = queues_[target];
    if (queue.entries.erase(number) == 0) return;
    const std::string dead = fmt::format("{}/{}", queue.folder, dead_folder);
    const std::string path = path_of(queue, number);
    if (std::rename(path.c_str(), fmt::format("{}/{:012}", dead, number).c_str()) != 0)
        ::unlink(path.c_str());
    std::error_code error;
    const auto kept = numbers_in(dead, error);
    for (std::size_t i = 0; i + dead_max < kept.size(); ++i)
        ::unlink(fmt::format("{}/{:012}", dead, kept[i]).c_str());
}

}  // namespace scram
