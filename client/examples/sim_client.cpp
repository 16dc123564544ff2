#include "client/examples/sim_client.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <simdjson.h>

#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>

namespace scram::sample {
namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;

std::string quoted(std::span<const std::string> texts) {
    return texts.empty() ? "" : fmt::format("\"{}\"", fmt::join(texts, "\",\""));
}

std::string order_json(const NewOrder& order) {
    return fmt::format(R"({{"instId":"{}","ordType":"mmp","side":"{}","px":"{}","sz":"{}"}})",
                       order.instrument, order.buy ? "buy" : "sell", order.price, order.size);
}

Placed placed_from(simdjson::dom::element result) {
    std::string_view id, code, reason;
    if (!result["ordId"].get(id)) return {.order_id = std::string(id), .refusal = {}};
    const bool known = !result["code"].get(code);
    const bool explained = !result["msg"].get(reason);
    return {.order_id = {},
            .refusal = fmt::format("{}: {}", known ? code : "no code", explained ? reason : "")};
}

std::vector<Placed> placed_from(const std::string& body) {
    simdjson::dom::parser parser;
    simdjson::dom::element answer;
    simdjson::dom::array results;
    std::vector<Placed> placed;
    if (parser.parse(body).get(answer) || answer["results"].get(results)) return placed;
    for (const simdjson::dom::element result : results) placed.push_back(placed_from(result));
    return placed;
}

}  // namespace

struct SimClient::Connection {
    asio::io_context io{1};
    asio::ip::tcp::socket socket{io};
    std::string host;
    std::string port;
    std::string error;

    void connect();
    std::optional<std::string> exchange(const http::request<http::string_body>& request);
};

SimClient::SimClient(std::string address, std::string account)
    : connection_(std::make_unique<Connection>()), account_(std::move(account)) {
    const auto colon = address.rfind(':');
    connection_->host = address.substr(0, colon);
    connection_->port = colon == address.npos ? "" : address.substr(colon + 1);
}

SimClient::~SimClient() = default;

std::vector<Placed> SimClient::place(std::span<const NewOrder> orders) {
    std::vector<std::string> rows;
    for (const NewOrder& order : orders) rows.push_back(order_json(order));
    const auto body = post("/sim/orders", fmt::format(R"("orders":[{}])", fmt::join(rows, ",")));
    auto placed = body ? placed_from(*body) : std::vector<Placed>{};
    placed.resize(orders.size(), {.order_id = {}, .refusal = body ? "not answered" : error()});
    return placed;
}

bool SimClient::cancel(std::span<const std::string> order_ids) {
    if (order_ids.empty()) return true;
    return post("/sim/cancel", fmt::format(R"("ordIds":[{}])", quoted(order_ids))).has_value();
}

bool SimClient::cancel_family(std::string_view family) {
    return post("/sim/cancel", fmt::format(R"("instFamily":"{}")", family)).has_value();
}

bool SimClient::fill(std::string_view order_id, int size) {
    const auto body = post("/sim/fill", fmt::format(R"("ordId":"{}","sz":"{}")", order_id, size));
    simdjson::dom::parser parser;
    simdjson::dom::element answer;
    std::string_view code;
    return body && !parser.parse(*body).get(answer) && !answer["code"].get(code) && code == "0";
}

const std::string& SimClient::error() const {
    return connection_->error;
}

std::optional<std::string> SimClient::post(std::string_view target, std::string body) {
    http::request<http::string_body> request{http::verb::post, {target.data(), target.size()}, 11};
    request.set(http::field::host, connection_->host);
    request.set(http::field::content_type, "application/json");
    request.body() = fmt::format(R"({{"account":"{}",{}}})", account_, body);
    request.prepare_payload();
    for (const bool last_try : {false, true}) {  // a kept connection may have been closed meanwhile
        const bool fresh = !connection_->socket.is_open();
        try {
            if (fresh) connection_->connect();
            return connection_->exchange(request);
        } catch (const boost::system::system_error& failure) {
            connection_->socket = asio::ip::tcp::socket{connection_->io};
            connection_->error = failure.code().message();
            if (fresh || last_try) break;
        }
    }
    return std::nullopt;
}

void SimClient::Connection::connect() {
    asio::ip::tcp::resolver resolver{io};
    asio::connect(socket, resolver.resolve(host, port));
    socket.set_option(asio::ip::tcp::no_delay(true));
}

std::optional<std::string> SimClient::Connection::exchange(
    const http::request<http::string_body>& request) {
    http::write(socket, request);
    boost::beast::flat_buffer buffer;
    http::response<http::string_body> response;
    http::read(socket, buffer, response);
    if (!response.keep_alive()) socket = asio::ip::tcp::socket{io};
    if (response.result() == http::status::ok) return std::move(response.body());
    error = fmt::format("status {}: {}", response.result_int(), response.body());
    return std::nullopt;
}

}  // namespace scram::sample
