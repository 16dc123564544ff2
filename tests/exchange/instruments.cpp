// GET /api/v5/public/instruments and /api/v5/public/mark-price: two options of each family that
// trade, and one that does not.
#include <fmt/format.h>

#include <array>

#include "tests/exchange/codes.h"
#include "tests/exchange/endpoint.h"
#include "tests/exchange/parameters.h"

namespace scram::okxsim {
namespace {

struct Option {
    std::string_view what;  // behind the family
    std::string_view mark;
    std::string_view state;
};
constexpr std::array options{Option{"-261225-60000-C", "0.0712", "live"},
                             Option{"-261225-20000-P", "0.0003", "live"},
                             Option{"-261225-10000-C", "0.8000", "suspend"}};

template <class Row>
Answer rows(const Request& request, const std::vector<std::string>& families, Row row) {
    const std::string family = request.query("instFamily");
    if (request.query("instType") != "OPTION") return refuse("51000");
    if (!family_exists(family, families)) return refuse("51000");
    std::string text;
    for (const Option& option : options) {
        text += (text.empty() ? "" : ",") + row(family, option);
    }
    return succeed("[" + text + "]");
}

}  // namespace

Answer answer_instruments(const Request& request, const std::vector<std::string>& families) {
    return rows(request, families, [](const std::string& family, const Option& option) {
        return fmt::format(R"({{"instType":"OPTION","instId":"{0}{1}","instFamily":"{0}",)"
                           R"("tickSz":"0.0001","lotSz":"1","minSz":"1","ctMult":"0.01",)"
                           R"("settleCcy":"BTC","ctVal":"1","state":"{2}"}})",
                           family, option.what, option.state);
    });
}

Answer answer_mark_price(const Request& request, const std::vector<std::string>& families) {
    return rows(request, families, [](const std::string& family, const Option& option) {
        return fmt::format(
            R"({{"instType":"OPTION","instId":"{}{}","markPx":"{}","ts":"1768519672907"}})", family,
            option.what, option.mark);
    });
}

}  // namespace scram::okxsim
