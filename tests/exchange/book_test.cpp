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
    CHECK(book.fill(1, 1.5, 1s) == "0");
    CHECK(book.orders().at(1).filled == 1.5);
    CHECK(book.fill(1, 0.5, 1s) == "0");
    CHECK(book.fill(1, 1, 1s) == "51400");
}

TEST_CASE("book: a maker cancels any of its orders, by id or by family") {
    Book book;
    book.place(1, order("mmp"), 0s);
    book.place(2, order("limit"), 0s);
    book.place(3, order("limit", "ETH-USD"), 0s);
    CHECK(book.cancel(1, 1s));
    CHECK_FALSE(book.cancel(1, 1s));
    CHECK(book.cancel_family("BTC-USD", 1s) == 1);
    CHECK(book.orders().size() == 1);
    CHECK(book.families().at("BTC-USD").mass_cancelled == 0);
}

TEST_CASE("book: an order on its way misses the mass-cancel and is judged where it arrives") {
    Book book;
    book.send(1, order("mmp"), 2s);
    book.send(2, order("mmp"), 4s);
    book.settle(1s);
    CHECK(book.mass_cancel("BTC-USD", 0s, 1s) == 0);
    book.settle(2s);
    CHECK(book.orders().contains(1));
    CHECK(book.mass_cancel("BTC-USD", 10s, 3s) == 1);
    book.settle(5s);
    CHECK(book.orders().empty());
}

TEST_CASE("book: the list shows an order and its cancel after a delay") {
    Book book;
    book.delay_list(1s);
    book.place(1, order("mmp"), 10s);
    CHECK(book.listed(11s - 1ns).empty());
    CHECK(book.listed(11s).contains(1));
    book.mass_cancel("BTC-USD", 0s, 20s);
    CHECK(book.listed(21s - 1ns).contains(1));
    CHECK(book.listed(21s).empty());
}

TEST_CASE("book: a list that is held shows what stood there, then what stands there") {
    Book book;
    book.place(1, order("mmp"), 10s);
    book.hold_list(11s, 20s);
    book.cancel(1, 12s);
    book.place(2, order("mmp"), 12s);
    CHECK(book.listed(19s).contains(1));
    CHECK(book.listed(19s).size() == 1);
    CHECK(book.listed(20s).contains(2));
    CHECK(book.listed(20s).size() == 1);
}

TEST_CASE("book: of orders that are gone so many are remembered and no more") {
    Book book;
    for (OrderId id = 1; id <= Book::gone_max + 1; ++id) {
        book.place(id, order("mmp"), 10s);
        book.cancel(id, 20s);
    }
    CHECK(book.listed(20s).empty());
    book.delay_list(5s);
    CHECK(book.listed(20s).size() == Book::gone_max);
    CHECK_FALSE(book.listed(20s).contains(1));
}

}  // namespace
}  // namespace scram::okxsim
