#include "tests/exchange/faults.h"

#include <doctest/doctest.h>

#include "tests/exchange/exchange.h"
#include "tests/exchange/sample.h"

namespace scram::okxsim {
namespace {

using namespace std::chrono_literals;

// One mass-cancel of one resting order, spoiled by one fault.
struct Spoiled {
    explicit Spoiled(Fault fault)
        : exchange({.accounts = {sample::account()}, .families = {}}, WindowKind::sliding) {
        exchange.place(seat(), sample::order("mmp"), sample::moment);
        exchange.faults().push(std::move(fault));
        delivery = exchange.serve(sample::mass_cancel(sample::btc_body), sample::moment);
        for (const std::string& piece : delivery.pieces) text += piece;
    }

    Seat& seat() { return *exchange.find_account("mm-1"); }
    bool executed() { return seat().book.orders().empty(); }
    bool says(std::string_view part) const { return text.find(part) != std::string::npos; }

    Exchange exchange;
    Delivery delivery;
    std::string text;
};

TEST_CASE("faults: every kind has a name that leads back to it") {
    CHECK(fault_kind("long") == FaultKind::long_body);
    CHECK_FALSE(fault_kind("nonsense"));
    for (int i = 0; i <= static_cast<int>(FaultKind::missing); ++i) {
        const auto kind = static_cast<FaultKind>(i);
        CHECK(fault_kind(name(kind)) == kind);
    }
}

TEST_CASE("faults: silent is not executed, silent_done is, and both mute the connection") {
    Spoiled silent({.kind = FaultKind::silent});
    CHECK_FALSE(silent.executed());
    CHECK(silent.text.empty());
    CHECK(silent.delivery.ending == Ending::mute);
    CHECK(silent.seat().cancels.codes.at("silent") == 1);
    Spoiled done({.kind = FaultKind::silent_done});
    CHECK(done.executed());
    CHECK(done.text.empty());
    CHECK(done.delivery.ending == Ending::mute);
    CHECK(done.seat().cancels.accepted == 1);
}

TEST_CASE("faults: reset sends nothing, half sends the first half") {
    Spoiled reset({.kind = FaultKind::reset});
    CHECK(reset.delivery.ending == Ending::reset);
    CHECK_FALSE(reset.executed());
    Spoiled half({.kind = FaultKind::half});
    CHECK(half.delivery.ending == Ending::cut);
    CHECK(half.executed());
    CHECK(half.says("HTTP/1.1 200 OK"));
    CHECK_FALSE(half.says("true"));
}

TEST_CASE("faults: half_body sends the head whole and then half of the body") {
    Spoiled spoiled({.kind = FaultKind::half_body});
    CHECK(spoiled.delivery.ending == Ending::cut);
    CHECK(spoiled.executed());
    CHECK(spoiled.says("\r\n\r\n{\""));
    CHECK_FALSE(spoiled.says("true"));
}

TEST_CASE("faults: the answers in place of the exchange's own cancel nothing and confirm nothing") {
    const auto says = [](Fault fault, std::string_view status, std::string_view part) {
        Spoiled spoiled(std::move(fault));
        CAPTURE(spoiled.text.substr(0, 200));
        CHECK_FALSE(spoiled.executed());
        CHECK(spoiled.seat().cancels.accepted == 0);
        CHECK(spoiled.says("HTTP/1.1 " + std::string(status) + " "));
        CHECK(spoiled.says(part));
    };
    says({.kind = FaultKind::html}, "403", "<html");
    says({.kind = FaultKind::html, .code = "520"}, "520", "<html");
    says({.kind = FaultKind::numeric}, "500", R"({"code":500,"data":{})");
    says({.kind = FaultKind::limited429}, "429", R"({"msg":"Too Many Requests","code":"50011"})");
    says({.kind = FaultKind::unavailable503}, "503", R"("code":"50001")");
    says({.kind = FaultKind::result_false}, "200", R"("data":[{"result":false}])");
    says({.kind = FaultKind::nothing_left}, "200", R"("code":"51405")");
    says({.kind = FaultKind::code, .code = "51412"}, "200", R"("code":"51412")");
    says({.kind = FaultKind::code, .code = "50004"}, "400", R"("code":"50004")");
    says({.kind = FaultKind::code, .code = "50011", .status = 200}, "200", R"("code":"50011")");
    says({.kind = FaultKind::code, .code = "99999"}, "200", R"("code":"99999")");
    says({.kind = FaultKind::numeric429}, "429",
         R"({"msg":"Requests too frequent.","code":50011})");
    says({.kind = FaultKind::code, .code = "51412", .message = "Another."}, "200",
         R"({"code":"51412","data":[],"msg":"Another."})");
    says({.kind = FaultKind::code, .code = "50001", .close = true}, "503", "Connection: close");
    says({.kind = FaultKind::garbage}, "200", "}{]");
}

TEST_CASE("faults: a long body is over 1 MiB") {
    CHECK(Spoiled({.kind = FaultKind::long_body}).text.size() > 1U << 20U);
}

TEST_CASE("faults: chunked, close, delay and continue100 carry the true answer") {
    Spoiled chunked({.kind = FaultKind::chunked});
    CHECK(chunked.executed());
    CHECK(chunked.delivery.pieces.size() > 5);
    CHECK(chunked.says("Transfer-Encoding: chunked"));
    CHECK(chunked.text.ends_with("0\r\n\r\n"));
    Spoiled close({.kind = FaultKind::close});
    CHECK(close.executed());
    CHECK(close.says("Connection: close"));
    CHECK(close.delivery.ending == Ending::close);
    Spoiled delay({.kind = FaultKind::delay, .delay = 300ms});
    CHECK(delay.executed());
    CHECK(delay.delivery.delay == 300ms);
    Spoiled interim({.kind = FaultKind::continue100});
    CHECK(interim.executed());
    CHECK(interim.text.starts_with("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n"));
}

TEST_CASE("faults: each is used up by its count of matching requests, the oldest first") {
    Faults faults;
    faults.push({.kind = FaultKind::html, .on = "mass-cancel", .count = 2});
    faults.push({.kind = FaultKind::reset, .on = "any", .account = "mm-2"});
    faults.push({.kind = FaultKind::silent, .on = "time", .count = -1});
    CHECK(faults.take("mass-cancel", "mm-1")->kind == FaultKind::html);
    CHECK(faults.take("mass-cancel", "mm-2")->kind == FaultKind::html);
    CHECK(faults.take("mass-cancel", "mm-2")->kind == FaultKind::reset);
    CHECK_FALSE(faults.take("mass-cancel", "mm-2"));
    for (int i = 0; i < 9; ++i) CHECK(faults.take("time", "")->kind == FaultKind::silent);
    faults.clear();
    CHECK_FALSE(faults.take("time", ""));
}

}  // namespace
}  // namespace scram::okxsim
