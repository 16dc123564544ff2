"""scram-probe's judgements, signature, limits and choice of an order: what needs no exchange.   probe_test.py"""
import contextlib
import decimal
import pathlib
import sys
import time
import unittest

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[4] / "daemon"))

from scram_probe import judge, report  # noqa: E402
from scram_probe.exchange import Pace, answer_from, shown, sign  # noqa: E402
from scram_probe.orders import Orders, is_own, spot_among  # noqa: E402
from scram_probe.trouble import Trouble  # noqa: E402


def answer(body, status=200):
    return answer_from(status, body, 0.0)


OK = answer('{"code":"0","msg":"","data":[{"result":true}]}')
LIMITED = answer('{"msg":"Too Many Requests","code":"50011"}', 429)
LOCKED = answer('{"code":"1","data":[{"sCode":"54008","sMsg":"disabled"}],"msg":""}')


class Signatures(unittest.TestCase):
    def test_of_OKX_documents_and_of_others_clients(self):
        secret, stamp = "22582BD0CFF14C41EDBF1AB98506286D", "2020-12-08T09:08:57.715Z"
        for method, target, body, wanted in [
            ("POST", "/api/v5/trade/mass-cancel", '{"instType":"OPTION","instFamily":"BTC-USD"}', "uvH9sYTr+3FsYIXGamcwu/7FanAJwHS9GNjGHYIW5Is="),
            ("GET", "/api/v5/trade/orders-pending?instType=OPTION&instFamily=BTC-USD", "", "lTRIEygVux4iLvpdM9mWG3n1IuuVXZBcZmZKq1nIYp0="),
            ("POST", "/api/v5/trade/cancel-all-after", '{"timeOut":"60"}', "KLDsTjICb6BJcLPD4W1tFkQphGBtst0KE9Gum/S5cK8="),
        ]:
            self.assertEqual(sign(secret, stamp + method + target + body), wanted)


class Answers(unittest.TestCase):
    def test_any_body_is_read_for_what_it_is(self):
        for body, status, outcome in [
            ('{"code":"0","data":[{"sCode":"51400"}]}', 200, "51400"),
            ('{"msg":"API key doesn\'t exist","code":"50119"}', 401, "50119"),
            ('{"msg":"Requests too frequent.","code":50011}', 429, "50011"),
            ('{"code":500,"data":{},"msg":"Internal Server Error"}', 500, "500"),
            ("<html>blocked</html>", 403, ""),
            ("", 200, ""),
            ("[1]", 200, ""),
            ('{"code":"0","data":[7,null]}', 200, "0"),
        ]:
            self.assertEqual(answer(body, status).outcome, outcome, body)
        self.assertTrue(answer("x", 429).throttled)
        self.assertFalse(answer("x", 200).ok)

    def test_texts_of_others_give_a_terminal_no_commands(self):
        self.assertEqual(shown("\x1b[2J\u009bred\n"), "?[2J?red?")
        self.assertLess(len(shown("x" * 10_000)), 300)


class Paces(unittest.TestCase):
    def test_a_request_waits_for_the_one_so_many_before_it(self):
        pace = Pace(2, 0.3)
        for _ in range(2):
            pace.wait()
            pace.ended()
        begun = pace.ends[0]
        pace.wait()
        self.assertGreaterEqual(time.monotonic(), begun + 0.3)


class Existence(unittest.TestCase):
    def test_each_kind_of_answer(self):
        for body, status, works in [
            ('{"code":"0","data":[{"result":true}]}', 200, "works"),
            ('{"code":"51405","data":[],"msg":""}', 200, "works"),
            ('{"code":"50038","data":[],"msg":""}', 200, "missing"),
            ("{}", 404, "missing"),
            ('{"code":"51411","data":[],"msg":""}', 200, "refused"),
            ('{"code":"50120","msg":""}', 200, "refused"),
            ('{"code":"50011","msg":""}', 429, None),
            ('{"code":"50026","data":[],"msg":""}', 500, None),
            ("<html>", 403, None),
        ]:
            self.assertEqual(judge.mass_cancel(answer(body, status)).value, works, body)

    def test_an_empty_family(self):
        self.assertEqual(judge.empty_family(OK).value, "true")
        self.assertEqual(judge.empty_family(answer('{"code":"0","data":[{"result":false}]}')).value, "false")
        self.assertEqual(judge.empty_family(answer('{"code":"51405","data":[]}')).value, "51405")


class Windows(unittest.TestCase):
    def judged(self, answers, span_s=1.6):
        return tuple(finding.value for finding in judge.window(answers, span_s, "0"))

    def test_of_six_requests(self):
        self.assertEqual(self.judged([OK] * 5 + [LIMITED]), ("sliding", 5, "50011"))
        self.assertEqual(self.judged([OK] * 3 + [LIMITED, OK, LIMITED]), ("sliding", 4, "50011"))
        self.assertEqual(self.judged([OK] * 6), ("fixed", None, None))

    def test_what_says_nothing_stays_open(self):
        self.assertEqual(self.judged([OK] * 5 + [LIMITED], 2.0), (None, None, None))
        self.assertEqual(self.judged([OK] * 5 + [answer("<html>", 502)]), (None, None, None))


class Units(unittest.TestCase):
    def judged(self, trigger):
        row = '{"code":"0","data":[{"triggerTime":"%s","tag":"","ts":"1"}]}' % trigger
        return judge.units(answer(row), 60, 1587971400).value

    def test_of_the_time_at_which_it_fires(self):
        self.assertEqual(self.judged("1587971460"), "seconds")
        self.assertEqual(self.judged("1587971460123"), "milliseconds")
        for odd in ("0", "", "60", "1587971400000000", "-1587971460", "x"):
            self.assertIsNone(self.judged(odd), odd)
        self.assertEqual(judge.units(answer('{"code":"50038","data":[]}'), 60, 0).value, "missing")


