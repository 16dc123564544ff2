#include "tests/exchange/endpoint.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace scram::okxsim {
namespace {

using std::chrono::seconds;

constexpr std::array endpoints{
    Endpoint{.name = "mass-cancel",
             .method = "POST",
             .path = "/api/v5/trade/mass-cancel",
             .answering = answer_mass_cancel,
             .permission = "trade"},
    Endpoint{.name = "time", .method = "GET", .path = "/api/v5/public/time", .answering = nullptr},
    Endpoint{.name = "families",
             .method = "GET",
             .path = "/api/v5/public/instrument-tick-bands",
             .answering = nullptr},
    Endpoint{.name = "instruments",
             .method = "GET",
             .path = "/api/v5/public/instruments",
             .answering = nullptr},
    Endpoint{.name = "mark-price",
             .method = "GET",
             .path = "/api/v5/public/mark-price",
             .answering = nullptr},
    Endpoint{.name = "order",
             .method = "POST",
             .path = "/api/v5/trade/order",
             .answering = answer_place_order,
             .limit = {.requests_max = 0},
             .permission = "trade"},
    Endpoint{.name = "amend-order",
             .method = "POST",
             .path = "/api/v5/trade/amend-order",
             .answering = answer_amend_order,
             .limit = {.requests_max = 0},
             .permission = "trade"},
    Endpoint{.name = "orders-pending",
             .method = "GET",
             .path = "/api/v5/trade/orders-pending",
             .answering = answer_orders_pending,
             .limit = {60, seconds(2)}},
    Endpoint{.name = "config",
             .method = "GET",
             .path = "/api/v5/account/config",
             .answering = answer_account_config},
    Endpoint{.name = "mmp-config",
             .method = "GET",
             .path = "/api/v5/account/mmp-config",
             .answering = answer_mmp_config},
    Endpoint{.name = "set-mmp-config",
             .method = "POST",
             .path = "/api/v5/account/mmp-config",
             .answering = answer_set_mmp,
             .limit = {2, seconds(10)},
             .permission = "trade"},
    Endpoint{.name = "mmp-reset",
             .method = "POST",
             .path = "/api/v5/account/mmp-reset",
             .answering = answer_mmp_reset,
             .permission = "trade"},
    Endpoint{.name = "cancel-batch-orders",
             .method = "POST",
             .path = "/api/v5/trade/cancel-batch-orders",
             .answering = answer_cancel_batch,
             .limit = {.requests_max = 0},
             .permission = "trade"},
    Endpoint{.name = "cancel-all-after",
             .method = "POST",
             .path = "/api/v5/trade/cancel-all-after",
             .answering = answer_cancel_all_after,
             .limit = {.requests_max = 0},
             .permission = "trade"},
};

}  // namespace

const Endpoint* find_endpoint(std::string_view method, std::string_view path) {
    const auto* at = std::ranges::find_if(endpoints, [&](const Endpoint& endpoint) {
        return endpoint.method == method && endpoint.path == path;
    });
    return at == endpoints.end() ? nullptr : at;
}

const Endpoint* find_endpoint_by_path(std::string_view path) {
    const auto* at = std::ranges::find(endpoints, path, &Endpoint::path);
    return at == endpoints.end() ? nullptr : at;
}

bool is_endpoint(std::string_view name) {
    return std::ranges::find(endpoints, name, &Endpoint::name) != endpoints.end();
}

std::string endpoint_names() {
    std::string names;
    for (const Endpoint& endpoint : endpoints) names += fmt::format("{}, ", endpoint.name);
    return names.substr(0, names.size() - 2);
}

}  // namespace scram::okxsim
