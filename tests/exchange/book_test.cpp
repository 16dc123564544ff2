#include "tests/exchange/book.h"

#include <doctest/doctest.h>

#include "tests/exchange/sample.h"

namespace scram::okxsim {
namespace {

using namespace std::chrono_literals;
using sample::order;

TEST_CASE("book: a family is the instrument without expiry, strike and kind") {
    CHECK(Order{.instrument = "BTC-USD-261225-60000-C"}.family() == "BTC-USD");
    CHECK(Order{.instrument = "BTC-USD_UM-261225-60000-P"}.family() == "BTC-USD_UM");
    CHECK(Order{.instrument = "BTC-USD-SWAP"}.family().empty());
    CHECK(Order{.instrument = "X-C"}.family().empty());
    CHECK(Order{.instrument = ""}.family().empty());
}

TEST_CASE("book: what is no option order is refused") {
    Book book;
    Order swap = order("limit");
    swap.instrument = "BTC-USD-SWAP";
    CHECK(book.place(1, swap, 0s) == "51001");
    CHECK(book.place(1, order("market"), 0s) == "51000");
    Order empty = order("mmp");
    empty.size = 0;
    CHECK(book.place(1, empty, 0s) == "51000");
    CHECK(book.orders().empty());
}

TEST_CASE("book: mass-cancel removes both kinds of MMP order of its family and nothing else") {
    Book book;
    book.place(1, order("mmp"), 0s);
    book.place(2, order("mmp_and_post_only"), 0s);
    book.place(3, order("limit"), 0s);
    book.place(4, order("post_only"), 0s);
    book.place(5, order("mmp", "ETH-USD"), 0s);
    book.place(6, order("mmp", "BTC-USD_UM"), 0s);
    CHECK(book.mass_cancel("BTC-USD", 0s, 0s) == 2);
    CHECK(book.orders().size() == 4);
    CHECK(book.families().at("BTC-USD").mass_cancelled == 2);
    CHECK(book.families().at("BTC-USD").mmp == 0);
    CHECK(book.families().at("BTC-USD").plain == 2);
    CHECK(book.families().at("ETH-USD").mmp == 1);
    CHECK(book.families().at("BTC-USD_UM").mmp == 1);
}

TEST_CASE("book: a lock refuses orders of its family until it ends") {
    Book book;
    book.mass_cancel("BTC-USD", 500ms, 10s);
    CHECK(book.place(1, order("mmp"), 10s + 499ms) == "54008");
    CHECK(book.place(1, order("limit"), 10s + 499ms) == "54008");
    CHECK(book.place(2, order("mmp", "ETH-USD"), 10s + 499ms) == "0");
    CHECK(book.place(3, order("mmp"), 10s + 500ms) == "0");
}

TEST_CASE("book: a lock of 0 unlocks, a second lock starts over") {
    Book book;
    book.mass_cancel("BTC-USD", 10s, 10s);
    book.mass_cancel("BTC-USD", 10s, 15s);
    CHECK(book.place(1, order("mmp"), 21s) == "54008");
    book.mass_cancel("BTC-USD", 0s, 21s);
    CHECK(book.place(1, order("mmp"), 21s) == "0");
}

TEST_CASE("book: fills shrink an order until it is gone") {
    Book book;
    book.place(1, order("mmp"), 0s);
    CHECK(book.fill(1, 1.5) == "0");
    CHECK(book.orders().at(1).filled == 1.5);
    CHECK(book.fill(1, 0.5) == "0");
    CHECK(book.fill(1, 1) == "51400");
}

TEST_CASE("book: a maker cancels any of its orders, by id or by family") {
    Book book;
    book.place(1, order("mmp"), 0s);
    book.place(2, order("limit"), 0s);
    book.place(3, order("limit", "ETH-USD"), 0s);
    CHECK(book.cancel(1));
    CHECK_FALSE(book.cancel(1));
    CHECK(book.cancel_family("BTC-USD") == 1);
    CHECK(book.orders().size() == 1);
    CHECK(book.families().at("BTC-USD").mass_cancelled == 0);
}

}  // namespace
}  // namespace scram::okxsim
