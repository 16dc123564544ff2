"""No maker and no operator holds the loop: others' kills, watchers and answers while one asks for much."""
import collections
import time
import unittest

from delay import gate_delays, meanwhile, median
from lab import DELTA_RULE, PATIENCE, Lab, eventually, rule

NOISY = "mm-1/NOISE-USD"
QUIET = [f"mm-1/F{i}-USD" for i in range(40)]
STEPS = [0.2, 0.4, 0.6, 0.8]


def swinging_rules(count):
    return "".join(rule(f"try-{i}", "limit", metric="vega", beyond=100, warn=STEPS, shadow=True, families=[NOISY])
                   for i in range(count))


def swing(source, metric):
    """Over every limit and back."""
    source.publish(NOISY, metric, 1000)
    source.publish(NOISY, metric, 0)
    time.sleep(0.002)


class Turns(unittest.TestCase):
    def start(self, lab, rules, families, **more):
        daemon = lab.scramd(DELTA_RULE + rules, families=families, sources=("maker-1", "maker-2", "maker-3"),
                            **more)
        return daemon.await_ready()

    def test_warnings_of_one_maker_hold_up_no_kill_and_no_watcher(self):
        with Lab() as lab:
            daemon = self.start(lab, swinging_rules(50), [NOISY, *QUIET])
            watch = lab.watch(daemon)
            maker = lab.source("maker-1")
            with meanwhile(swing, lab.source("maker-2"), "pnl"):  # what no rule looks at
                before = gate_delays(maker, QUIET[:20])
            began = time.monotonic()
            with meanwhile(swing, lab.source("maker-3"), "vega"):
                during = gate_delays(maker, QUIET[20:])
            seconds = time.monotonic() - began
            self.assertLess(median(during), 10 * median(before) + 0.02 * PATIENCE, (before, during))
            self.assertGreater(daemon.status()["suppressed_warnings"], 0)
            eventually(lambda: [e for e in list(watch.seen) if e.get("suppressed", 0) > 0],
                       lambda: f"what was not told is counted: {watch.seen[-5:]}")
            self.assertIsNone(watch.process.poll())
            told = collections.Counter(e["rule"] for e in list(watch.seen)
                                       if e["event"] in ("warned", "warning_over", "would_trip"))
            self.assertEqual(len(told), 50)
            self.assertLess(max(told.values()), 5 * (seconds + 4))

    def test_reloads_and_looks_of_an_operator_hold_up_no_kill(self):
        rules = "".join(rule(f"limit-{i}", "limit", metric="vega", beyond=100 + i, over="each")
                        for i in range(200))
        with Lab() as lab:
            daemon = self.start(lab, rules, QUIET)
            maker = lab.source("maker-1")
            with meanwhile(daemon.ask, "receipts"):
                before = gate_delays(maker, QUIET[:20])

            def ask_for_much():
                daemon.ask("reload")
                daemon.ask("status")

            with meanwhile(ask_for_much):
                eventually(lambda: "plan_changed" in daemon.log(), "a reload is taken up", 20)
                during = gate_delays(maker, QUIET[20:])
            self.assertLess(median(during), 10 * median(before) + 0.02 * PATIENCE, (before, during))

    def test_the_status_of_a_large_plan_is_whole_and_held_up_by_nothing(self):
        families = [f"mm-1/F{i}-USD" for i in range(200)]
        rules = "".join(rule(f"limit-{i}", "limit", metric="vega", beyond=100 + i, over="each")
                        for i in range(60))
        with Lab() as lab:
            daemon = self.start(lab, rules, families)
            lab.source().publish(families[150], "vega", 40)
            daemon.await_value(families[150], "vega", 40)
            status = daemon.status()
            self.assertEqual([f["name"] for f in status["families"]], families)
            self.assertEqual([v["family"] for v in status["values"]], families)
            self.assertEqual(len(status["sources"]), 3)
            nearest = next(r for r in status["rules"] if r["rule"] == "limit-0")
            self.assertEqual((nearest["family"], nearest["value"]), (families[150], 40))
            self.assertEqual(len({r["rule"] for r in status["rules"]}), 61)

    def test_the_longest_iteration_says_its_work_and_whose_the_time_was(self):
        with Lab() as lab:
            daemon = self.start(lab, "", [NOISY])
            for key in ("loop_max", "loop_max_of_minute"):
                turn = daemon.status()[key]
                self.assertGreater(turn["wall_us"], 0)
                self.assertLessEqual(turn["cpu_us"], turn["wall_us"])
                self.assertGreaterEqual(turn["cpu_us"], 0)
                self.assertIsInstance(turn["work"], str)


if __name__ == "__main__":
    unittest.main()
