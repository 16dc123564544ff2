#include "tests/exchange/delivery.h"

#include <fmt/format.h>

#include <string_view>

namespace scram::okxsim {
namespace {

constexpr std::size_t chunk_size = 7;  // small enough to cut through every token

std::string_view reason(int status) {
    switch (status) {
        case 200:
            return "OK";
        case 400:
            return "Bad Request";
        case 401:
            return "Unauthorized";
        case 403:
            return "Forbidden";
        case 404:
            return "Not Found";
        case 405:
            return "Method Not Allowed";
        case 410:
            return "Gone";
        case 413:
            return "Payload Too Large";
        case 429:
            return "Too Many Requests";
        case 500:
            return "Internal Server Error";
        case 503:
            return "Service Unavailable";
        default:
            return "Unknown";
    }
}

std::string head(const Answer& answer, bool keep_alive, std::string_view framing) {
    return fmt::format(
        "HTTP/1.1 {} {}\r\nServer: okxsim\r\nContent-Type: {}\r\n{}{}\r\nConnection: {}\r\n\r\n",
        answer.status, reason(answer.status), answer.content_type,
        answer.encoding.empty() ? "" : fmt::format("Content-Encoding: {}\r\n", answer.encoding),
        framing, keep_alive ? "keep-alive" : "close");
}

std::string whole(const Answer& answer, bool keep_alive) {
    return head(answer, keep_alive, fmt::format("Content-Length: {}", answer.body.size())) +
           answer.body;
}

std::vector<std::string> chunks(const Answer& answer, bool keep_alive) {
    std::vector<std::string> pieces{head(answer, keep_alive, "Transfer-Encoding: chunked")};
    for (std::size_t at = 0; at < answer.body.size(); at += chunk_size) {
        const std::string part = answer.body.substr(at, chunk_size);
        pieces.push_back(fmt::format("{:x}\r\n{}\r\n", part.size(), part));
    }
    pieces.emplace_back("0\r\n\r\n");
    return pieces;
}

Delivery spoiled(const Answer& answer, bool keep_alive, FaultKind kind) {
    switch (kind) {
        case FaultKind::silent:
        case FaultKind::silent_done:
            return {.ending = Ending::mute};
        case FaultKind::reset:
        case FaultKind::reset_done:
            return {.ending = Ending::reset};
        case FaultKind::close:
            return deliver(answer, false);
        case FaultKind::half: {
            const std::string text = whole(answer, keep_alive);
            return {.pieces = {text.substr(0, text.size() / 2)}, .ending = Ending::cut};
        }
        case FaultKind::half_body: {
            const std::string text = whole(answer, keep_alive);
            return {.pieces = {text.substr(0, text.size() - answer.body.size() / 2)},
                    .ending = Ending::cut};
        }
        case FaultKind::chunked: {
            Delivery delivery = deliver(answer, keep_alive);
            delivery.pieces = chunks(answer, keep_alive);
            return delivery;
        }
        case FaultKind::continue100: {
            Delivery delivery = deliver(answer, keep_alive);
            delivery.pieces.insert(delivery.pieces.begin(), "HTTP/1.1 100 Continue\r\n\r\n");
            return delivery;
        }
        case FaultKind::delay:
        case FaultKind::html:
        case FaultKind::numeric:
        case FaultKind::limited429:
        case FaultKind::unavailable503:
        case FaultKind::result_false:
        case FaultKind::nothing_left:
        case FaultKind::code:
        case FaultKind::garbage:
        case FaultKind::long_body:
        case FaultKind::endless:
        case FaultKind::loop:
        case FaultKind::crowd:
        case FaultKind::foreign:
        case FaultKind::truncated:
        case FaultKind::numbers:
        case FaultKind::gzip:
        case FaultKind::numeric429:
        case FaultKind::missing:
            break;
    }
    return deliver(answer, keep_alive);
}

}  // namespace

Delivery deliver(const Answer& answer, bool keep_alive) {
    return {.pieces = {whole(answer, keep_alive)},
            .ending = keep_alive ? Ending::keep : Ending::close};
}

Delivery deliver(const Answer& answer, bool keep_alive, const Fault& fault) {
    Delivery delivery = spoiled(answer, keep_alive && !fault.close, fault.kind);
    delivery.delay = fault.delay;
    return delivery;
}

}  // namespace scram::okxsim
