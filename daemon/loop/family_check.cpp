#include "daemon/loop/family_check.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <span>
#include <utility>

namespace scram {
namespace {

// From the connecting to the answer's last byte.
constexpr Duration answer_patience = 10s;

}  // namespace

FamilyCheck::FamilyCheck(boost::asio::io_context& io, LinkFactory links, std::vector<Host> hosts,
                         const Plan& plan, AnswerReader& answers, std::function<void()> told)
    : make_link_(std::move(links)),
      hosts_(std::move(hosts)),
      plan_(plan),
      answers_(answers),
      told_(std::move(told)),
      timer_(io) {
    for (Host& its : hosts_) its.options.sealed = its.options.wire_stamps = false;
    listing_.begin(plan_);
}

void FamilyCheck::link_is_up() {
    if (!std::exchange(begun_, true)) ask_in(FamilyListing::ask_first_after);
}

void FamilyCheck::ask_again() {
    if (begun_) ask_in(FamilyListing::ask_first_after);
}

void FamilyCheck::stop() {
    timer_.cancel();
    link_.reset();
}

void FamilyCheck::ask_in(Duration wait) {
    timer_.expires_after(wait);
    timer_.async_wait([this](auto error) {
        if (!error) ask();
    });
}

void FamilyCheck::ask() {
    timer_.expires_after(answer_patience);
    timer_.async_wait([this](auto error) {
        if (!error) fail(fmt::format("no answer within {} s", answer_patience / 1s));
    });
    link_ = make_link_(none<LinkId>(), hosts_[host_].options, *this);
    link_->start();
}

void FamilyCheck::link_up(LinkId, const std::string&, const std::string&) {
    link_->send(hosts_[host_].request);  // what it cannot send ends it
}

void FamilyCheck::link_down(LinkId, bool, Taken, const std::string& reason) {
    fail(reason);
}

void FamilyCheck::link_answered(LinkId, const HttpResponse& answer, Time) {
    auto names = answers_.option_families(answer.status, answer.body);
    if (!names) {
        return fail(
            fmt::format("an answer that is no list of option families (http {})", answer.status));
    }
    listing_.told(plan_, std::move(*names));
    if (!listing_.trouble().empty()) return fail(listing_.trouble());
    failed_ = 0;
    end();
    told_();
}

void FamilyCheck::fail(std::string why) {
    end();
    host_ = (host_ + 1) % hosts_.size();
    if (++failed_ < hosts_.size()) return ask_in(Duration::zero());
    failed_ = 0;
    listing_.failed(std::move(why));
    ask_in(FamilyListing::ask_again_after);
    told_();
}

// Within a callback of the link, which may end it.
void FamilyCheck::end() {
    timer_.cancel();
    link_.reset();
}

std::string unlisted_text(const FamilySpec& family, const FamilyListing& listing) {
    constexpr std::size_t named_max = 8;
    const auto& names = listing.names();
    const auto named = std::span(names).first(std::min(names.size(), named_max));
    return fmt::format(
        "the exchange lists no options of {}, so {} cannot be cancelled; it lists {}{}: correct "
        "[[family]] name",
        family.inst_family, family.name, fmt::join(named, ", "),
        names.size() > named_max ? " and others" : "");
}

}  // namespace scram
