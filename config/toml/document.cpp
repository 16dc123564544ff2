#include "config/toml/document.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <utility>

namespace scram {
namespace {

constexpr std::size_t source_line_max = 160;  // bytes of a line that an error shows

// Tabs stay tabs, so that the caret stands below its character; columns count characters, not
// bytes.
std::string caret_below(std::string_view line, std::uint32_t column) {
    std::string indent;
    for (const char c : line) {
        const bool continues = (static_cast<unsigned char>(c) & 0xc0) == 0x80;
        if (continues) continue;
        if (indent.size() + 1 >= column) break;
        indent += c == '\t' ? '\t' : ' ';
    }
    indent.resize(std::max<std::size_t>(column, 1) - 1, ' ');
    return indent + '^';
}

}  // namespace

std::string ConfigError::text() const {
    if (line == 0) return fmt::format("{}: {}", file.string(), message);
    auto text =
        fmt::format("{}:{}:{}: {}\n    {}", file.string(), line, column, message, source_line);
    if (column <= source_line_max) text += "\n    " + caret_below(source_line, column);
    return text;
}

std::string ConfigError::place() const {
    return line == 0 ? file.string() : fmt::format("{}:{}", file.string(), line);
}

}  // namespace scram

namespace scram::config {
namespace {

std::vector<std::string_view> split_lines(std::string_view text) {
    std::vector<std::string_view> lines;
    while (!text.empty()) {
        const auto end = std::min(text.find('\n'), text.size());
        auto line = text.substr(0, end);
        if (line.ends_with('\r')) line.remove_suffix(1);
        lines.push_back(line);
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return lines;
}

// A stray control character must not reach the operator's terminal.
std::string printable(std::string_view line) {
    std::string safe{line.substr(0, source_line_max)};
    const auto is_control = [](char c) { return c != '\t' && (c == 0x7f || (c >= 0 && c < ' ')); };
    std::replace_if(safe.begin(), safe.end(), is_control, '?');
    return safe;
}

// Letters to insert, drop or replace, or neighbours to swap, to get from one word to the other.
std::size_t edit_distance(std::string_view a, std::string_view b) {
    std::vector<std::vector<std::size_t>> cost(a.size() + 1,
                                               std::vector<std::size_t>(b.size() + 1));
    for (std::size_t i = 0; i <= a.size(); ++i) {
        for (std::size_t j = 0; j <= b.size(); ++j) {
            if (i == 0 || j == 0) {
                cost[i][j] = i + j;
                continue;
            }
            const auto replaced = cost[i - 1][j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
            cost[i][j] = std::min({replaced, cost[i - 1][j] + 1, cost[i][j - 1] + 1});
            const bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
            if (swapped) cost[i][j] = std::min(cost[i][j], cost[i - 2][j - 2] + 1);
        }
    }
    return cost[a.size()][b.size()];
}

// The word that was probably meant; empty if none is near.
std::string_view nearest(std::string_view word, const std::vector<std::string_view>& accepted) {
    constexpr std::size_t word_max = 64;  // what is longer was no slip of the hand
    if (word.size() > word_max) return {};
    std::string_view best;
    auto best_distance = std::max<std::size_t>(word.size() / 3, 1) + 1;
    for (const auto candidate : accepted) {
        // "window" for "window_ms" is far by letters and near by sense.
        const bool is_start = word.size() > 2 && candidate.starts_with(word);
        const auto distance = is_start ? 1 : edit_distance(word, candidate);
        if (distance < best_distance) {
            best = candidate;
            best_distance = distance;
        }
    }
    return best;
}

}  // namespace

Document::Document(std::string_view text, std::filesystem::path file, ForWhat for_what)
    : lines_(split_lines(text)), file_(std::move(file)), for_what_(for_what) {}

void Document::error(Place place, std::string message) {
    add(errors_, place, std::move(message));
}

void Document::warn(Place place, std::string message) {
    add(warnings_, place, std::move(message));
}

void Document::refuse_unless_for_a_kill(Place place, std::string message) {
    add(for_what_ == ForWhat::a_kill ? warnings_ : errors_, place, std::move(message));
}

void Document::add(Found& to, Place place, std::string message) {
    if (to.only_counts(place)) {
        ++to.more;
        return;
    }
    std::string line;
    if (place.line > 0 && place.line <= lines_.size()) line = printable(lines_[place.line - 1]);
    const auto before = [](const ConfigError& a, const ConfigError& b) {
        return std::pair{a.line, a.column} < std::pair{b.line, b.column};
    };
    ConfigError error{file_, place.line, place.column, std::move(message), std::move(line)};
    to.first.insert(std::upper_bound(to.first.begin(), to.first.end(), error, before), error);
    if (to.first.size() <= errors_max) return;
    to.first.pop_back();
    ++to.more;
}

bool Document::only_counts(Place place) const {
    return errors_.only_counts(place);
}

bool Document::Found::only_counts(Place place) const {
    if (first.size() < errors_max) return false;
    return std::pair{place.line, place.column} >= std::pair{first.back().line, first.back().column};
}

std::vector<ConfigError> Document::all_of(const Found& found, std::string_view what) const {
    auto all = found.first;
    if (found.more > 0)
        all.push_back({file_, 0, 0, fmt::format("and {} more {}", found.more, what), {}});
    return all;
}

std::filesystem::path Document::resolve(const std::filesystem::path& path) const {
    return (std::filesystem::absolute(file_).parent_path() / path).lexically_normal();
}

std::string in_quotes(std::string_view text) {
    std::string result = "\"";
    for (const char c : text) {
        if (c == '"' || c == '\\') {
            result += {'\\', c};
        } else if (c == 0x7f || (c >= 0 && c < ' ')) {
            result += fmt::format("\\u{:04X}", static_cast<unsigned>(c));
        } else {
            result += c;
        }
    }
    return result + '"';
}

std::string short_in_quotes(std::string_view text) {
    constexpr std::size_t shown_max = 60;  // bytes
    if (text.size() <= shown_max) return in_quotes(text);
    return in_quotes(text.substr(0, shown_max)) + " ...";
}

std::string joined(const std::vector<std::string_view>& words) {
    return fmt::format("{}", fmt::join(words, ", "));
}

std::string did_you_mean(std::string_view word, const std::vector<std::string_view>& accepted) {
    const auto near = nearest(word, accepted);
    return near.empty() ? "" : fmt::format(" (did you mean {}?)", in_quotes(near));
}

}  // namespace scram::config