class Locks(unittest.TestCase):
    def test_what_a_lock_does_to_a_request(self):
        words = ("all", "mmp")
        self.assertEqual(judge.blocked(LOCKED, True, words).value, "all")
        self.assertEqual(judge.blocked(OK, True, words).value, "mmp")
        self.assertIsNone(judge.blocked(OK, False, words).value)
        self.assertEqual(judge.blocked(LOCKED, False, words).value, "all")
        self.assertIsNone(judge.blocked(LIMITED, True, words).value)

    def renewal(self, refused_sent, taken_answered):
        """Of locks of 4 s at 0 and at 2 s, each answered after 0.1 s."""
        seen = judge.Renewal(4, (0, 0.1), (2, 2.1), refused_sent, taken_answered)
        return judge.renewal(seen).value

    def test_a_lock_while_one_holds(self):
        self.assertEqual(self.renewal(3.9, 4.3), "ignored")
        self.assertEqual(self.renewal(5.9, 6.3), "restarts")
        self.assertEqual(self.renewal(7.9, 8.3), "adds")

    def test_of_orders_too_far_apart_nothing_follows(self):
        for refused_sent, taken_answered in [(3.9, 6.3), (3.0, 9.0), (4.5, 9.0), (9, None)]:
            self.assertIsNone(self.renewal(refused_sent, taken_answered), (refused_sent, taken_answered))


class Spots(unittest.TestCase):
    def instrument(self, name="A-C", **changes):
        return {"instId": name, "tickSz": "0.0001", "minSz": "1", "state": "live", **changes}

    def test_the_one_whose_mark_is_the_most_ticks_away(self):
        rows = [self.instrument("A-C"), self.instrument("B-C", tickSz="0.0005"), self.instrument("C-C", state="suspend")]
        marks = [{"instId": "A-C", "markPx": "0.05"}, {"instId": "B-C", "markPx": "0.1"}, {"instId": "C-C", "markPx": "9"}]
        spot = spot_among(rows, marks)
        self.assertEqual((spot.instrument, spot.price(), spot.price(2), spot.size), ("A-C", "0.0001", "0.0002", "1"))
        self.assertEqual(spot_among(rows, marks, "B-C").instrument, "B-C")

    def test_an_order_never_comes_near_the_mark(self):
        for mark in ("0.004", "0.05", "1"):
            spot = spot_among([self.instrument()], [{"instId": "A-C", "markPx": mark}])
            self.assertLessEqual(decimal.Decimal(spot.price(2)) * 20, decimal.Decimal(mark))
        for marks in ([{"instId": "A-C", "markPx": "0.0039"}], [{"instId": "A-C", "markPx": ""}], [{"instId": "A-C", "markPx": "NaN"}], [{}], []):
            self.assertRaises(Trouble, spot_among, [self.instrument()], marks)
        self.assertRaises(Trouble, spot_among, [self.instrument(tickSz="0")], [{"instId": "A-C", "markPx": "1"}])
        self.assertRaises(Trouble, spot_among, [self.instrument()], [{"instId": "A-C", "markPx": "1"}], "B-C")

    def test_whose_an_order_is(self):
        self.assertTrue(is_own({"clOrdId": "scramprobe0123"}))
        for other in ({"clOrdId": ""}, {"clOrdId": "maker1"}, {}, {"clOrdId": None}):
            self.assertFalse(is_own(other))


class LateList:
    """An exchange whose list of orders shows none, and that keeps what it was asked."""

    def __init__(self, placed):
        self.placed, self.asked = placed, []

    def ask(self, method, target, parameters=None):
        self.asked.append((target.partition("?")[0], parameters))
        if not target.endswith("/order"):
            return answer('{"code":"0","data":[]}')
        if isinstance(self.placed, Exception):
            raise self.placed
        return self.placed


class Sweeps(unittest.TestCase):
    TAKEN = answer('{"code":"0","data":[{"sCode":"0","ordId":"1"}]}')
    REFUSED = answer('{"code":"1","data":[{"sCode":"54008","ordId":""}]}')

    def cancelled(self, placed):
        """The client ids that a sweep cancels after one order, and that of the order."""
        exchange = LateList(placed)
        orders = Orders(exchange, "BTC-USD")
        orders.spot = spot_among([Spots().instrument()], [{"instId": "A-C", "markPx": "1"}])
        with contextlib.suppress(Trouble):
            orders.place("post_only")
        orders.sweep()
        sent = [row["clOrdId"] for path, rows in exchange.asked if path.endswith("/cancel-batch-orders") for row in rows]
        return sent, exchange.asked[0][1]["clOrdId"]

    def test_what_was_sent_is_cancelled_though_the_list_does_not_show_it(self):
        for placed in (self.TAKEN, Trouble("the answer was lost"), answer("<html>", 502)):
            sent, client_id = self.cancelled(placed)
            self.assertEqual(sent, [client_id])
            self.assertTrue(client_id.isalnum() and len(client_id) <= 32, client_id)

    def test_what_was_refused_is_not(self):
        self.assertEqual(self.cancelled(self.REFUSED)[0], [])


class Reports(unittest.TestCase):
    def test_the_table_has_each_point_once(self):
        points = {name: judge.Finding(f"value-of-{name}", "d") for name in report.TITLES}
        points["lock"] = judge.opened("why it is open")
        text = report.table(points)
        for name, title in report.TITLES.items():
            self.assertEqual(sum(line.startswith(title + "  ") for line in text.splitlines()), 1, title)
            self.assertEqual(f"value-of-{name}\n" in text, name != "lock")
        self.assertIn("open\n    why it is open", text)


if __name__ == "__main__":
    unittest.main()
