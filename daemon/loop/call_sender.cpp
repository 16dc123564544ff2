#include "daemon/loop/call_sender.h"

#include <algorithm>
#include <utility>

namespace scram {

CallSender::CallSender(const Config& config, SignerClient& signer, const Links& links)
    : signer_(signer), links_(links) {
    for (const LinkTarget& target : link_targets(config.plan, config.exchange.hosts.size()))
        hosts_.push_back(config.exchange.hosts[target.host]);
    waiting_.resize(hosts_.size());
    for (const AccountSpec& account : config.plan.accounts)
        tags_.push_back(account.dead_man ? account.dead_man->tag : std::string());
    for (const AccountKey& account : signer.keys()) {
        identities_.push_back(
            {"", account.key, account.passphrase.reveal(), config.exchange.simulated_trading});
    }
    for (const FamilySpec& family : config.plan.families) families_.push_back(family.inst_family);
}

void CallSender::ask(const Call& call, std::span<const OrderRef> orders, WallMillis when,
                     Time now) {
    SignRequest request{};
    request.number = ++asked_;
    request.timestamp = when.value;
    request.account = static_cast<std::uint16_t>(call.account);
    request.family = static_cast<std::uint16_t>(call.family);
    request.after = call.after;
    request.at = static_cast<std::uint32_t>(index(call.link));
    request.timeout_s = static_cast<std::uint8_t>(call.timeout_s);
    request.what = static_cast<std::uint8_t>(call.what);
    waiting_[index(call.link)] = Waiting{call, {orders.begin(), orders.end()}, when, now, asked_};
    if (call.what == PrivateRequest::cancel_orders) return signer_.ask(request, orders);
    signer_.ask({&request, 1});
}

std::optional<CallSender::Done> CallSender::take(const SignAnswer& answer) {
    const std::size_t link = answer.at;
    if (link >= waiting_.size() || !waiting_[link]) return std::nullopt;
    // An earlier call's, whose signature was not waited for any longer.
    if (waiting_[link]->number != answer.number) return std::nullopt;
    const Waiting its = *std::exchange(waiting_[link], std::nullopt);
    return Done{id_at<LinkId>(link), send(its, answer.signature)};
}

bool CallSender::send(const Waiting& its, const SignatureText& signature) {
    PrivateCall call{.what = its.call.what,
                     .after = its.call.after,
                     .timeout_s = its.call.timeout_s,
                     .orders = its.orders};
    if (its.call.what == PrivateRequest::cancel_all_after) call.tag = tag_of(its.call.account);
    if (its.call.family != none<FamilyId>()) call.inst_family = families_[index(its.call.family)];
    RequestIdentity identity = identities_[index(its.call.account)];
    identity.host = hosts_[index(its.call.link)];
    const std::string bytes = call_bytes(identity, call, its.when, signature);
    return links_[index(its.call.link)]->send(std::string_view(bytes));
}

std::optional<CallSender::Done> CallSender::give_up(Time now) {
    for (std::size_t l = 0; l < waiting_.size(); ++l) {
        if (!waiting_[l] || now - waiting_[l]->asked_at < patience) continue;
        waiting_[l].reset();
        return Done{id_at<LinkId>(l), false};
    }
    return std::nullopt;
}

bool CallSender::any_waits() const {
    return std::ranges::any_of(waiting_, [](const auto& its) { return its.has_value(); });
}

}  // namespace scram
