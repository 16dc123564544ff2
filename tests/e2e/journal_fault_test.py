"""The journal's directory is full, read-only, gone: scramd says so, and goes on firing.

What the journal then cannot keep, an unclean end and a restart may not forget: it is latched again.
"""
import os
import signal
import unittest

from lab import Lab, eventually, remove_at_once
from network import need

BTC, ETH = "mm-1/BTC-USD", "mm-1/ETH-USD"


class JournalLab(Lab):
    def __init__(self):
        super().__init__()
        self.directory = self.folder / "journal"
        self.directory.mkdir()

    def start(self, inside=()):
        self.daemon = self.scramd(inside=inside).await_ready()
        return self.daemon

    def mounted(self, options, then="true"):
        """Before scramd runs, its journal's directory is a small file system of its own, unseen by others;
        `then` is done in it."""
        script = f'mount -t tmpfs -o {options} none "$0" && cd "$0" && {{ {then}; }}; cd / && exec "$@"'
        return ["unshare", "--mount", "sh", "-c", script, self.directory]

    def seen_by_scramd(self):
        """The directory as scramd sees it."""
        return f"/proc/{self.daemon.process.pid}/root{self.directory}"


class Board(unittest.TestCase):
    """The file in shared memory, at the hands of its own user."""

    def keeps_no_cancel(self, harm, told):
        with JournalLab() as lab:
            for family in ("BTC-USD", "ETH-USD"):
                lab.sim.quote(family)
            daemon, maker = lab.start(), lab.source()
            board = lab.folder / "control.sock.board"
            harm(board)
            maker.publish(BTC, "delta", 26)
            daemon.await_state(BTC, "accepted")
            self.assertEqual(lab.sim.family("BTC-USD")["mmp"], 0)
            daemon.await_log(told)
            daemon.await_log(f"{board} is whole")
            eventually(lambda: daemon.status()["journal"]["healthy"], "the journal is well")
            daemon.stop(signal.SIGKILL)
            self.assertEqual(lab.start().family(BTC)["gate"], "closed")

    def test_a_board_that_is_cut_keeps_no_cancel_and_another_takes_its_place(self):
        self.keeps_no_cancel(lambda board: os.truncate(board, 0), "was cut by somebody")

    def test_a_board_that_is_removed_is_made_again(self):
        self.keeps_no_cancel(os.unlink, "was removed by somebody")


class Faults(unittest.TestCase):
    def alarms(self, lab):
        """It is told at both places where an operator looks."""
        eventually(lambda: not lab.daemon.status()["journal"]["healthy"],
                   lambda: f"the journal is unwell: {lab.daemon.status()}")
        self.is_told(lab)
        code, out, _ = lab.daemon.ctl("ready")
        self.assertEqual(code, 1)
        self.assertIn("the journal cannot be written", out)

    def is_told(self, lab):
        eventually(lambda: [line for line in lab.daemon.log().splitlines()
                            if "journal" in line and line[:3] in ("<1>", "<2>", "<3>")],
                   lambda: f"an alarm of the journal in the log:\n{lab.daemon.log()}")

    def fires(self, lab, family=BTC):
        lab.sim.quote(family.split("/")[1], 3)
        maker = lab.source()
        maker.publish(family, "delta", 26)
        lab.daemon.await_state(family, "accepted")
        self.assertEqual(lab.sim.family(family.split("/")[1])["mmp"], 0)
        maker.publish(family, "delta", 0)
        lab.daemon.await_value(family, "delta", 0)
        maker.goodbye()

    def fires_again_and_again(self, lab, count=40):
        for _ in range(count):
            self.assertTrue(lab.daemon.ask("trip", target=ETH, reason="to fill the journal")["ok"])

    def starts_with(self, lab, inside):
        lab.start(inside)
        self.alarms(lab)
        self.fires(lab)
        lab.end_children(True)

    def test_a_directory_that_is_full_at_start_is_an_alarm_and_scramd_fires(self):
        need("unshare", "mount")
        with JournalLab() as lab:
            self.starts_with(lab, lab.mounted("size=64k", "cat /dev/zero >filler 2>/dev/null"))

    def test_a_directory_that_is_read_only_is_an_alarm_and_scramd_fires(self):
        need("unshare", "mount")
        with JournalLab() as lab:
            self.starts_with(lab, lab.mounted("size=1m", "mount -o remount,ro ."))

    def test_a_directory_that_does_not_exist_and_cannot_be_made_is_an_alarm_and_scramd_fires(self):
        with JournalLab() as lab:
            lab.directory.rmdir()
            lab.directory.write_text("a file in its place\n")
            self.starts_with(lab, ())

    def test_a_limit_on_the_size_of_files_is_an_alarm_and_scramd_fires(self):
        need("prlimit")
        with JournalLab() as lab:
            self.starts_with(lab, ["prlimit", "--fsize=8192"])

    def test_a_directory_that_fills_up_while_scramd_runs_is_an_alarm_and_scramd_fires(self):
        need("unshare", "mount")
        with JournalLab() as lab:
            lab.start(lab.mounted("size=64m"))
            self.fires(lab)
            with open(f"{lab.seen_by_scramd()}/filler", "wb", buffering=0) as filler:
                with self.assertRaises(OSError):
                    while True:
                        filler.write(bytes(65536))
            self.fires_again_and_again(lab)
            self.alarms(lab)
            self.fires(lab, ETH)

    def test_a_directory_that_is_removed_while_scramd_runs_is_told_and_made_again_and_scramd_fires(self):
        with JournalLab() as lab:
            lab.start()
            remove_at_once(lab.directory)
            self.fires(lab)
            self.is_told(lab)
            self.fires(lab, ETH)
            eventually(lambda: lab.daemon.status()["journal"]["healthy"], "a new file took its place")

    def test_after_a_crash_with_its_journal_removed_scramd_does_not_start_armed_in_silence(self):
        with JournalLab() as lab:
            lab.start()
            self.fires(lab)
            remove_at_once(lab.directory)
            lab.daemon.stop(signal.SIGKILL)
            lab.start()
            self.assertEqual(lab.daemon.family(BTC)["gate"], "closed")
