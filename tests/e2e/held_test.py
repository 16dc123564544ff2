"""Held: a family that a start latches without a cancel is never called accepted, whatever led to the latch.

Its quotes rest at the exchange. Every verb, the JSON, the log and the receipt say so, and what to do next.
"""
import re
import shutil
import signal
import unittest

from lab import Lab, eventually

BTC, ETH = "mm-1/BTC-USD", "mm-1/ETH-USD"


class Start:
    """A scramd that ended with ten quotes of a family resting, and another that starts after it."""

    def __init__(self, lab, spoil=None, end=signal.SIGKILL):
        self.lab = lab
        self.journal = lab.folder / "journal"
        self.board = lab.folder / "control.sock.board"
        first = lab.scramd().await_ready()
        lab.sim.quote("BTC-USD", 10)
        if spoil is Start.truncate:
            self.keep_board()
            self.fill(first)
        self.await_stored(first)
        first.stop(end)
        lab.children.remove(first)
        if spoil:
            spoil(self)
        self.daemon = lab.scramd().await_ready()

    def keep_board(self):
        shutil.copy(self.board, self.lab.folder / "board.before")

    def fill(self, daemon):
        """More records than the board of before knows of."""
        for _ in range(3):
            daemon.ask("trip", target=ETH, reason="more records")
        daemon.await_state(ETH, "accepted")
        daemon.rearm(ETH, "more records")
        self.await_stored(daemon)

    def await_stored(self, daemon):
        eventually(lambda: daemon.status()["journal"]["records_stored"] == daemon.status()["journal"]["records"],
                   "the file has them all")

    def files(self):
        return sorted(path for path in self.journal.iterdir() if path.is_file())

    # ---- what may happen to a journal while nobody looks

    def truncate(self):
        shutil.move(self.lab.folder / "board.before", self.board)

    def damage(self):
        for path in self.files():
            data = bytearray(path.read_bytes())
            data[300] ^= 1
            path.write_bytes(data)

    def foreign(self):
        for path in [*self.files(), self.board]:
            data = bytearray(path.read_bytes())
            data[12] ^= 0x40
            path.write_bytes(data)

    def unreadable(self):
        shutil.rmtree(self.journal)
        self.journal.write_text("a file in its place\n")


class Held(unittest.TestCase):
    def is_held(self, start, health=None):
        """What every door says of it. The word "accepted" is for what an answer of the exchange said."""
        lab, daemon = start.lab, start.daemon
        if health:
            self.assertEqual(daemon.status()["journal"]["at_start"], health)
        family = daemon.family(BTC)
        self.assertEqual((family["state"], family["gate"], family["unfinished"]), ("held", "closed", False))
        ready, why, _ = daemon.ctl("ready")
        self.assertEqual(ready, 1, why)
        self.assertIn("scramctl trip", why)
        told = {"ready": why, "log": "\n".join(line for line in daemon.log().splitlines() if BTC in line)}
        for words in (["status"], ["receipt"], ["receipts"], ["rearm", BTC], ["receipt", "--json"], ["rearm", BTC, "--json"]):
            told[" ".join(words)] = daemon.ctl(*words)[1]
        told["receipts"] = "\n".join(told["receipts"].splitlines()[:2])  # of this start; what was before is true
        for door, text in told.items():
            self.says_nothing_of_a_confirmation(door, text)
        self.assertIn("HELD", told["receipt"])
        self.assertIn("HELD", told["receipts"])
        self.assertIn(f"scramctl trip {BTC}", told["rearm " + BTC])
        self.assertIn("cancel=held", told["log"])
        self.assertIn(f"scramctl trip {BTC}", told["log"])
        self.assertEqual(lab.sim.family("BTC-USD")["mmp"], 10, "nothing was cancelled")

    def says_nothing_of_a_confirmation(self, door, text):
        lines = [line for line in text.splitlines() if ETH not in line]
        text = re.sub(r'(?i)\bnot accepted|"accepted": ?false', "", "\n".join(lines))
        self.assertNotRegex(text.lower(), "accepted", f"{door} says it, and no answer did")

    def a_trip_cancels_it(self, start):
        code, out, _ = start.daemon.ctl("trip", BTC, "--reason", "it was held")
        self.assertEqual(code, 0, out)
        start.daemon.await_state(BTC, "accepted")
        self.assertEqual(start.lab.sim.family("BTC-USD")["mmp"], 0)

    def test_after_a_crash(self):
        with Lab() as lab:
            start = Start(lab)
            self.is_held(start)
            self.a_trip_cancels_it(start)

    def test_after_a_second_crash_and_a_clean_restart_it_is_held_still(self):
        with Lab() as lab:
            start = Start(lab)
            for end in (signal.SIGKILL, signal.SIGTERM):
                start.daemon.stop(end)
                lab.children.remove(start.daemon)
                start.daemon = lab.scramd().await_ready()
                self.is_held(start)
            self.a_trip_cancels_it(start)

    def test_a_breach_cancels_it_as_any_other(self):
        with Lab() as lab:
            start = Start(lab)
            maker = lab.source()
            maker.publish(BTC, "delta", 26)
            start.daemon.await_state(BTC, "accepted")
            self.assertEqual(lab.sim.family("BTC-USD")["mmp"], 0)

    def test_armed_again_it_says_that_nothing_was_cancelled(self):
        with Lab() as lab:
            start = Start(lab)
            code, out, error = start.daemon.rearm(BTC, "looked at the orders")
            self.assertEqual(code, 0, error)
            self.assertIn("nothing was cancelled", out)
            self.assertIn("nothing was cancelled", start.daemon.log())

    def test_after_a_truncated_journal(self):
        with Lab() as lab:
            self.is_held(Start(lab, Start.truncate), "truncated")

    def test_after_a_damaged_journal(self):
        with Lab() as lab:
            self.is_held(Start(lab, Start.damage), "damaged")

    def test_after_a_foreign_journal(self):
        with Lab() as lab:
            self.is_held(Start(lab, Start.foreign), "foreign")

    def test_after_an_unreadable_journal(self):
        with Lab() as lab:
            self.is_held(Start(lab, Start.unreadable), "unread")

    def test_a_gate_that_closed_before_the_send_is_a_cancel_that_goes_on(self):
        with Lab() as lab:
            first = lab.scramd().await_ready()
            lab.sim.quote("BTC-USD", 10)
            lab.sim.process.send_signal(signal.SIGSTOP)
            self.assertTrue(first.ask("trip", target=BTC, reason="drill")["ok"])
            first.stop(signal.SIGKILL)
            lab.children.remove(first)
            second = lab.scramd()
            eventually(lambda: self.answers(second), "it answers", 20)
            family = second.family(BTC)
            self.assertIn(family["state"], ("tripped", "cancelling"))
            self.assertTrue(family["unfinished"])
            self.says_nothing_of_a_confirmation("status", second.ctl("status")[1])
            lab.sim.process.send_signal(signal.SIGCONT)
            second.await_state(BTC, "accepted", 20)
            self.assertEqual(lab.sim.family("BTC-USD")["mmp"], 0)

    @staticmethod
    def answers(daemon):
        try:
            return daemon.status()["ok"]
        except OSError:
            return False
