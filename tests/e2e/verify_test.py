"""A trip is verified by the exchange's own book: what it takes, what follows from orders that rest, and who is told."""
import json
import unittest

from lab import Lab, eventually

BTC, ETH = "mm-1/BTC-USD", "mm-1/ETH-USD"
READ = "orders-pending"


class Verified(unittest.TestCase):
    def tripped(self, lab, **config):
        lab.sim.quote("BTC-USD", 10)
        daemon = lab.scramd(**config).await_ready()
        maker = lab.source()
        maker.publish(BTC, "delta", 26)
        return daemon

    def receipt(self, daemon):
        return json.loads(daemon.ctl("receipt", "--json")[1])

    def test_a_receipt_ends_verified_with_two_empty_reads_on_two_links_in_it(self):
        with Lab() as lab:
            daemon = self.tripped(lab)
            daemon.await_state(BTC, "verified")
            receipt = self.receipt(daemon)
            self.assertEqual(receipt["verdict"], "VERIFIED")
            first, second = receipt["reads"]
            self.assertEqual((first["orders"], second["orders"]), (0, 0))
            self.assertNotEqual(first["link"], second["link"])
            self.assertGreaterEqual(second["sent_us"] - first["answered_us"], 200e3)
            self.assertGreaterEqual(first["sent_us"], receipt["families"][0]["accepted_us"])
            self.assertIn("the exchange's book shows none of their MMP orders", daemon.ctl("receipt")[1])

    def test_an_order_that_was_in_flight_during_the_cancel_is_found_and_killed(self):
        with Lab() as lab:
            daemon = lab.scramd(family_keys="lock_ms = 0").await_ready()
            maker = lab.source()
            late = {"instId": "BTC-USD-261225-50000-C", "ordType": "mmp", "side": "buy", "px": "0.01", "sz": "1",
                    "flight_ms": 100}
            lab.sim.ask("POST", "/sim/orders", {"account": "mm-1", "orders": [late]})
            maker.publish(BTC, "delta", 26)
            daemon.await_state(BTC, "verified")
            self.assertEqual(lab.sim.family("BTC-USD")["mmp"], 0)
            self.assertEqual(lab.sim.cancels()["requests"], 2)
            self.assertEqual(self.receipt(daemon)["families"][0]["found"], 1)
            self.assertIn("they rest after the cancel was accepted: cancelled again", daemon.log())

    def test_orders_that_a_mass_cancel_leaves_are_counted_and_told(self):
        with Lab() as lab:
            lab.sim.quote("BTC-USD", 23, kind="limit")
            daemon = self.tripped(lab)
            eventually(lambda: daemon.family(BTC).get("rest") == 23, lambda: f"counted: {daemon.family(BTC)}")
            self.assertIn("orders_rest", daemon.log())
            self.assertIn("23 orders that a mass-cancel does not reach still rest", daemon.ctl("receipt")[1])

    def test_with_cancel_rest_they_are_cancelled_too(self):
        with Lab() as lab:
            lab.sim.quote("BTC-USD", 43, kind="limit")
            daemon = self.tripped(lab, family_keys="cancel_rest = true")
            eventually(lambda: daemon.family(BTC).get("rest") == 0, lambda: f"gone: {daemon.family(BTC)}")
            book = lab.sim.family("BTC-USD")
            self.assertEqual((book["mmp"], book["plain"]), (0, 0))
            self.assertIn("43 other orders cancelled one by one", daemon.ctl("receipt")[1])

    def test_what_cannot_be_read_stays_accepted_is_an_alarm_and_is_read_on(self):
        with Lab() as lab:
            lab.sim.fault("code", on=READ, code="50026", status=500, count=1000)
            daemon = self.tripped(lab, more="[timings]\nunverified_after_s = 1\n")
            daemon.await_log("alarm_raised family=mm-1/BTC-USD account=mm-1 alarm=unverified")
            self.assertEqual(daemon.family(BTC)["state"], "accepted")
            lab.sim.clear_faults()
            daemon.await_state(BTC, "verified")
            daemon.await_log("alarm_cleared account=mm-1 alarm=unverified")

    def test_scramctl_trip_waits_for_verified_and_says_which_it_is(self):
        with Lab() as lab:
            lab.sim.quote("BTC-USD", 3)
            daemon = lab.scramd().await_ready()
            code, out, err = daemon.ctl("trip", BTC, "--reason", "drill")
            self.assertEqual((code, out),
                             (0, "trip 1: 1 families, cancels verified: the exchange's book shows no MMP order\n"), err)
            lab.sim.fault("code", on=READ, code="50026", status=500, count=1000)
            code, out, err = daemon.ctl("trip", ETH, "--reason", "drill", "--until", "accepted")
            self.assertEqual(code, 0, err)
            self.assertIn("NOT verified", out)
            code, out, err = daemon.ctl("trip", ETH, "--reason", "drill", "--wait", "1")
            self.assertEqual(code, 5, err)
            self.assertIn("accepted by the exchange, NOT verified", out)


# Each broken form of the list of orders: never verified, while it lasts.
BROKEN = {
    "garbage": {"kind": "garbage"},
    "a_page_of_the_edge": {"kind": "html"},
    "a_truncated_list": {"kind": "truncated"},
    "orders_of_another_family": {"kind": "foreign"},
    "a_rate_limit": {"kind": "numeric429"},
    "a_compressed_body": {"kind": "gzip"},
}


def broken_test(fault):
    def test(self):
        with Lab() as lab:
            lab.sim.fault(on=READ, count=1000, **fault)
            daemon = self.tripped(lab)
            daemon.await_log("read_failed")
            eventually(lambda: daemon.family(BTC).get("reads_failed", 0) > 3, lambda: f"{daemon.family(BTC)}")
            self.assertEqual(daemon.family(BTC)["state"], "accepted")
            self.assertEqual(lab.sim.cancels()["requests"], 1)
            lab.sim.clear_faults()
            daemon.await_state(BTC, "verified")
    return test


for name, fault in BROKEN.items():
    setattr(Verified, f"test_{name}_verifies_nothing", broken_test(fault))


if __name__ == "__main__":
    unittest.main()
