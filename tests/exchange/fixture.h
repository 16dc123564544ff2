// What the tests of endpoints share: an exchange with one account, and its answers taken apart.
#pragma once

#include <string>

#include "tests/exchange/exchange.h"
#include "tests/exchange/parameters.h"
#include "tests/exchange/sample.h"

namespace scram::okxsim {

inline std::string body_of(const Delivery& delivery) {
    const std::string& text = delivery.pieces.at(0);
    return text.substr(text.find("\r\n\r\n") + 4);
}

inline std::string status_of(const Delivery& delivery) {
    return delivery.pieces.at(0).substr(9, 3);
}

// An exchange with one account; requests go 1 s apart unless told otherwise, so none is limited.
struct Fixture {
    explicit Fixture(Account account = sample::account(), std::vector<std::string> families = {})
        : exchange({.accounts = {std::move(account)}, .families = std::move(families)},
                   WindowKind::sliding, sample::moment.mono) {}

    Delivery serve(const Request& request, std::chrono::milliseconds passed) {
        return exchange.serve(request, sample::after(passed));
    }
    Delivery serve(const Request& request) {
        return serve(request, passed_ += std::chrono::seconds(1));
    }

    // The answer's code, from the exchange's own log.
    std::string code(const Request& request) {
        serve(request);
        return cancels().log.back().code;
    }
    std::string code(const std::string& body) { return code(sample::mass_cancel(body)); }

    // An answer's body, whatever was asked.
    std::string ask(const std::string& method, const std::string& target,
                    const std::string& body = "") {
        return ask(sample::request(method, target, body));
    }
    std::string ask(const Request& request) { return body_of(serve(request)); }

    // The code in an answer's body.
    std::string asked(const std::string& method, const std::string& target,
                      const std::string& body = "") {
        return member_text(ask(method, target, body), "code");
    }

    std::string_view place(const std::string& type) {
        return exchange.place(seat(), sample::order(type), sample::after(passed_)).code;
    }
    Seat& seat() { return *exchange.find_account("mm-1"); }
    Cancels& cancels() { return seat().cancels; }

    Exchange exchange;
    std::chrono::milliseconds passed_{};
};

inline bool contains(const std::string& text, std::string_view part) {
    return text.find(part) != std::string::npos;
}

}  // namespace scram::okxsim
