#include "core/recording/recording.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <cstring>

#include "core/base/check.h"
#include "core/base/checksum.h"
#include "core/base/iso_time.h"

namespace scram {
namespace {

constexpr std::array<char, 8> recording_magic = {'s', 'c', 'r', 'a', 'm', 'r', 'e', 'c'};
constexpr std::uint32_t recording_byte_order = 0x01020304;
constexpr std::uint16_t recording_version = 1;
constexpr std::array<char, 4> block_magic = {'s', 'r', 'b', '1'};
constexpr std::size_t recording_alignment = 64;

struct HeadBytes {
    std::array<char, 8> magic = recording_magic;
    std::uint32_t byte_order = recording_byte_order;
    std::uint16_t version = recording_version;
    std::uint16_t record_bytes = sizeof(Recorded);
    std::uint64_t run = 0;
    std::uint32_t number = 0;
    RecordingBegin begin{};
    std::array<std::uint8_t, 3> unused{};
    BootNumber boot{};
    std::int64_t wall_ms = 0;
    std::int64_t monotonic_ns = 0;
    std::uint64_t config_hash = 0;
    // What follows: names, config, state, then zeros up to a multiple of 64.
    std::uint64_t names_bytes = 0, config_bytes = 0, state_bytes = 0;
    std::uint64_t checksum = 0;  // up to here, and of what follows
};
static_assert(sizeof(HeadBytes) == 104 && std::is_trivially_copyable_v<HeadBytes>);

struct BlockHead {
    std::array<char, 4> magic = block_magic;
    std::uint32_t count = 0;
    std::uint64_t first = 0;
    std::uint64_t checksum = 0;  // up to here, and of the records
    std::array<std::uint64_t, 5> unused{};
};
static_assert(sizeof(BlockHead) == recording_alignment);

std::size_t aligned(std::size_t size) {
    return (size + recording_alignment - 1) / recording_alignment * recording_alignment;
}

std::uint64_t checksum_of(const HeadBytes& head, std::span<const std::byte> following) {
    const auto bytes = std::as_bytes(std::span(&head, 1));
    return checksum(following, checksum(bytes.first(offsetof(HeadBytes, checksum))));
}

std::uint64_t checksum_of(const BlockHead& head, std::span<const std::byte> records) {
    const auto bytes = std::as_bytes(std::span(&head, 1));
    return checksum(records, checksum(bytes.first(offsetof(BlockHead, checksum))));
}

// A line each: which list it is of, and the name.
std::string names_text(const RecordingHead& head) {
    std::string out;
    const auto add = [&](char list, const std::vector<std::string>& names) {
        for (const std::string& name : names) out += fmt::format("{}{}\n", list, name);
    };
    add('f', head.families);
    add('s', head.sources);
    add('m', head.metrics);
    add('r', head.rules);
    return out;
}

void read_names(std::string_view text, RecordingHead& head) {
    while (!text.empty()) {
        const std::size_t end = std::min(text.find('\n'), text.size());
        const std::string_view line = text.substr(0, end);
        text.remove_prefix(std::min(end + 1, text.size()));
        if (line.empty()) continue;
        auto& list = line[0] == 'f'   ? head.families
                     : line[0] == 's' ? head.sources
                     : line[0] == 'm' ? head.metrics
                                      : head.rules;
        list.emplace_back(line.substr(1));
    }
}

std::string_view as_text(std::span<const std::byte> bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// Empty, or why those bytes are no head.
std::string head_fault(std::span<const std::byte> bytes, const HeadBytes& head) {
    const HeadBytes ours;
    if (head.magic != ours.magic) return "at byte 0: this is no recording of scramd";
    if (head.byte_order != ours.byte_order)
        return "at byte 8: recorded on a machine of another byte order";
    if (head.version != ours.version || head.record_bytes != ours.record_bytes)
        return fmt::format("at byte 12: a recording of version {}, and this program reads {}",
                           head.version, ours.version);
    const std::size_t room = bytes.size() - sizeof head;
    if (head.names_bytes > room || head.config_bytes > room || head.state_bytes > room ||
        head.names_bytes + head.config_bytes + head.state_bytes > room)
        return fmt::format("at byte {}: the head is cut", bytes.size());
    const auto following =
        bytes.subspan(sizeof head, head.names_bytes + head.config_bytes + head.state_bytes);
    const bool can_be = head.begin <= RecordingBegin::next && head.wall_ms >= 0 &&
                        head.wall_ms <= timestamp_max.value && head.monotonic_ns >= 0 &&
                        head.monotonic_ns <= ns_of(recorded_time_max);
    if (checksum_of(head, following) != head.checksum || !can_be)
        return "at byte 0: the head was changed";
    return {};
}

}  // namespace

// ---- Events -------------------------------------------------------------------------------------

Recorded recorded(const Event& event) {
    Recorded out;
    out.at = event.at;
    out.number = static_cast<std::uint64_t>(event.trip);
    out.family = static_cast<std::uint16_t>(event.family);
    out.kind = RecordedKind::begun;
    const bool is_trip = event.kind == EventKind::tripped || event.kind == EventKind::would_trip;
    if (is_trip) {
        out.kind =
            event.kind == EventKind::tripped ? RecordedKind::tripped : RecordedKind::would_trip;
        out.published_ns = ns_of(event.published);
        out.value = event.value;
        out.limit = event.limit;
        out.source = static_cast<std::uint16_t>(event.source);
        out.metric = static_cast<std::uint16_t>(event.metric);
        out.rule = static_cast<std::uint16_t>(event.rule);
        const bool by_operator = event.rule == none<RuleId>() && !event.by.view().empty();
        out.detail = by_operator ? 1 : static_cast<std::uint8_t>(event.bad);
    } else if (event.kind == EventKind::restored) {
        out.kind = RecordedKind::restored;
        out.detail = static_cast<std::uint8_t>(event.cancel);
    } else if (event.kind == EventKind::latched) {
        out.kind = RecordedKind::latched;
    } else if (event.kind == EventKind::fired) {
        out.kind = RecordedKind::fired;
    } else if (event.kind == EventKind::accepted) {
        out.kind = RecordedKind::accepted;
    }
    return out;
}

// ---- Writing ------------------------------------------------------------------------------------

std::uint64_t config_hash(std::string_view config) {
    return checksum(std::as_bytes(std::span(config)));
}

void take_names(const Plan& plan, RecordingHead& head) {
    for (const FamilySpec& family : plan.families) head.families.push_back(family.name);
    for (const SourceSpec& source : plan.sources) head.sources.push_back(source.name);
    for (const RuleSpec& rule : plan.rules) head.rules.push_back(rule.name);
    head.metrics = plan.metrics;
}

std::vector<std::byte> recording_head(const RecordingHead& from) {
    const std::string names = names_text(from);
    HeadBytes head;
    head.run = from.run;
    head.number = from.number;
    head.begin = from.begin;
    head.boot = from.boot;
    head.wall_ms = from.wall.value;
    head.monotonic_ns = ns_of(from.at);
    head.config_hash = from.config_hash;
    head.names_bytes = names.size();
    head.config_bytes = from.config.size();
    head.state_bytes = from.state.size();
    std::vector<std::byte> out(
        aligned(sizeof head + names.size() + from.config.size() + from.state.size()));
    auto* end = out.data() + sizeof head;
    const auto append = [&](std::span<const std::byte> bytes) {
        end = std::copy(bytes.begin(), bytes.end(), end);
    };
    append(std::as_bytes(std::span(names)));
    append(std::as_bytes(std::span(from.config)));
    append(from.state);
    head.checksum = checksum_of(head, std::span(out.data() + sizeof head, end));
    std::memcpy(out.data(), &head, sizeof head);
    return out;
}

void recording_block(std::span<const Recorded> records, std::uint64_t first,
                     std::vector<std::byte>& out) {
    check(!records.empty() && records.size() <= recorded_per_block_max,
          "a block has room for so many records");
    const auto bytes = std::as_bytes(records);
    BlockHead head;
    head.count = static_cast<std::uint32_t>(records.size());
    head.first = first;
    head.checksum = checksum_of(head, bytes);
    out.resize(sizeof head + bytes.size());
    std::memcpy(out.data(), &head, sizeof head);
    std::memcpy(out.data() + sizeof head, bytes.data(), bytes.size());
}

// ---- Reading ------------------------------------------------------------------------------------

std::variant<RecordingReader, std::string> RecordingReader::open(std::span<const std::byte> bytes) {
    HeadBytes head;
    if (bytes.size() < sizeof head)
        return fmt::format("at byte {}: the file ends within its head", bytes.size());
    std::memcpy(&head, bytes.data(), sizeof head);
    if (std::string fault = head_fault(bytes, head); !fault.empty()) return fault;
    RecordingReader reader;
    RecordingHead& its = reader.head_;
    its.run = head.run;
    its.number = head.number;
    its.begin = head.begin;
    its.boot = head.boot;
    its.wall = {head.wall_ms};
    its.at = time_from_ns(head.monotonic_ns);
    its.config_hash = head.config_hash;
    auto rest = bytes.subspan(sizeof head);
    const auto take = [&rest](std::size_t size) {
        const auto taken = rest.first(size);
        rest = rest.subspan(size);
        return taken;
    };
    read_names(as_text(take(head.names_bytes)), its);
    its.config = as_text(take(head.config_bytes));
    const auto state = take(head.state_bytes);
    its.state.assign(state.begin(), state.end());
    reader.bytes_ = bytes;
    reader.at_ = std::min(aligned(bytes.size() - rest.size()), bytes.size());
    return reader;
}

RecordingReader::Block RecordingReader::next() {
    const auto rest = bytes_.subspan(at_);
    if (rest.empty() || !fault_.empty()) return {};
    const auto fail = [&](std::string_view why) {
        fault_ = fmt::format("at byte {}: {}; {} bytes from there on are not used", at_, why,
                             rest.size());
        return Block{};
    };
    BlockHead head;
    if (rest.size() < sizeof head) return fail("a torn block");
    std::memcpy(&head, rest.data(), sizeof head);
    if (head.magic != block_magic || head.count == 0 || head.count > recorded_per_block_max)
        return fail("no block of records");
    const std::size_t size = head.count * sizeof(Recorded);
    if (size > rest.size() - sizeof head) return fail("a torn block");
    const auto bytes = rest.subspan(sizeof head, size);
    if (checksum_of(head, bytes) != head.checksum) return fail("a changed block");
    at_ += sizeof head + size;
    return {head.first, {reinterpret_cast<const Recorded*>(bytes.data()), head.count}};
}

}  // namespace scram
