"""A scramd that was stopped reads what was published meanwhile, and only then judges silence."""
import signal
import time
import unittest

from lab import PATIENCE, Lab, rule

BTC = "mm-1/BTC-USD"
ROUNDS = 10


class Late(unittest.TestCase):
    def stop_and_go_on(self, kind_of_source, wait, rules):
        """ROUNDS times: stopped for longer than a rule allows, while its maker goes on."""
        after_s = 0.4 * PATIENCE
        with Lab() as lab:
            daemon = lab.scramd(rules(int(1000 * after_s)), more=f'wait = "{wait}"\n').await_ready()
            maker = kind_of_source(lab)
            for _ in range(ROUNDS):
                maker.publish(BTC, "delta", 1)
                daemon.process.send_signal(signal.SIGSTOP)
                end = time.monotonic() + 1.25 * after_s
                while time.monotonic() < end:
                    time.sleep(after_s / 20)
                    maker.publish(BTC, "delta", 1)
                daemon.process.send_signal(signal.SIGCONT)
                self.assertEqual(daemon.family(BTC)["state"], "armed", daemon.log())
                maker.publish(BTC, "delta", 1)
            self.assertNotIn("tripped", daemon.log())
            daemon.await_state(BTC, "accepted")  # what is silent in fact still trips

    def test_heartbeats_that_lie_in_the_socket_are_no_silence(self):
        self.stop_and_go_on(Lab.source, "sleep", lambda ms: rule("silent", "stale", after_ms=ms))

    def test_signals_that_lie_in_the_ring_are_no_silence(self):
        self.stop_and_go_on(Lab.ring_source, "sleep", lambda ms: rule("silent", "stale", after_ms=ms))

    def test_values_that_lie_in_the_ring_are_no_silence_of_their_metric(self):
        self.stop_and_go_on(Lab.ring_source, "sleep",
                            lambda ms: rule("silent", "stale", metric="delta", families=[BTC], after_ms=ms))

    def test_a_loop_that_spins_reads_first_too(self):
        self.stop_and_go_on(Lab.ring_source, "spin", lambda ms: rule("silent", "stale", after_ms=ms))


if __name__ == "__main__":
    unittest.main()
