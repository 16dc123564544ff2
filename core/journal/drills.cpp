#include "core/journal/drills.h"

#include <algorithm>

#include "core/model/drill.h"

namespace scram {
namespace {

std::string_view account_of(std::string_view family) {
    return family.substr(0, family.find('/'));
}

}  // namespace

void Drills::see(const JournalRecord& record) {
    const Texts texts = texts_of(record);
    if (record.kind == RecordKind::drilled) return count(texts.subject, record.wall_ms);
    if (record.kind == RecordKind::tripped && is_drill(texts.who, texts.text)) {
        if (open_.size() == drills_open_max) open_.erase(open_.begin());
        open_.push_back({record.trip, record.wall_ms});
        return;
    }
    if (record.kind != RecordKind::latched && record.kind != RecordKind::verified) return;
    Open* drill = find(record.trip);
    if (drill == nullptr) return;
    if (record.kind == RecordKind::latched)
        drill->families.emplace(texts.subject);
    else
        verify(*drill, texts.subject);
}

void Drills::verify(Open& drill, std::string_view family) {
    const auto found = drill.families.find(family);
    if (found == drill.families.end()) return;
    drill.families.erase(found);
    const auto is_same = [family](const std::string& other) {
        return account_of(other) == account_of(family);
    };
    if (std::any_of(drill.families.begin(), drill.families.end(), is_same)) return;
    count(account_of(family), drill.wall_ms);
}

void Drills::count(std::string_view account, std::int64_t wall_ms) {
    std::int64_t& last = verified_[std::string(account)];
    last = std::max(last, wall_ms);
}

Drills::Open* Drills::find(std::uint64_t trip) {
    const auto found = std::find_if(open_.begin(), open_.end(),
                                    [trip](const Open& drill) { return drill.trip == trip; });
    return found == open_.end() ? nullptr : &*found;
}

std::int64_t Drills::last(std::string_view account) const {
    const auto found = verified_.find(account);
    return found == verified_.end() ? 0 : found->second;
}

JournalRecord drilled_record(std::string_view account, std::int64_t wall_ms) {
    JournalRecord record;
    record.kind = RecordKind::drilled;
    record.wall_ms = wall_ms;
    put_texts({account, {}, {}, {}, "carried over from the file before"}, record);
    return record;
}

}  // namespace scram
