"""A scramd that is stopped or killed without a word: a maker that does no more than ask must know it all the same."""
import os
import pathlib
import signal
import subprocess
import sys
import time
import unittest

from lab import BUILD, IS_SANITIZED, Lab, eventually

os.environ["SCRAM_LIBRARY"] = str(BUILD / "client/libscram.so.0")
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "client/python"))
import scram

BTC = "mm-1/BTC-USD"
WAITS = ("sleep", "spin")
SHIFTED = ("unshare", "--time", "--monotonic", "1000")


class Maker(scram.Client):
    """Attached to the lab's scramd, and told to quote."""

    def __init__(self, lab):
        super().__init__("maker-1", str(lab.folder / "signals.sock"))
        eventually(lambda: not self.halted(BTC), "it may quote")

    def __exit__(self, *_):
        self.abandon()

    def is_halted(self):
        eventually(lambda: self.halted(BTC) and not self.attached, "the maker is halted")


def scramd(lab, wait="sleep", more="", **options):
    return lab.scramd(more=f'wait = "{wait}"\n{more}', **options).await_ready()


@unittest.skipIf(IS_SANITIZED, "an uninstrumented Python cannot load a library built with sanitizers")
class Frozen(unittest.TestCase):
    def test_a_stopped_scramd_halts_a_maker_that_only_asks_and_no_longer_once_it_goes_on(self):
        for wait in WAITS:
            with self.subTest(wait), Lab() as lab:
                daemon = scramd(lab, wait)
                with Maker(lab) as maker:
                    daemon.process.send_signal(signal.SIGSTOP)
                    maker.is_halted()
                    daemon.process.send_signal(signal.SIGCONT)
                    eventually(lambda: not maker.halted(BTC), "it quotes again")

    def test_a_killed_scramd_halts_a_maker_that_only_asks(self):
        with Lab() as lab:
            daemon = scramd(lab)
            with Maker(lab) as maker:
                daemon.stop(signal.SIGKILL)
                maker.is_halted()

    def test_a_full_ring_of_a_stopped_scramd_halts(self):
        with Lab() as lab:
            daemon = scramd(lab)
            with Maker(lab) as maker:
                maker.publish(BTC, "delta", 1)  # its names are known from here on
                daemon.process.send_signal(signal.SIGSTOP)
                while maker.publish(BTC, "delta", 1):
                    pass
                maker.is_halted()
                daemon.process.send_signal(signal.SIGCONT)

    def test_an_idle_scramd_halts_nobody(self):
        for wait in WAITS:
            with self.subTest(wait), Lab() as lab:
                scramd(lab, wait, "[timings]\nhalted_after_ms = 10000\n")
                with Maker(lab) as maker:
                    until = time.monotonic() + 3
                    while time.monotonic() < until:
                        self.assertFalse(maker.halted(BTC))
                        time.sleep(0.005)

    def test_a_reload_changes_the_age_that_halts(self):
        with Lab() as lab:
            slow, quick = (f"[timings]\nhalted_after_ms = {ms}\n" for ms in (10000, 100))
            daemon = scramd(lab, more=slow)
            with Maker(lab) as maker:
                daemon.config.write_text(lab.config(more='wait = "sleep"\n' + quick))
                daemon.ask("reload")
                stopped = time.monotonic()
                daemon.process.send_signal(signal.SIGSTOP)
                maker.is_halted()
                self.assertLess(time.monotonic() - stopped, 9)
                daemon.process.send_signal(signal.SIGCONT)


class Watchdog(unittest.TestCase):
    """Without a service manager that watches, the keeper of the signer does."""

    def test_a_scramd_that_stays_frozen_is_killed_and_another_can_start(self):
        with Lab() as lab:
            daemon = scramd(lab)
            daemon.process.send_signal(signal.SIGSTOP)
            self.assertEqual(daemon.ended(30), -signal.SIGKILL)
            self.assertIn("<0>loop_frozen", daemon.log())
            lab.scramd().await_ready()

    def test_a_short_stop_is_survived(self):
        with Lab() as lab:
            daemon = scramd(lab)
            for _ in range(3):
                daemon.process.send_signal(signal.SIGSTOP)
                time.sleep(4)
                daemon.process.send_signal(signal.SIGCONT)
                daemon.ask("status")
            self.assertIsNone(daemon.process.poll())


@unittest.skipIf(IS_SANITIZED, "an uninstrumented Python cannot load a library built with sanitizers")
class TimeNamespace(unittest.TestCase):
    """A container can shift the monotonic clock."""

    def setUp(self):
        if subprocess.run([*SHIFTED, "true"], capture_output=True).returncode != 0:
            self.skipTest("this user or kernel makes no time namespace")

    def test_a_maker_whose_clock_is_behind_quotes_is_measured_rightly_and_is_halted(self):
        with Lab() as lab:
            daemon = scramd(lab, inside=SHIFTED)
            with Maker(lab) as maker:
                maker.publish(BTC, "delta", 26)
                daemon.await_state(BTC, "accepted")
                stage = daemon.ask("latency")["attempts"]["stages"]["published_to_read"]
                self.assertLess(stage.get("max_ns", 0), 500e9)
                daemon.stop(signal.SIGKILL)
                maker.is_halted()


if __name__ == "__main__":
    unittest.main()
