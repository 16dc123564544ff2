#include "daemon/control/readiness.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "daemon/common/advice.h"
#include "daemon/common/json.h"

namespace scram {
namespace {

std::string seconds(milliseconds age) {
    return fmt::format("{:.1f} s", static_cast<double>(age.count()) / 1000);
}

const std::string* last_loss(const Driver& driver, AccountId account) {
    for (std::size_t l = 0; l < driver.engine().link_count(); ++l) {
        const std::string& lost = driver.sight(id_at<LinkId>(l)).lost;
        if (driver.engine().account_of(id_at<LinkId>(l)) == account && !lost.empty()) return &lost;
    }
    return nullptr;
}

// An edge that blocks rehearsals alone looks like this.
std::string why_rehearsals_fail(const ReadinessInput::Account& account, const std::string* lost) {
    return fmt::format(
        "{} rehearsals in a row failed while links come up ({} up now, one at least for {:.0f} % "
        "of "
        "the last minute{}{}): does anything on the way block GET /api/v5/public/time? A cancel is "
        "tried all the same",
        account.rehearsals_failed, account.links_up, std::floor(account.up_share * 100),
        lost == nullptr ? "" : "; lost: ", lost == nullptr ? "" : *lost);
}

std::string why_no_link(const Driver& driver, AccountId account) {
    const Engine& engine = driver.engine();
    for (std::size_t l = 0; l < engine.link_count(); ++l) {
        const auto link = id_at<LinkId>(l);
        const std::string& lost = driver.sight(link).lost;
        if (engine.account_of(link) == account && !lost.empty())
            return fmt::format("no warm link: {}: {}", link_name(engine.plan(), link), lost);
    }
    return "no warm link yet: none has answered a rehearsal";
}

std::string why_no_host(const NotReady& its, const ReadinessInput& sight, const Driver& driver) {
    std::string lost;
    for (std::size_t l = driver.engine().link_count(); l-- > 0;) {
        const auto link = id_at<LinkId>(l);
        if (driver.host_of(link) == its.host && !driver.sight(link).lost.empty())
            lost = ": " + driver.sight(link).lost;
    }
    return fmt::format(
        "no link to {}{} for {}{}; the links to other names go on", driver.host(its.host),
        sight.hosts[its.host].links_up == 0 ? "" : " has answered", seconds(its.age), lost);
}

// Of the first family that OKX refused to cancel.
std::string why_refused(const Driver& driver, AccountId account) {
    const Plan& plan = driver.engine().plan();
    for (std::size_t f = 0; f < plan.families.size(); ++f) {
        const Answer& answer = driver.engine().family(id_at<FamilyId>(f)).last_answer;
        const bool refused = answer.answer_class == AnswerClass::refused && answer.http_status != 0;
        if (plan.families[f].account != account || !refused) continue;
        if (answer.code == no_code)
            return fmt::format("OKX refused to cancel {}: http {}, without a code",
                               plan.families[f].name, answer.http_status);
        return fmt::format("OKX refused to cancel {}: code {} ({}); {}", plan.families[f].name,
                           answer.code, why(answer.code), what_to_do(answer.code));
    }
    return "OKX refused its cancels: see the log's answered class=refused";
}

std::string why_key(const Answer& answer) {
    if (answer.code == no_code)
        return fmt::format("OKX refuses the key: http {}, without a code", answer.http_status);
    return fmt::format("OKX refuses the key: code {} ({}); {}", answer.code, why(answer.code),
                       what_to_do(answer.code));
}

std::string why_unproven(milliseconds age, const AccountTruth& truth) {
    const std::string since =
        truth.proven == Time{} ? std::string("yet") : fmt::format("for {}", seconds(age));
    const std::string last =
        truth.told == Time{}
            ? std::string("it has not answered GET /api/v5/account/config")
            : fmt::format("GET /api/v5/account/config was last answered with http {}{}",
                          truth.answer.http_status,
                          truth.answer.code == no_code
                              ? std::string()
                              : fmt::format(", code {}", truth.answer.code));
    return fmt::format("OKX has not taken the key {}: {}", since, last);
}

std::string held_text(const ReadinessInput::Account& account, const Driver& driver) {
    const std::string& first = driver.engine().plan().families[index(account.first_held)].name;
    const std::string others =
        account.held > 1 ? fmt::format(" and {} more are", account.held - 1) : " is";
    return fmt::format(
        "{}{} held: latched, NOT cancelled, quotes may rest; to cancel: scramctl trip {}", first,
        others, first);
}

std::string why_no_sources(const ReadinessInput& sight, const Driver& driver) {
    const Engine& engine = driver.engine();
    const auto& sources = engine.plan().sources;
    for (std::size_t s = 0; s < sources.size(); ++s) {
        const SourcePhase phase = engine.phase(id_at<SourceId>(s));
        if (!sources[s].expected || phase == SourcePhase::attached) continue;
        return fmt::format("{} of {} expected sources attached: {} is {}", sight.sources_attached,
                           sight.sources_expected, sources[s].name, name(phase));
    }
    return "?";
}

std::string why_unknown(const Driver& driver) {
    const Plan& plan = driver.engine().plan();
    const Unknown& first = driver.unknowns().front();
    std::string out = fmt::format(
        "{} of {} by {} is not known since the start", plan.metrics[index(first.metric)],
        plan.families[index(first.family)].name, plan.sources[index(first.source)].name);
    if (driver.unknowns().size() > 1)
        out += fmt::format(" (and {} more)", driver.unknowns().size() - 1);
    return out;
}

std::string why_unlisted(const ReadinessInput::Account& account, const Driver& driver) {
    const std::string more =
        account.unlisted > 1 ? fmt::format(" (and of {} more)", account.unlisted - 1) : "";
    return unlisted_text(driver.engine().plan().families[index(account.first_unlisted)],
                         driver.listing()) +
           more;
}

std::string why_no_drill(milliseconds age) {
    if (age < 0ms) return "no verified drill is known: scramctl drill";
    return fmt::format("the last verified drill was {:.1f} days ago: scramctl drill",
                       static_cast<double>(age / 1s) / 86'400);
}

std::string reason(const NotReady& its, const ReadinessInput& sight, const Driver& driver) {
    const auto account = [&]() -> const ReadinessInput::Account& {
        return sight.accounts[index(its.account)];
    };
    switch (its.reason) {
        case NotReadyReason::links:
            if (account().links_up > 0 && fails_rehearsals(account()))
                return "no warm link: " +
                       why_rehearsals_fail(account(), last_loss(driver, its.account));
            return why_no_link(driver, its.account);
        case NotReadyReason::signatures:
            return fmt::format("signatures are {} old, and OKX refuses those of 30 s",
                               seconds(its.age));
        case NotReadyReason::refused:
            return why_refused(driver, its.account);
        case NotReadyReason::key:
            return why_key(driver.engine().truth(its.account).answer);
        case NotReadyReason::permission:
            return "the key may not trade: give it the permission `trade` at OKX, or another key";
        case NotReadyReason::mode:
            return fmt::format(
                "the account is in mode {}, and mass-cancel wants portfolio margin (acctLv 4): "
                "switch it at OKX",
                driver.engine().truth(its.account).facts->mode);
        case NotReadyReason::unproven:
            return why_unproven(its.age, driver.engine().truth(its.account));
        case NotReadyReason::rehearsals:
            if (fails_rehearsals(account()))
                return why_rehearsals_fail(account(), last_loss(driver, its.account));
            return fmt::format("no successful rehearsal for {}", seconds(its.age));
        case NotReadyReason::slots:
            return "no free slot in its budget: the next cancel waits 2 s at most";
        case NotReadyReason::budget:
            return fmt::format(
                "another client is using this account's rate limit ({} of {} slots usable)",
                account().slots_working, account().slots);
        case NotReadyReason::clock:
            return "the exchange's clock is not known well enough to sign by it";
        case NotReadyReason::journal:
            return "the journal cannot be written: see journal_error in the log";
        case NotReadyReason::signer:
            return sight.signer_gone ? "the signer is gone: no request is signed again"
                                     : "the signer does not answer: no request is signed again";
        case NotReadyReason::held:
            return held_text(account(), driver);
        case NotReadyReason::sources:
            return why_no_sources(sight, driver);
        case NotReadyReason::values:
            return why_unknown(driver);
        case NotReadyReason::host_clock:
            return fmt::format(
                "this host's clock is {} {} the exchange's: set it. Signatures follow the "
                "exchange's, but a start signs by this host's until the first rehearsal (OKX "
                "refuses 30 s), and certificates are judged by it",
                seconds(std::chrono::abs(its.age)), its.age > 0ms ? "behind" : "ahead of");
        case NotReadyReason::families:
            return why_unlisted(account(), driver);
        case NotReadyReason::drill:
            return why_no_drill(its.age);
        case NotReadyReason::hosts:
            return why_no_host(its, sight, driver);
    }
    return "?";
}

}  // namespace

Readiness readiness(const Driver& driver, Time now) {
    const ReadinessInput sight = driver.readiness_input(now);
    const std::vector<NotReady> reasons = not_ready(sight, now);
    Readiness out{reasons.empty(), fires(reasons), 0, {}, {}};
    for (const ReadinessInput::Account& account : sight.accounts)
        out.links_warm += account.links_warm;
    JsonArray array;
    for (const NotReady& its : reasons) {
        const bool is_accounts = its.account != none<AccountId>();
        const std::string account =
            is_accounts ? driver.engine().plan().accounts[index(its.account)].name : std::string();
        const std::string why = reason(its, sight, driver);
        if (!out.reason.empty()) out.reason += "; ";
        out.reason += is_accounts ? fmt::format("account {}: {}", account, why) : why;
        array.add_raw(JsonObject()
                          .add("reason_code", name(its.reason))
                          .add("account", account)
                          .add("reason", why)
                          .text());
    }
    out.json = array.text();
    return out;
}

}  // namespace scram
