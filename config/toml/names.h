// Names that the operator gives, and the patterns that pick some of them: "mm-1/BTC-USD", "mm-1/*",
// "*".
#pragma once

#include "config/toml/section.h"
#include "core/base/ids.h"

namespace scram::config {

// Refuses what no signal could carry: 1 to 31 letters, digits, `-`, `_`, `.`.
bool check_name(Document& document, const Text& name);
// Refuses an account's name that a command could mistake for something else.
bool check_account_name(Document& document, const Text& name);
// Refuses what is not "account/FAMILY", together at most 31 bytes, with FAMILY spelled as OKX
// spells one: a family of another name would be refused when it is cancelled, or be somebody
// else's.
bool check_family_name(Document& document, const Text& name);

// Index of `name` among `names`; refuses an unknown one. `what` is "family", "source" ...
std::optional<std::size_t> find_name(Document& document, const Text& name, std::string_view what,
                                     const std::vector<std::string_view>& names);

// The patterns at `key`: "*" if it is absent; an empty list is refused, as it could mean all or
// none.
std::vector<Text> read_patterns(Section& section, std::string_view key);

// Indices of all names that a pattern matches, ascending, each once. Refuses a pattern without a
// match.
std::vector<std::size_t> match(Document& document, const std::vector<Text>& patterns,
                               std::string_view what, const std::vector<std::string_view>& names);

template <class Spec>
std::vector<std::string_view> names_of(const std::vector<Spec>& specs) {
    std::vector<std::string_view> names;
    for (const auto& spec : specs) names.push_back(spec.name);
    return names;
}

template <class Id, class Spec>
std::vector<Id> match_ids(Document& document, const std::vector<Text>& patterns,
                          std::string_view what, const std::vector<Spec>& specs) {
    std::vector<Id> ids;
    for (const auto i : match(document, patterns, what, names_of(specs)))
        ids.push_back(id_at<Id>(i));
    return ids;
}

}  // namespace scram::config
