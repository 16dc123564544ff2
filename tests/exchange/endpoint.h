// The private endpoints: what each is called, who may call it how often, and who answers.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "tests/exchange/message.h"
#include "tests/exchange/seat.h"
#include "tests/exchange/window.h"

namespace scram::okxsim {

// An authenticated request.
struct Call {
    const Request& request;
    Now now;
    Seat& seat;
    const std::vector<std::string>& families;  // those that exist; empty: any of the right form
    WindowKind window_kind;
    OrderId& last_order_id;

    // For limits that are kept per tag or family: known only once the request is read.
    bool admit(std::string_view what, Limit limit, int weight = 1) const {
        return seat.admit(what, limit, now, window_kind, weight);
    }
};

using Answering = Answer (*)(const Call&);

struct Endpoint {
    std::string_view name;  // for faults and for the state
    std::string_view method;
    std::string_view path;
    Answering answering;  // null: public, the exchange answers itself
    Limit limit{};        // per User ID; 0 requests: the answering counts
    std::string_view permission{"read_only"};
};

// Null where there is none; `by_path` is the first with this path, whatever its method.
const Endpoint* find_endpoint(std::string_view method, std::string_view path);
const Endpoint* find_endpoint_by_path(std::string_view path);
bool is_endpoint(std::string_view name);
std::string endpoint_names();  // all, for a person

Answer answer_mass_cancel(const Call& call);
Answer answer_orders_pending(const Call& call);
Answer answer_account_config(const Call& call);
Answer answer_mmp_config(const Call& call);
Answer answer_set_mmp(const Call& call);
Answer answer_mmp_reset(const Call& call);
Answer answer_place_order(const Call& call);
Answer answer_amend_order(const Call& call);
Answer answer_cancel_batch(const Call& call);
Answer answer_cancel_all_after(const Call& call);

// Public ones about a family's instruments; `families` are those that exist.
Answer answer_instruments(const Request& request, const std::vector<std::string>& families);
Answer answer_mark_price(const Request& request, const std::vector<std::string>& families);

}  // namespace scram::okxsim
