#include "core/okx/request.h"

#include "core/base/check.h"

namespace scram {
namespace {

constexpr std::string_view mass_cancel_path = "/api/v5/trade/mass-cancel";
constexpr std::string_view account_config_path = "/api/v5/account/config";
constexpr std::string_view mmp_config_path = "/api/v5/account/mmp-config?instFamily=";
constexpr std::string_view orders_path = "/api/v5/trade/orders-pending?instType=OPTION&instFamily=";
// Commas as in OKX's own example. They may stand in a query (RFC 3986), and what is sent must be
// what was signed, byte by byte.
constexpr std::string_view of_mmp = "&ordType=mmp,mmp_and_post_only";
constexpr std::string_view cancel_orders_path = "/api/v5/trade/cancel-batch-orders";
constexpr std::string_view cancel_all_after_path = "/api/v5/trade/cancel-all-after";
constexpr std::string_view time_path = "/api/v5/public/time";
constexpr std::string_view user_agent = "scramd/" SCRAM_PROJECT_VERSION;

void add_header(std::string& to, std::string_view name, std::string_view value) {
    to.append(name).append(": ").append(value).append("\r\n");
}

std::string head(std::string_view method, std::string_view path, std::string_view host) {
    std::string out;
    out.append(method).append(" ").append(path).append(" HTTP/1.1\r\n");
    add_header(out, "Host", host);
    add_header(out, "User-Agent", user_agent);
    add_header(out, "Accept", "application/json");
    return out;
}

// Adds a header whose value is filled in later; says where that value starts.
std::size_t add_blank(std::string& to, std::string_view name, std::size_t size) {
    add_header(to, name, std::string(size, ' '));
    return to.size() - size - 2;
}

// What a call is on the wire, but for the headers.
struct Target {
    std::string_view method;
    std::string path;
    std::string body{};
};

std::string orders_page(const PrivateCall& call, std::string_view types) {
    std::string path(orders_path);
    path.append(call.inst_family).append(types);
    path.append("&limit=").append(std::to_string(orders_per_page));
    if (call.after != 0) path.append("&after=").append(std::to_string(call.after));
    return path;
}

std::string cancel_orders_body(std::span<const OrderRef> orders) {
    std::string out;
    for (const OrderRef& order : orders) {
        out.append(out.empty() ? "[" : ",").append(R"({"instId":")").append(order.inst_id.view());
        out.append(R"(","ordId":")").append(std::to_string(order.ord_id)).append(R"("})");
    }
    return out.append("]");
}

std::string cancel_all_after_body(const PrivateCall& call) {
    std::string out = R"({"timeOut":")" + std::to_string(call.timeout_s);
    if (!call.tag.empty()) out.append(R"(","tag":")").append(call.tag);
    return out.append(R"("})");
}

Target target_of(const PrivateCall& call) {
    switch (call.what) {
        case PrivateRequest::mass_cancel:
            return {"POST", std::string(mass_cancel_path),
                    mass_cancel_body(call.inst_family, call.lock)};
        case PrivateRequest::account_config:
            return {"GET", std::string(account_config_path)};
        case PrivateRequest::mmp_config:
            return {"GET", std::string(mmp_config_path).append(call.inst_family)};
        case PrivateRequest::mmp_orders:
            return {"GET", orders_page(call, of_mmp)};
        case PrivateRequest::all_orders:
            return {"GET", orders_page(call, "")};
        case PrivateRequest::cancel_orders:
            return {"POST", std::string(cancel_orders_path), cancel_orders_body(call.orders)};
        case PrivateRequest::cancel_all_after:
            return {"POST", std::string(cancel_all_after_path), cancel_all_after_body(call)};
    }
    check(false, "a request of the list");
    return {};
}

std::string prehash_of(const Target& target) {
    std::string out(timestamp_size, ' ');
    return out.append(target.method).append(target.path).append(target.body);
}

}  // namespace

std::string mass_cancel_body(std::string_view inst_family, milliseconds lock) {
    std::string out = R"({"instType":"OPTION","instFamily":")";
    out.append(inst_family).append(R"(","lockInterval":")");
    out.append(std::to_string(lock.count())).append(R"("})");
    return out;
}

std::string prehash_of(const PrivateCall& call) {
    return prehash_of(target_of(call));
}

ArmedRequest::ArmedRequest(const RequestIdentity& identity, const PrivateCall& call) {
    const Target target = target_of(call);
    bytes_ = head(target.method, target.path, identity.host);
    if (!target.body.empty()) {
        add_header(bytes_, "Content-Type", "application/json");
        add_header(bytes_, "Content-Length", std::to_string(target.body.size()));
    }
    add_header(bytes_, "OK-ACCESS-KEY", identity.key);
    add_header(bytes_, "OK-ACCESS-PASSPHRASE", identity.passphrase);
    timestamp_at_ = add_blank(bytes_, "OK-ACCESS-TIMESTAMP", timestamp_size);
    signature_at_ = add_blank(bytes_, "OK-ACCESS-SIGN", signature_size);
    if (identity.simulated_trading) add_header(bytes_, "x-simulated-trading", "1");
    bytes_.append("\r\n").append(target.body);
    prehash_ = prehash_of(target);
}

ArmedRequest::ArmedRequest(const RequestIdentity& identity, std::string_view inst_family,
                           milliseconds lock)
    : ArmedRequest(identity, PrivateCall{.what = PrivateRequest::mass_cancel,
                                         .inst_family = inst_family,
                                         .lock = lock}) {}

bool ArmedRequest::refresh(Signer& signer, WallMillis now) {
    const TimestampText timestamp = timestamp_text(now);
    prehash_.replace(0, timestamp_size, timestamp.data(), timestamp_size);
    SignatureText signature;
    if (!signer.sign(prehash_, signature)) return false;
    renew(now, signature);
    return true;
}

void ArmedRequest::renew(WallMillis at, const SignatureText& signature) {
    const TimestampText timestamp = timestamp_text(at);
    bytes_.replace(timestamp_at_, timestamp_size, timestamp.data(), timestamp_size);
    bytes_.replace(signature_at_, signature_size, signature.data(), signature_size);
    signed_at_ = at;
}

std::string call_bytes(const RequestIdentity& identity, const PrivateCall& call, WallMillis at,
                       const SignatureText& signature) {
    ArmedRequest request(identity, call);
    request.renew(at, signature);
    return std::string(request.bytes());
}

std::string rehearsal_request(std::string_view host) {
    return head("GET", time_path, host).append("\r\n");
}

std::string option_families_request(std::string_view host, bool simulated_trading) {
    std::string request = head("GET", "/api/v5/public/instrument-tick-bands?instType=OPTION", host);
    if (simulated_trading) add_header(request, "x-simulated-trading", "1");
    return request.append("\r\n");
}

}  // namespace scram
