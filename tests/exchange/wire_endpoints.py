"""The private endpoints beside mass-cancel; run by wire_test.py."""
import gzip
import http.client
import json
import unittest

from wire import BTC, ACCEPTED, TIME, Okxsim, mass_cancel, request


class Endpoints(unittest.TestCase):
    def setUp(self):
        self.okx = self.enterContext(Okxsim())
        self.client = self.enterContext(self.okx.connect())

    def ask(self, method, path, parameters=None, account=1):
        return self.client.ask(request(method, "/api/v5" + path, parameters, account))[1]

    def change(self, **settings):
        return self.okx.admin("/sim/account", {"account": "mm-1", **settings})

    def test_the_config_tells_whose_key_it_is_and_what_it_may_do(self):
        [row] = self.ask("GET", "/account/config")["data"]
        [other] = self.ask("GET", "/account/config", account=2)["data"]
        self.assertEqual((row["acctLv"], row["perm"], row["ip"]), ("4", "read_only,trade", ""))
        self.assertNotEqual(row["uid"], other["uid"])

    def test_each_wrong_setting_of_an_account_has_its_code(self):
        for setting, right, code in [
            ({"perm": "read_only"}, {"perm": "read_only,trade"}, "50120"),
            ({"ip": "192.0.2.1"}, {"ip": ""}, "50110"),
            ({"mode": 3}, {"mode": 4}, "51010"),
            ({"mmp": False}, {"mmp": True}, "51411"),
            ({"region": "eea"}, {"region": "global"}, "50119"),
        ]:
            self.assertEqual(self.change(**setting), {})
            with self.okx.connect() as client:
                self.assertEqual(client.ask(mass_cancel())[1]["code"], code)
            self.assertEqual(self.change(**right), {})

    def test_a_key_that_nobody_used_is_gone(self):
        self.change(key_unused_ms=14 * 24 * 3600 * 1000)
        self.assertEqual(self.client.ask(TIME)[0], 200)
        self.assertEqual(self.ask("GET", "/account/config")["code"], "50119")

    def test_an_address_on_the_list_is_served(self):
        self.change(ip="192.0.2.1,127.0.0.1")
        self.assertEqual(self.ask("GET", "/account/config")["code"], "0")


    def pending(self, query="?instFamily=BTC-USD"):
        return self.ask("GET", "/trade/orders-pending" + query)

    def pages(self, query="?instFamily=BTC-USD", pages_max=200):
        """Every page of the list, as a client walks it."""
        after = ""
        for _ in range(pages_max):
            rows = self.pending(query + after)["data"]
            if not rows:
                return
            yield rows
            after = f"&after={rows[-1]['ordId']}"

    def test_pending_orders_are_read_page_by_page(self):
        self.okx.place(*["mmp"] * 4, "limit")
        pages = list(self.pages("?instFamily=BTC-USD&ordType=mmp,mmp_and_post_only&limit=3"))
        self.assertEqual([[row["ordId"] for row in page] for page in pages],
                         [["4", "3", "2"], ["1"]])

    def test_an_order_on_its_way_shows_after_a_mass_cancel(self):
        order = {"instId": "BTC-USD-261225-60000-C", "ordType": "mmp", "side": "buy", "px": "0.1",
                 "sz": "1", "clOrdId": "late", "flight_ms": 600_000}
        self.okx.admin("/sim/orders", {"account": "mm-1", "orders": [order]})
        self.assertEqual(self.client.ask(mass_cancel()), ACCEPTED)
        self.assertEqual(self.pending()["data"], [])
        self.change(skip_ms=600_000)
        self.assertEqual([row["clOrdId"] for row in self.pending()["data"]], ["late"])

    def test_a_stale_page_shows_what_is_gone(self):
        self.okx.place("mmp")
        self.change(list_stale_ms=600_000)
        self.assertEqual(self.client.ask(mass_cancel()), ACCEPTED)
        self.assertEqual(len(self.pending()["data"]), 1)
        self.change(list_stale_ms=0)
        self.assertEqual(self.pending()["data"], [])

    def test_lists_that_lie(self):
        self.okx.place("mmp")
        self.okx.fault("crowd", on="orders-pending", count=2)
        [first, second] = self.pages(pages_max=2)
        self.assertEqual((len(first), len(second), first[-1] == second[0]), (100, 100, False))
        self.okx.fault("loop", on="orders-pending", count=2)
        [first, second] = self.pages(pages_max=2)
        self.assertEqual(first, second)
        self.okx.fault("foreign", on="orders-pending")
        self.assertIn("BTC-USD-SWAP", [row["instId"] for row in self.pending()["data"]])
        self.okx.fault("numbers", on="orders-pending")
        self.assertEqual(self.pending()["data"][0]["ordId"], 1)
        self.okx.fault("missing", on="orders-pending", field="ordType")
        self.assertNotIn("ordType", self.pending()["data"][0])
        for kind in ("truncated", "html", "garbage"):
            self.okx.fault(kind, on="orders-pending")
            self.assertNotIsInstance(self.pending(), dict)
        self.assertEqual(len(self.pending()["data"]), 1)

    def test_refusals_that_need_a_person_can_be_had(self):
        codes = ["50010", "50032", "50033", "50041", "50046", "50051", "50052", "50059", "50060",
                 "50062", "50067", "50118"]
        for code in codes:
            self.okx.fault("code", code=code)
            self.assertEqual(self.client.ask(mass_cancel())[1]["code"], code)

    def test_one_code_has_several_bodies(self):
        self.okx.fault("numeric429")
        self.assertEqual(self.client.ask(mass_cancel()),
                         (429, {"msg": "Requests too frequent.", "code": 50011}))
        triggered = "Cancellation failed as the order has been triggered and can't be canceled."
        for more, word in [({}, "timed out"), ({"msg": triggered}, "triggered")]:
            self.okx.fault("code", code="51412", **more)
            self.assertIn(word, self.client.ask(mass_cancel())[1]["msg"])

    def test_a_refusal_may_close_the_connection(self):
        self.okx.fault("code", code="50001", close=True)
        self.assertEqual(self.client.ask(mass_cancel())[0], 503)
        self.assertEqual(self.client.stream.recv(1), b"")

    def test_a_body_may_be_compressed_though_nobody_asked(self):
        self.okx.place("mmp")
        self.okx.fault("gzip")
        self.client.stream.sendall(mass_cancel())
        answer = http.client.HTTPResponse(self.client.stream)
        answer.begin()
        self.assertEqual(answer.headers["Content-Encoding"], "gzip")
        self.assertEqual(json.loads(gzip.decompress(answer.read())), ACCEPTED[1])
        self.assertEqual(self.pending()["data"], [])

    def test_faults_are_ordered_for_endpoints_that_exist(self):
        answer = self.okx.admin("/sim/fault", {"on": "orders", "kind": "loop"})
        self.assertIn("orders-pending", answer["error"])

    def test_market_maker_protection_is_set_triggered_and_reset(self):
        config = {"instFamily": "BTC-USD", "timeInterval": "5000", "frozenInterval": "0",
                  "qtyLimit": "10"}
        self.assertEqual(self.ask("GET", "/account/mmp-config")["data"], [])
        self.assertEqual(self.ask("POST", "/account/mmp-config", config)["data"], [config])
        self.okx.place("mmp", "limit")
        self.okx.admin("/sim/freeze", {"account": "mm-1", "instFamily": "BTC-USD", "ms": 0})
        [row] = self.ask("GET", "/account/mmp-config?instFamily=BTC-USD")["data"]
        self.assertEqual(row, config | {"mmpFrozen": True, "mmpFrozenUntil": ""})
        self.assertEqual(self.okx.place("mmp", "limit"), ["51034", "0"])
        self.assertEqual(self.ask("POST", "/account/mmp-reset", BTC)["data"], [{"result": True}])
        self.assertEqual(self.okx.place("mmp"), ["0"])

    def test_an_order_is_placed_amended_and_refused_under_a_lock(self):
        [option, *_] = self.ask("GET", "/public/instruments?instType=OPTION&instFamily=BTC-USD")["data"]
        order = {"instId": option["instId"], "tdMode": "cross", "side": "buy", "ordType": "post_only", "px": option["tickSz"],
                 "sz": option["minSz"], "clOrdId": "mine1"}
        [placed] = self.ask("POST", "/trade/order", order)["data"]
        self.assertEqual((placed["sCode"], placed["clOrdId"]), ("0", "mine1"))
        amend = {"instId": option["instId"], "ordId": placed["ordId"], "newPx": "0.0002"}
        self.assertEqual(self.ask("POST", "/trade/amend-order", amend)["data"][0]["sCode"], "0")
        self.assertEqual(self.pending()["data"][0]["px"], "0.0002")
        self.client.ask(mass_cancel(BTC | {"lockInterval": "10000"}))
        answer = self.ask("POST", "/trade/order", order | {"ordType": "mmp"})
        self.assertEqual((answer["code"], answer["data"][0]["sCode"]), ("1", "54008"))
        self.change(lock_scope="none")
        self.assertEqual(self.ask("POST", "/trade/order", order | {"ordType": "mmp"})["code"], "0")

    def test_a_batch_cancels_row_by_row(self):
        self.okx.place("mmp", "limit")
        rows = [{"instId": "BTC-USD-261225-60000-C", "ordId": order} for order in ("1", "2", "9")]
        answer = self.ask("POST", "/trade/cancel-batch-orders", rows)
        self.assertEqual(answer["code"], "2")
        self.assertEqual([row["sCode"] for row in answer["data"]], ["0", "0", "51400"])
        self.assertEqual(self.pending()["data"], [])

    def test_cancel_all_after_fires_over_everything(self):
        self.okx.place("mmp", "limit")
        [row] = self.ask("POST", "/trade/cancel-all-after", {"timeOut": "120"})["data"]
        self.assertEqual(int(row["triggerTime"]) - int(row["ts"]), 120)
        self.assertEqual(len(self.pending()["data"]), 2)
        self.change(skip_ms=120_000)
        self.assertEqual(self.pending()["data"], [])
        self.assertEqual(self.okx.account()["deadman_fired"], 1)

    def test_cancel_all_after_fires_by_itself(self):
        self.okx.place("limit")
        self.ask("POST", "/trade/cancel-all-after", {"timeOut": "10"})
        self.okx.await_state(lambda state: state["accounts"]["mm-1"]["deadman_fired"] == 1)
        self.assertEqual(self.pending()["data"], [])
