#include "tests/exchange/lies.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <regex>

#include "tests/exchange/codes.h"
#include "tests/exchange/orders_pending.h"

namespace scram::okxsim {
namespace {

constexpr OrderId made_up = 1'000'000'000'000'000'000;  // ids of orders that nobody placed
constexpr OrderId crowd_size = 10'000;

// An order that the query asks for.
Order wanted(const OrdersQuery& query) {
    const std::string types = query.order_types.empty() ? "mmp" : query.order_types;
    const std::string family = query.family.empty() ? "BTC-USD" : query.family;
    return {.instrument = query.instrument.empty() ? family + "-261225-60000-C" : query.instrument,
            .type = types.substr(0, types.find(',')),
            .side = "buy",
            .price = "0.1",
            .size = 1};
}

// So many rows with ids from `newest` down, but none at or below `floor`.
Answer page(const OrdersQuery& query, OrderId newest, OrderId floor) {
    std::string rows;
    const Order order = wanted(query);
    for (std::size_t i = 0; i < query.rows && newest - i > floor; ++i) {
        rows += (i == 0 ? "" : ",") + order_row(newest - i, order);
    }
    return succeed("[" + rows + "]");
}

Answer foreign_orders(const OrdersQuery& query) {
    Order other = wanted(query);
    other.instrument = "XRP-USD-261225-2-P";
    std::string swap = order_row(made_up, {.instrument = "BTC-USD-SWAP",
                                           .type = "limit",
                                           .side = "sell",
                                           .price = "60000",
                                           .size = 1});
    swap = std::regex_replace(swap, std::regex(R"("instType":"OPTION")"), R"("instType":"SWAP")");
    return succeed("[" + swap + "," + order_row(made_up + 1, other) + "]");
}

Answer orders(FaultKind kind, const Request& request, Answer honest) {
    const auto query = orders_query(request);
    if (!query || request.path() != "/api/v5/trade/orders-pending") return honest;
    const OrderId top = std::min(query->after - 1, made_up + crowd_size);
    if (kind == FaultKind::foreign) return foreign_orders(*query);
    if (kind == FaultKind::loop) return page(*query, made_up + crowd_size, made_up);
    return page(*query, top, kind == FaultKind::crowd ? made_up : 0);
}

Answer reworded(Answer answer, const std::string& what, const std::string& by) {
    answer.body = std::regex_replace(answer.body, std::regex(what), by);
    return answer;
}

std::uint32_t crc32(std::string_view text) {
    std::uint32_t sum = ~0U;
    for (const char c : text) {
        sum ^= static_cast<unsigned char>(c);
        for (int bit = 0; bit < 8; ++bit) sum = (sum >> 1U) ^ ((sum & 1U) ? 0xEDB88320U : 0U);
    }
    return ~sum;
}

void append(std::string& out, std::uint32_t value, int bytes) {  // the low byte first
    for (int i = 0; i < bytes; ++i) out += static_cast<char>(value >> (8 * i));
}

// RFC 1952 around stored blocks, RFC 1951: a valid gzip body needs no compression.
std::string gzipped(std::string_view text) {
    constexpr std::size_t block_max = 65535;
    std::string out("\x1f\x8b\x08\0\0\0\0\0\0\xff", 10);
    std::size_t at = 0;
    do {
        const std::string_view block = text.substr(at, block_max);
        at += block.size();
        const auto size = static_cast<std::uint32_t>(block.size());
        append(out, at == text.size() ? 1 : 0, 1);
        append(out, size, 2);
        append(out, ~size, 2);
        out += block;
    } while (at < text.size());
    append(out, crc32(text), 4);
    append(out, static_cast<std::uint32_t>(text.size()), 4);
    return out;
}

}  // namespace

bool is_lie(FaultKind kind) {
    using enum FaultKind;
    constexpr std::array all{endless, loop, crowd, foreign, truncated, numbers, missing, gzip};
    return std::ranges::find(all, kind) != all.end();
}

Answer lie(const Fault& fault, const Request& request, Answer honest) {
    if (fault.kind == FaultKind::truncated) {
        honest.body.resize(honest.body.size() / 2);
        return honest;
    }
    if (fault.kind == FaultKind::numbers) {
        return reworded(std::move(honest), R"re(:"(-?\d+(\.\d+)?)")re", ":$1");
    }
    if (fault.kind == FaultKind::gzip) {
        honest.body = gzipped(honest.body);
        honest.encoding = "gzip";
        return honest;
    }
    if (fault.kind == FaultKind::missing) {
        const std::string field = fault.field.empty() ? "ordId" : fault.field;
        return reworded(std::move(honest), "\"" + field + R"re(":("[^"]*"|[^,}\]]*),?)re", "");
    }
    return orders(fault.kind, request, std::move(honest));
}

}  // namespace scram::okxsim
