#include "core/status_page/page.h"

#include <doctest/doctest.h>

#include <cstring>
#include <limits>
#include <vector>

using namespace scram;

namespace {

using Bytes = std::vector<std::byte>;
constexpr std::array<std::uint8_t, 16> this_boot{1, 2, 3}, other_boot{9};

struct Page {
    alignas(8) Bytes memory = Bytes(page_size_for(128));
    PageWriter writer{memory, 7, this_boot, {Time{5s}, WallMillis{1000}}};

    void write(std::string_view text, Time taken = Time{6s}) {
        writer.begin(text.size(), {taken, WallMillis{2000}});
        writer.add(text.substr(0, text.size() / 2));
        writer.add(text.substr(text.size() / 2));
        writer.publish();
    }
    PageHeader& header() { return *reinterpret_cast<PageHeader*>(memory.data()); }
    PageBuffer& buffer(std::uint32_t which) {
        return *reinterpret_cast<PageBuffer*>(memory.data() + page_buffer_at(which, 128));
    }
};

PageReadAt reads(const Bytes& bytes) {
    return [&bytes](std::size_t at, std::span<std::byte> out) {
        if (at > bytes.size() || out.size() > bytes.size() - at) return false;
        std::memcpy(out.data(), bytes.data() + at, out.size());
        return true;
    };
}

PageContent content(const Bytes& bytes) {
    auto read = read_page(bytes.size(), reads(bytes));
    const auto* why = std::get_if<std::string>(&read);
    REQUIRE_MESSAGE(why == nullptr, (why != nullptr ? *why : ""));
    return std::get<PageContent>(read);
}

std::string fault(const Bytes& bytes) {
    auto read = read_page(bytes.size(), reads(bytes));
    const auto* why = std::get_if<std::string>(&read);
    return why != nullptr ? *why : "none";
}

}  // namespace

TEST_CASE("status page: what was written is read, the latest of it") {
    Page page;
    CHECK(content(page.memory).text.empty());
    CHECK(content(page.memory).buffer.wanted == 0);
    for (const char* text : {"one", "another", "a third"}) {
        page.write(text);
        CHECK(content(page.memory).text == text);
    }
    const PageContent read = content(page.memory);
    CHECK(read.header.pid == 7);
    CHECK(read.header.started_ns == ns_of(Time{5s}));
    CHECK(read.buffer.taken_ns == ns_of(Time{6s}));
    CHECK(read.buffer.taken_wall_ms == 2000);
}

TEST_CASE("status page: while a text is being written, the one before is read") {
    Page page;
    page.write("whole");
    page.writer.begin(8, {Time{7s}, WallMillis{3000}});
    page.writer.add("half");
    CHECK(content(page.memory).text == "whole");
    // One that was begun and given up.
    page.write("next");
    CHECK(content(page.memory).text == "next");
}

TEST_CASE("status page: a text that has no room is told by its length, and the next is read") {
    Page page;
    page.write(std::string(129, 'x'));
    CHECK(content(page.memory).text.empty());
    CHECK(content(page.memory).buffer.wanted == 129);
    page.write(std::string(128, 'x'));
    CHECK(content(page.memory).text == std::string(128, 'x'));
}

TEST_CASE("status page: a reader that is overtaken reads again") {
    Page page;
    page.write("before");
    int reads_left = 3;  // header, buffer, text: then the writer goes round twice
    const auto read_at = [&](std::size_t at, std::span<std::byte> out) {
        const bool done = reads(page.memory)(at, out);
        if (--reads_left == 0) {
            page.write("during");
            page.write("after");
        }
        return done;
    };
    const auto read = read_page(page.memory.size(), read_at);
    CHECK(std::get<PageContent>(read).text == "after");
}

TEST_CASE("status page: a reader ends, whatever stands there") {
    Page page;
    page.write("text");
    const Bytes good = page.memory;
    const auto with = [&](auto change) {
        page.memory = good;
        change(page);
        return fault(page.memory);
    };
    const auto latest = content(good).header.latest;
    CHECK(fault({}).find("too short") != std::string::npos);
    CHECK(fault(Bytes(4096)).find("no status page") != std::string::npos);
    CHECK(fault(Bytes(good.begin(), good.end() - 1)).find("cut") != std::string::npos);
    CHECK(with([](Page& its) { its.header().version = 2; }).find("of version 2") !=
          std::string::npos);
    CHECK(with([](Page& its) { its.header().text_max = ~std::uint64_t{0}; }).find("damaged") == 3);
    CHECK(with([](Page& its) { its.header().latest = 3; }).find("damaged") == 3);
    CHECK(with([](Page& its) { its.header().state = PageState{0}; }).find("damaged") == 3);
    CHECK(with([](Page& its) {
              its.header().heartbeat_ns = std::numeric_limits<std::int64_t>::min();
          }).find("damaged") == 3);
    CHECK(with([](Page& its) {
              its.header().heartbeat_wall_ms = std::numeric_limits<std::int64_t>::max();
          }).find("damaged") == 3);
    CHECK(with([&](Page& its) { its.buffer(latest).sequence += 1; }).find("not whole") !=
          std::string::npos);
    CHECK(with([&](Page& its) { its.buffer(latest).length = 129; }).find("not whole") !=
          std::string::npos);
    CHECK(with([&](Page& its) { its.buffer(latest).taken_ns = -1; }).find("not whole") !=
          std::string::npos);
}

TEST_CASE("status page: a reader of a page that changes without end gives up") {
    Page page;
    page.write("text");
    std::size_t reads_done = 0;
    const auto read_at = [&](std::size_t at, std::span<std::byte> out) {
        ++reads_done;
        for (const std::uint32_t which : {0u, 1u}) page.buffer(which).sequence += 2;
        return reads(page.memory)(at, out);
    };
    CHECK(std::holds_alternative<std::string>(read_page(page.memory.size(), read_at)));
    CHECK(reads_done < 100);
}

TEST_CASE("status page: whether its writer moves is told by heartbeat, lock and end mark") {
    Page page;
    const auto life = [&](Duration after, bool there = true,
                          const std::array<std::uint8_t, 16>& boot = this_boot) {
        return life_of(content(page.memory).header, Time{5s} + after, boot, there);
    };
    CHECK(life(0s) == PageLife::moves);
    CHECK(life(page_stale_after) == PageLife::moves);
    CHECK(life(page_stale_after + 1ms) == PageLife::hangs);
    CHECK(life(-page_stale_after - 1ms) == PageLife::hangs);
    CHECK(life(0s, false) == PageLife::gone);
    CHECK(life(0s, true, other_boot) == PageLife::gone);
    page.writer.beat({Time{65s}, WallMillis{61000}});
    CHECK(life(60s) == PageLife::moves);
    page.writer.end({Time{65s}, WallMillis{61000}});
    CHECK(life(60s) == PageLife::ended);
    CHECK(life(600s, false) == PageLife::ended);
    CHECK(content(page.memory).header.heartbeat_wall_ms == 61000);
}
