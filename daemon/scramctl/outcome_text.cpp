#include "daemon/scramctl/outcome_text.h"

#include <set>

#include "daemon/common/json_fields.h"

namespace scram {
using namespace printing;
namespace {

std::string_view cancels_text(dom::element answer, bool waited) {
    if (flag(answer, "verified")) return "cancels verified: the exchange's book shows no MMP order";
    if (flag(answer, "accepted"))
        return "cancels accepted by the exchange, NOT verified: its book is not read to an end";
    if (!list(answer, "refused").empty()) return "cancels REFUSED by the exchange";
    if (!waited) return "cancels under way; their outcome was not asked for";
    return "cancels NOT accepted yet; scramd goes on trying: scramctl watch";
}

// "3,4": the ids of the trips that latched these families, each once.
std::string trips_of(const std::vector<dom::element>& families) {
    std::set<std::uint64_t> ids;
    for (const dom::element family : families) {
        std::uint64_t trip = 0;
        if (family["trip"].get(trip) == simdjson::SUCCESS) ids.insert(trip);
    }
    return fmt::format("{}", fmt::join(ids, ","));
}

}  // namespace

std::string trip_text(dom::element answer, bool waited) {
    std::string out = fmt::format("trip {}: {} families, {}\n", field(answer, "trip"),
                                  field(answer, "families"), cancels_text(answer, waited));
    const auto refused = list(answer, "refused");
    for (const dom::element its : refused)
        out += fmt::format("{}: REFUSED: code {} ({}), http {}\n  {}\n", field(its, "family"),
                           field(its, "code"), field(its, "why", "not explained"),
                           field(its, "http"), field(its, "advice"));
    if (refused.empty()) return out;
    return out +
           "scramd goes on trying, but until this is corrected their quotes may rest: cancel them "
           "at OKX by hand\n";
}

std::string latched_text(dom::element family) {
    std::string out = fmt::format("{:<24} trip {}, {}", field(family, "name"),
                                  field(family, "trip"), field(family, "state"));
    if (flag(family, "unfinished")) out += ", its cancel is NOT accepted and goes on";
    if (field(family, "state") == "held")
        out += fmt::format(": NOT cancelled, its quotes may rest; to cancel them: scramctl trip {}",
                           field(family, "name"));
    const std::string holds = field(family, "holds", "");
    if (!holds.empty())
        out += fmt::format(", rule {} is STILL IN BREACH and would trip it again", holds);
    if (has(family, "rearm_wanted_by")) out += fmt::format(", {}", wanted_text(family));
    const std::string cause = field(family, "cause", "");
    if (!cause.empty()) out += fmt::format("\n    by {}", cause);
    return out + "\n";
}

std::string review_text(dom::element review) {
    const auto latched = list(review, "latched");
    if (latched.empty()) return "nothing to do: no family of this target is latched\n";
    std::string out;
    for (const dom::element family : latched) out += latched_text(family);
    return out + fmt::format(
                     "nothing is armed yet. Look at each (scramctl receipt ID), then: "
                     "--trip {} --reason WHY\n",
                     trips_of(latched));
}

std::string rearmed_text(dom::element answer) {
    std::string out;
    for (const dom::element family : list(answer, "rearmed"))
        out += fmt::format("armed {}\n", text_of(family));
    for (const dom::element family : list(answer, "releasing"))
        out += fmt::format("arming {}: releasing the exchange's lock first\n", text_of(family));
    for (const dom::element family : list(answer, "not_cancelled"))
        out += fmt::format("{}: nothing was cancelled, its quotes from before may rest\n",
                           text_of(family));
    for (const dom::element wish : list(answer, "awaits_second"))
        out += fmt::format(
            "NOT armed {}: waits {:.0f} s for a second person, who asks for trip {} too\n",
            field(wish, "family"), number(wish, "within_ms") / 1000, field(wish, "trip"));
    for (const dom::element refusal : list(answer, "refused")) {
        if (field(refusal, "why") == "same_person") {
            out += fmt::format(
                "REFUSED {}: a second person must ask for it, and you have asked already\n",
                field(refusal, "family"));
            continue;
        }
        const bool other = field(refusal, "why") == "other_trip";
        if (field(refusal, "why") == "unknown_value") {
            out += fmt::format(
                "REFUSED {}: {} by {} is not known since the start, so nobody can say whether rule "
                "{} is in breach; start that source or have it publish, or use --force\n",
                field(refusal, "family"), field(refusal, "metric"), field(refusal, "source"),
                field(refusal, "rule"));
            continue;
        }
        out += other ? fmt::format("REFUSED {}: trip {} latched it, which you did not name\n",
                                   field(refusal, "family"), field(refusal, "trip"))
                     : fmt::format(
                           "REFUSED {}: rule {} is still in breach; fix the cause or use --force\n",
                           field(refusal, "family"), field(refusal, "rule"));
    }
    return out.empty() ? "nothing to do: no family of this target is latched\n" : out;
}

std::string gates_text(dom::element answer) {
    return flag(answer, "ok") ? "the exchange takes their orders again: gates open\n"
                              : "not seen yet that their gates are open: scramctl status\n";
}

}  // namespace scram
