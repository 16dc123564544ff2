#include "core/okx/request.h"

namespace scram {
namespace {

constexpr std::string_view mass_cancel_path = "/api/v5/trade/mass-cancel";
constexpr std::string_view account_config_path = "/api/v5/account/config";
constexpr std::string_view orders_pending_path =
    "/api/v5/trade/orders-pending?instType=OPTION&instFamily=";
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

}  // namespace

std::string mass_cancel_body(std::string_view inst_family, milliseconds lock) {
    std::string out = R"({"instType":"OPTION","instFamily":")";
    out.append(inst_family).append(R"(","lockInterval":")");
    out.append(std::to_string(lock.count())).append(R"("})");
    return out;
}

std::string prehash_of(PrivateRequest what, std::string_view inst_family, milliseconds lock) {
    std::string out(timestamp_size, ' ');
    switch (what) {
        case PrivateRequest::mass_cancel:
            out.append("POST").append(mass_cancel_path);
            return out.append(mass_cancel_body(inst_family, lock));
        case PrivateRequest::account_config:
            return out.append("GET").append(account_config_path);
        case PrivateRequest::orders_pending:
            return out.append("GET").append(orders_pending_path).append(inst_family);
    }
    return out;
}

ArmedRequest::ArmedRequest(const RequestIdentity& identity, std::string_view inst_family,
                           milliseconds lock) {
    const std::string body = mass_cancel_body(inst_family, lock);
    bytes_ = head("POST", mass_cancel_path, identity.host);
    add_header(bytes_, "Content-Type", "application/json");
    add_header(bytes_, "Content-Length", std::to_string(body.size()));
    add_header(bytes_, "OK-ACCESS-KEY", identity.key);
    add_header(bytes_, "OK-ACCESS-PASSPHRASE", identity.passphrase);
    timestamp_at_ = add_blank(bytes_, "OK-ACCESS-TIMESTAMP", timestamp_size);
    signature_at_ = add_blank(bytes_, "OK-ACCESS-SIGN", signature_size);
    if (identity.simulated_trading) add_header(bytes_, "x-simulated-trading", "1");
    bytes_.append("\r\n").append(body);
    prehash_ = prehash_of(PrivateRequest::mass_cancel, inst_family, lock);
}

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

std::string rehearsal_request(std::string_view host) {
    return head("GET", time_path, host).append("\r\n");
}

std::string option_families_request(std::string_view host, bool simulated_trading) {
    std::string request = head("GET", "/api/v5/public/instrument-tick-bands?instType=OPTION", host);
    if (simulated_trading) add_header(request, "x-simulated-trading", "1");
    return request.append("\r\n");
}

}  // namespace scram
