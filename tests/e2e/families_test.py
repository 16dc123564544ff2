"""The config's families are compared with those that the exchange lists: once, beside all else."""
import unittest

from lab import Lab, eventually

BTC = "mm-1/BTC-USD"
LISTING = ("BTC-USD", "ETH-USD")


class Families(unittest.TestCase):
    def kills(self, lab, daemon):
        lab.source().publish(BTC, "delta", 26)
        daemon.await_state(BTC, "accepted")

    def listed(self, daemon):
        return {family["name"]: family.get("listed") for family in daemon.status()["families"]}

    def await_known(self, daemon):
        eventually(lambda: daemon.status()["families_known"], lambda: f"families known:\n{daemon.log()}", 20)

    def await_unknown(self, daemon, why):
        def told():
            reason = daemon.status()["families_unknown_reason"]
            return reason and why in reason

        eventually(told, lambda: f"'{why}' in {daemon.status()['families_unknown_reason']}", 30)
        daemon.await_log("families_unknown detail=")
        self.assertFalse(daemon.status()["families_known"])
        self.assertEqual(set(self.listed(daemon).values()), {None})
        self.assertEqual(daemon.ctl("ready")[0], 0, "what is not known does not disarm")
        self.assertIn("NOT COMPARED with the exchange's list of option families: ", daemon.ctl("status")[1])

    def test_families_that_are_listed_are_told_so(self):
        with Lab(families=LISTING) as lab:
            daemon = lab.scramd().await_ready()
            self.await_known(daemon)
            self.assertEqual(self.listed(daemon), {BTC: True, "mm-1/ETH-USD": True})
            self.assertEqual(daemon.ctl("ready")[:2], (0, "ready\n"))
            self.assertNotIn("NOT COMPARED", daemon.ctl("status")[1])
            self.assertNotIn("families_unknown", daemon.log())

    def test_one_that_is_not_listed_is_told_in_log_ready_and_status(self):
        with Lab(families=LISTING) as lab:
            daemon = lab.scramd(families=(BTC, "mm-1/BTC-USDT", "mm-1/BTC-USD_UM")).await_ready()
            self.await_known(daemon)
            self.assertEqual(self.listed(daemon), {BTC: True, "mm-1/BTC-USDT": False, "mm-1/BTC-USD_UM": False})
            daemon.await_log("<4>family_unlisted family=mm-1/BTC-USDT ")
            daemon.await_log("<4>family_unlisted family=mm-1/BTC-USD_UM ")
            code, out, _ = daemon.ctl("ready")
            self.assertEqual(code, 1)
            why = ("account mm-1: the exchange lists no options of BTC-USDT, so mm-1/BTC-USDT cannot be cancelled; "
                   "it lists BTC-USD, ETH-USD: correct [[family]] name (and of 1 more)")
            self.assertEqual(out, f"not ready: {why}\n")
            self.assertIn(f"NOT READY: {why}", daemon.ctl("status")[1])
            self.assertTrue(daemon.status()["fires"])
            self.kills(lab, daemon)

    def test_an_answer_that_is_no_list_leaves_all_unknown(self):
        for kind in ("garbage", "html", "numeric", "limited429", "half_body", "result_false", "long"):
            with self.subTest(kind), Lab(families=LISTING) as lab:
                lab.sim.fault(kind, on="families", count=-1)
                daemon = lab.scramd().await_ready()
                self.await_unknown(daemon, "")
                self.kills(lab, daemon)

    def test_without_an_answer_kills_go_on_on_all_links(self):
        with Lab(families=LISTING) as lab:
            lab.sim.fault("silent", on="families", count=-1)
            daemon = lab.scramd().await_ready()
            eventually(lambda: lab.sim.state()["connections_total"] == 6, "it is asked, on a link of its own")
            self.assertEqual([link["phase"] for link in daemon.links()].count("down"), 0)
            self.kills(lab, daemon)
            self.await_unknown(daemon, "no answer within 10 s")
            eventually(lambda: lab.sim.state()["connections"] == 5, "its connection has ended")

    def test_a_reload_asks_again(self):
        with Lab(families=LISTING) as lab:
            lab.sim.fault("garbage", on="families")
            daemon = lab.scramd().await_ready()
            self.await_unknown(daemon, "no list of option families (http 200)")
            daemon.reload(lab.config())
            self.await_known(daemon)
            self.assertEqual(self.listed(daemon)[BTC], True)
