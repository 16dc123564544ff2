// Asks the exchange which option families it lists (core/model/family_listing.h), on a connection
// of its own that ends with the answer: no link of an account waits for it, and nothing waits for
// it.
//
// GET /api/v5/public/instrument-tick-bands?instType=OPTION, without a family: one public request,
// unsigned, a few hundred bytes for each family. GET public/instruments wants a family each, and
// answers with hundreds of kilobytes; GET public/underlying does not tell BTC-USD from BTC-USD_UM.
#pragma once

#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "core/model/family_listing.h"
#include "core/okx/answer.h"
#include "net/exchange/link.h"

namespace scram {

class FamilyCheck final : public LinkObserver {
  public:
    // One name of the exchange; where it does not answer, the next is asked.
    struct Host {
        LinkOptions options;
        std::string request;
    };
    // `told` is called when something new is known, or when a question failed.
    FamilyCheck(boost::asio::io_context& io, LinkFactory links, std::vector<Host> hosts,
                const Plan& plan, AnswerReader& answers, std::function<void()> told);

    // A link has come up: what is not asked yet is asked soon.
    void link_is_up();
    // After a reload, which leaves the families as they were.
    void ask_again();
    void stop();

    const FamilyListing& listing() const { return listing_; }

  private:
    void link_up(LinkId, const std::string&, const std::string&) override;
    void link_down(LinkId, bool, Taken, const std::string& reason) override;
    void link_answered(LinkId, const HttpResponse& answer, Time) override;
    void ask_in(Duration wait);
    void ask();
    void fail(std::string why);
    void end();

    LinkFactory make_link_;
    std::vector<Host> hosts_;
    std::size_t host_ = 0;    // that is asked ...
    std::size_t failed_ = 0;  // ... after so many of them did not answer
    const Plan& plan_;
    AnswerReader& answers_;
    std::function<void()> told_;
    FamilyListing listing_;
    boost::asio::steady_timer timer_;
    std::unique_ptr<ExchangeLink> link_;
    bool begun_ = false;
};

// Of a family that the exchange does not list, for a person.
std::string unlisted_text(const FamilySpec& family, const FamilyListing& listing);

}  // namespace scram
