#include "core/status_page/page.h"

#include <atomic>  // for words and fences that another process sees in order: no thread is here
#include <cstring>

#include "core/base/check.h"

namespace scram {
namespace {

constexpr std::uint32_t no_text_yet = 2;
constexpr int tries = 16;
constexpr std::int64_t wall_ms_max = 253'402'300'799'999;  // the year 9999

template <class Word>
void store(Word& word, Word value) {
    std::atomic_ref(word).store(value, std::memory_order_release);
}

// All of a buffer's stores come behind the odd number, and before the even one.
void count_up(std::uint64_t& sequence) {
    std::atomic_thread_fence(std::memory_order_seq_cst);
    store(sequence, sequence + 1);
    std::atomic_thread_fence(std::memory_order_seq_cst);
}

template <class Part>
bool read_part(const PageReadAt& read_at, std::size_t at, Part& part) {
    return read_at(at, std::as_writable_bytes(std::span(&part, 1)));
}

bool is_sound(std::int64_t ns, std::int64_t wall_ms) {
    return ns >= 0 && wall_ms >= 0 && wall_ms <= wall_ms_max;
}

// Why it is no page; empty if it is one.
std::string fault_of(const PageHeader& header, std::size_t size) {
    if (std::string_view(header.magic.data(), header.magic.size()) != page_magic)
        return "is no status page of scramd";
    if (header.version != page_version)
        return "is a status page of version " + std::to_string(header.version) + ", and version " +
               std::to_string(page_version) +
               " is expected: use the scramctl of the scramd that wrote it";
    const bool sound = header.text_max <= page_text_max &&
                       header.size == page_size_for(header.text_max) && header.size == size &&
                       header.latest <= no_text_yet &&
                       is_sound(header.heartbeat_ns, header.heartbeat_wall_ms) &&
                       is_sound(header.started_ns, header.started_wall_ms) &&
                       (header.state == PageState::running || header.state == PageState::ended);
    return sound ? "" : "is damaged: its header contradicts itself, or the file was cut";
}

// False: the text was replaced meanwhile, or is none.
bool read_text(const PageReadAt& read_at, PageContent& page) {
    const std::size_t at = page_buffer_at(page.header.latest, page.header.text_max);
    if (!read_part(read_at, at, page.buffer)) return false;
    if (page.buffer.sequence % 2 != 0 || page.buffer.length > page.header.text_max) return false;
    if (!is_sound(page.buffer.taken_ns, page.buffer.taken_wall_ms)) return false;
    page.text.resize(page.buffer.length);
    if (!read_at(at + sizeof(PageBuffer), std::as_writable_bytes(std::span(page.text))))
        return false;
    std::atomic_thread_fence(std::memory_order_seq_cst);
    PageBuffer again;
    return read_part(read_at, at, again) && again.sequence == page.buffer.sequence;
}

}  // namespace

// ---- Writing ------------------------------------------------------------------------------------

PageWriter::PageWriter(std::span<std::byte> memory, std::uint32_t pid,
                       const std::array<std::uint8_t, 16>& boot, PageMoment now)
    : memory_(memory), text_max_((memory.size() - page_size_for(0)) / 2) {
    check(page_size_for(text_max_) == memory.size() && text_max_ % 64 == 0,
          "a status page is as long as its layout");
    PageHeader& head = header();
    page_magic.copy(head.magic.data(), head.magic.size());
    head.version = page_version;
    head.stale_after_ms = static_cast<std::uint32_t>(page_stale_after / 1ms);
    head.size = memory.size();
    head.text_max = text_max_;
    head.pid = pid;
    head.state = PageState::running;
    head.boot = boot;
    head.started_ns = head.heartbeat_ns = ns_of(now.at);
    head.started_wall_ms = head.heartbeat_wall_ms = now.wall.value;
    head.latest = no_text_yet;
}

PageHeader& PageWriter::header() const {
    return *reinterpret_cast<PageHeader*>(memory_.data());
}
PageBuffer& PageWriter::buffer() const {
    return *reinterpret_cast<PageBuffer*>(memory_.data() + page_buffer_at(filling_, text_max_));
}

void PageWriter::beat(PageMoment now) {
    store(header().heartbeat_wall_ms, now.wall.value);
    store(header().heartbeat_ns, ns_of(now.at));
}

void PageWriter::begin(std::size_t length, PageMoment taken) {
    filling_ = header().latest == 0 ? 1 : 0;
    filled_ = 0;
    PageBuffer& its = buffer();
    if (its.sequence % 2 == 0) count_up(its.sequence);
    its.length = length <= text_max_ ? length : 0;
    its.wanted = length;
    its.taken_ns = ns_of(taken.at);
    its.taken_wall_ms = taken.wall.value;
}

void PageWriter::add(std::string_view piece) {
    piece = piece.substr(0, buffer().length - filled_);
    std::memcpy(reinterpret_cast<std::byte*>(&buffer()) + sizeof(PageBuffer) + filled_,
                piece.data(), piece.size());
    filled_ += piece.size();
}

void PageWriter::publish() {
    count_up(buffer().sequence);
    store(header().latest, filling_);
}

void PageWriter::end(PageMoment now) {
    beat(now);
    store(header().state, PageState::ended);
}

// ---- Reading ------------------------------------------------------------------------------------

std::variant<PageContent, std::string> read_page(std::size_t size, const PageReadAt& read_at) {
    PageContent page{};
    for (int left = tries; left > 0; --left) {
        if (size < sizeof(PageHeader) || !read_part(read_at, 0, page.header))
            return "is too short for a status page of scramd";
        if (std::string fault = fault_of(page.header, size); !fault.empty()) return fault;
        if (page.header.latest == no_text_yet) return page;
        if (read_text(read_at, page)) return page;
    }
    return "is damaged: its text was not whole in " + std::to_string(tries) + " tries";
}

PageLife life_of(const PageHeader& header, Time now, const std::array<std::uint8_t, 16>& boot,
                 bool writer_is_there) {
    if (header.state == PageState::ended) return PageLife::ended;
    if (header.boot != boot || !writer_is_there) return PageLife::gone;
    // A heartbeat that is yet to come is no less wrong than one that is long past.
    const Duration age = now - time_from_ns(header.heartbeat_ns);
    const bool is_fresh = age <= page_stale_after && age >= -page_stale_after;
    return is_fresh ? PageLife::moves : PageLife::hangs;
}

}  // namespace scram
