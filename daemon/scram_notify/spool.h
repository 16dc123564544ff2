// The spool: what each target is still to be sent, as files that survive any end of the process.
//
//     spool.put(target, notice) ...   not on the disk yet, and not delivered before it is
//     spool.write()                   files, synced; then the cursor, which names last(); then:
//     spool.commit()                  what was put may be delivered
//     spool.next(target)              the most severe, of those the oldest
//     spool.taken(), set_aside()      its file is removed, or moved to dead/
//
// A start forgets files behind the cursor's last(): what they tell is told again, by the cursor.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <variant>
#include <vector>

#include "core/notice/notice.h"

namespace scram {

class Spool {
  public:
    static constexpr std::size_t notices_max = 1000;  // of each target
    static constexpr std::size_t dead_max = 100;      // files of each target that are kept

    struct Entry {
        std::uint64_t number = 0;  // in the order of put()
        Notice notice;
        int refusals = 0;  // by its receiver, in this process
        bool is_stored = false;
        bool is_committed = false;
    };

    // `last`: the cursor's; none: every file counts. The error says what cannot be used.
    static std::variant<Spool, std::string> open(std::string folder,
                                                 std::vector<std::string> targets,
                                                 const std::uint64_t* last);

    void put(std::size_t target, Notice notice);
    // False: trouble() says why; to be called again. Nothing is committed before it is true.
    bool write();
    void commit();
    std::uint64_t last() const { return last_; }

    const Entry* next(std::size_t target) const;  // null: none
    void taken(std::size_t target, std::uint64_t number);
    // Its receiver has refused it once more; how often it has.
    int refused(std::size_t target, std::uint64_t number);
    // It is given up, and kept for a person.
    void set_aside(std::size_t target, std::uint64_t number);

    std::size_t size(std::size_t target) const { return queues_[target].entries.size(); }
    // Notices that found no room and were not told of so far.
    std::uint64_t dropped(std::size_t target) const { return queues_[target].dropped; }
    void set_dropped(std::size_t target, std::uint64_t count) { queues_[target].dropped = count; }
    const std::string& trouble() const { return trouble_; }
    // Files at the start that were no notices, and those removed as not committed.
    std::size_t unreadable() const { return unreadable_; }

  private:
    struct Queue {
        std::string folder;
        std::map<std::uint64_t, Entry> entries;
        std::uint64_t dropped = 0;
        bool is_dirty = false;  // names that are not synced
    };
    Spool() = default;
    std::string load(Queue& queue, const std::uint64_t* last);
    void make_room(Queue& queue);
    static std::string path_of(const Queue& queue, std::uint64_t number);

    std::vector<Queue> queues_;
    std::uint64_t last_ = 0;
    std::size_t unreadable_ = 0;
    std::string trouble_;
};

}  // namespace scram
