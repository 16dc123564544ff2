"""What a new scramd knows of what was published before it: values, peaks, who was attached; and what it does not know."""
import signal
import unittest

from lab import Lab, eventually, rule

BTC = "mm-1/BTC-USD"
ENDS = (signal.SIGTERM, signal.SIGKILL)
# A crash latches nothing here, so that what rules do is seen.
GOES_ON = {"journal_keys": 'after_crash = "armed"'}


def restarted(lab, daemon, end, rules, **config):
    daemon.stop(end)
    lab.children.remove(daemon)
    return lab.scramd(rules, **{**GOES_ON, **config}).await_ready()


class Known(unittest.TestCase):
    def test_a_drawdown_goes_on_from_the_peak_of_before(self):
        rules = rule("fall", "drawdown", metric="pnl", by=100)
        for end in ENDS:
            with self.subTest(end=end), Lab() as lab:
                daemon = lab.scramd(rules, **GOES_ON).await_ready()
                maker = lab.source()
                for value in (0, 90, 10):
                    maker.publish(BTC, "pnl", value)
                daemon.await_value(BTC, "pnl", 10)
                daemon = restarted(lab, daemon, end, rules)
                self.assertEqual(daemon.value(BTC, "pnl"), 10)
                self.assertIn("state_restored values=1 ", daemon.log())
                maker = lab.source()
                maker.publish(BTC, "pnl", 10)
                daemon.await_value(BTC, "pnl", 10)
                self.assertEqual(daemon.family(BTC)["state"], "armed")
                maker.publish(BTC, "pnl", -60)
                daemon.await_state(BTC, "accepted")

    def test_a_rule_that_holds_still_refuses_to_arm(self):
        rules = rule("delta", "limit", metric="delta", beyond=25)
        for end in ENDS:
            with self.subTest(end=end), Lab() as lab:
                daemon = lab.scramd(rules, **GOES_ON).await_ready()
                lab.source().publish(BTC, "delta", 40)
                daemon.await_state(BTC, "accepted")
                self.assertNotEqual(daemon.rearm(BTC, "before")[0], 0)
                daemon = restarted(lab, daemon, end, rules)
                code, out, error = daemon.rearm(BTC, "after")
                self.assertNotEqual(code, 0)
                self.assertIn("delta", out + error)
                self.assertEqual(daemon.family(BTC)["gate"], "closed")

    def test_two_makers_sum_is_whole_though_one_alone_has_come_back(self):
        rules = rule("delta", "limit", metric="delta", beyond=25)
        sources = ("maker-1", "maker-2")
        with Lab() as lab:
            daemon = lab.scramd(rules, sources=sources, **GOES_ON).await_ready()
            lab.source("maker-1").publish(BTC, "delta", 20)
            lab.source("maker-2").publish(BTC, "delta", 4)
            daemon.await_value(BTC, "delta", 24)
            daemon = restarted(lab, daemon, signal.SIGTERM, rules, sources=sources)
            lab.source("maker-2").publish(BTC, "delta", 6)
            daemon.await_state(BTC, "accepted")


class Attached(unittest.TestCase):
    def test_a_maker_that_was_stopped_is_stale_after_a_restart(self):
        rules = rule("silent", "stale", after_ms=1000)
        for end in ENDS:
            with self.subTest(end=end), Lab() as lab:
                daemon = lab.scramd(rules, **GOES_ON).await_ready()
                lab.source().publish(BTC, "delta", 1)
                daemon.await_value(BTC, "delta", 1)
                daemon = restarted(lab, daemon, end, rules)
                daemon.await_log("tripped trip=")
                daemon.await_log("rule=silent source=maker-1")
                daemon.await_state(BTC, "accepted")

    def test_a_maker_that_does_not_come_back_has_vanished(self):
        timings = "[timings]\nreattach_within_ms = 500\n"
        with Lab() as lab:
            daemon = lab.scramd("", more=timings, **GOES_ON).await_ready()
            lab.source().publish(BTC, "delta", 1)
            daemon.await_value(BTC, "delta", 1)
            daemon = restarted(lab, daemon, signal.SIGTERM, "", more=timings)
            daemon.await_log("source_vanished source=maker-1")
            daemon.await_log("rule=gone source=maker-1")
            daemon.await_state(BTC, "accepted")

    def test_a_maker_that_said_goodbye_owes_nothing(self):
        rules = rule("silent", "stale", after_ms=200)
        with Lab() as lab:
            daemon = lab.scramd(rules, **GOES_ON).await_ready()
            maker = lab.source()
            maker.publish(BTC, "delta", 1)
            maker.ask(maker.GOODBYE)
            eventually(lambda: daemon.status()["sources"][0]["phase"] == "left", "it has left")
            daemon = restarted(lab, daemon, signal.SIGTERM, rules)
            self.assertEqual(daemon.status()["sources"][0]["phase"], "absent")
            self.assertEqual(daemon.family(BTC)["state"], "armed")


class NotKnown(unittest.TestCase):
    def test_nothing_is_shown_as_nothing(self):
        with Lab() as lab:
            daemon = lab.scramd().await_ready()
            values = next(v for v in daemon.status()["values"] if v["family"] == BTC)
            self.assertEqual(values["sums"], {"delta": None, "pnl": None, "vega": None})
            self.assertIn("delta=-", daemon.ctl("status", "--details")[1])

    def test_an_expected_source_that_never_came_is_told(self):
        rules = rule("silent", "stale", after_ms=1000)
        with Lab() as lab:
            daemon = lab.scramd(rules, sources=("maker-1", "maker-2")).await_ready()
            code, out, _ = daemon.ctl("ready")
            self.assertNotEqual(code, 0)
            self.assertIn("0 of 2 expected sources attached: maker-1 is absent", out)
            lab.source("maker-1"), lab.source("maker-2")
            eventually(lambda: daemon.ctl("ready")[0] == 0, lambda: f"ready: {daemon.ctl('ready')}")

    def test_a_source_is_not_expected_where_the_file_says_so(self):
        rules = rule("silent", "stale", after_ms=1000)
        with Lab() as lab:
            daemon = lab.scramd(rules, sources=(("maker-1", ["*"], "expected = false"),)).await_ready()
            eventually(lambda: daemon.ctl("ready")[0] == 0, lambda: f"ready: {daemon.ctl('ready')}")

    def test_what_an_expected_source_has_not_said_bars_arming(self):
        rules = rule("delta", "limit", metric="delta", beyond=25)
        expected = tuple((name, ["*"], "expected = true") for name in ("maker-1", "maker-2"))
        with Lab() as lab:
            daemon = lab.scramd(rules, sources=expected).await_ready()
            lab.source("maker-1").publish(BTC, "delta", 20)
            silent = lab.source("maker-2")
            daemon.await_value(BTC, "delta", 20)
            self.assertIn("delta of mm-1/BTC-USD by maker-2 is not known", daemon.ctl("ready")[1])
            daemon.ask("trip", target=BTC, reason="test")
            daemon.await_state(BTC, "accepted")
            code, out, error = daemon.rearm(BTC, "calm")
            self.assertNotEqual(code, 0)
            self.assertIn("delta by maker-2 is not known", out + error)
            silent.publish(BTC, "delta", 1)
            daemon.await_value(BTC, "delta", 21)
            self.assertEqual(daemon.rearm(BTC, "calm")[0], 0)


if __name__ == "__main__":
    unittest.main()
