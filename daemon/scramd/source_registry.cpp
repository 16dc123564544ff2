#include "daemon/scramd/source_registry.h"

#include <fmt/format.h>

#include <algorithm>

namespace scram {
namespace {

// The index of the item so named, or the list of names for an error.
template <class Items, class NameOf>
std::optional<std::size_t> find_named(const Items& items, std::string_view name, NameOf name_of) {
    const auto at = std::find_if(items.begin(), items.end(),
                                 [&](const auto& item) { return name_of(item) == name; });
    if (at == items.end()) return std::nullopt;
    return static_cast<std::size_t>(at - items.begin());
}

template <class Items, class NameOf>
std::string list_names(const Items& items, NameOf name_of) {
    std::string out;
    for (const auto& item : items) {
        out.append(out.empty() ? "" : ", ").append(name_of(item));
        if (out.size() > 160) return out + ", ...";
    }
    return out;
}

const auto name_member = [](const auto& item) -> const std::string& { return item.name; };
const auto itself = [](const std::string& item) -> const std::string& { return item; };

}  // namespace

// Who may not publish is not told what there is.
std::variant<SourceId, std::string> SourceRegistry::attach(std::string_view name,
                                                           const Peer& peer) {
    if (!may(config_, Right::publish, peer.uid, peer.gids)) {
        refusals_.count(Right::publish, peer);
        return missing_right(config_, Right::publish, peer.uid);
    }
    const auto source = source_for(peer, name);
    if (std::holds_alternative<std::string>(source)) {
        refusals_.count(RefusedKind::source, peer);
    } else {
        driver_.source_joined(std::get<SourceId>(source),
                              fmt::format("pid {} {}", peer.pid, person(config_, peer.uid)));
    }
    return source;
}

bool SourceRegistry::may_stay(SourceId source, const Peer& peer) {
    return may(config_, Right::publish, peer.uid, peer.gids) &&
           may_attach(config_, source, peer.uid, peer.gids);
}

std::variant<SourceId, std::string> SourceRegistry::source_for(const Peer& peer,
                                                               std::string_view name) const {
    const auto& sources = config_.plan.sources;
    const auto found = find_named(sources, name, name_member);
    if (!found) {
        return fmt::format("unknown source '{}': the config has {}", name,
                           list_names(sources, name_member));
    }
    const auto source = id_at<SourceId>(*found);
    if (!may_attach(config_, source, peer.uid, peer.gids))
        return not_its_user(config_, source, peer.uid);
    if (driver_.engine().phase(source) == SourcePhase::attached) {
        return fmt::format("source '{}' is attached already: end the other process first", name);
    }
    return source;
}

std::variant<FamilyId, std::string> SourceRegistry::resolve_family(SourceId source,
                                                                   std::string_view name) {
    const Plan& plan = config_.plan;
    const auto found = find_named(plan.families, name, name_member);
    if (!found) {
        return fmt::format("unknown family '{}': the config has {}", name,
                           list_names(plan.families, name_member));
    }
    const auto family = id_at<FamilyId>(*found);
    const auto& own = plan.sources[index(source)].families;
    if (std::find(own.begin(), own.end(), family) != own.end()) return family;
    return fmt::format(
        "source '{}' may not publish for '{}': its `families` in the config do not list it",
        plan.sources[index(source)].name, name);
}

std::variant<MetricId, std::string> SourceRegistry::resolve_metric(std::string_view name) {
    const auto& metrics = config_.plan.metrics;
    const auto found = find_named(metrics, name, itself);
    if (found) return id_at<MetricId>(*found);
    return fmt::format("unknown metric '{}': the config has {}", name, list_names(metrics, itself));
}

}  // namespace scram
