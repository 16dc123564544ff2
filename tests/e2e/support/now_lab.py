"""scram-now beside an exchange with quotes, for its tests."""
import os
import signal
import subprocess
import unittest

from lab import BIN, Lab, Process, write_credentials
from waiting import PATIENCE, ms

NAMES = ["BTC", "ETH", "SOL", "XRP", "ADA", "DOT", "LTC", "EOS", "TRX", "BCH", "ETC"]
# A second try of what is not answered comes late, so that a slow machine sends no request more.
QUICK = (f"[timings]\nretry_first_ms = 20\nretry_max_ms = 200\nretry_refused_ms = 100\nanswer_timeout_ms = {ms(300)}\n"
         f"hedge_min_ms = {ms(250)}\n")


def families(count, account="mm-1"):
    return [f"{account}/{name}-USD" for name in NAMES[:count]]


class Done:
    """What one run of scram-now came to."""

    def __init__(self, process):
        self.code, self.out, self.err = process.returncode, process.stdout, process.stderr
        self.lines = self.out.splitlines()

    def accepted(self):
        return self.families("accepted:")

    def verified(self):
        return self.families("verified:")

    def families(self, state):
        return [line.split()[0] for line in self.lines if line.split()[1] == state]

    def __str__(self):
        return f"exit {self.code}\n{self.out}{self.err}"


class NowLab(Lab):
    """An exchange with quotes, and a config for scram-now; scramd only if a test starts it."""

    def __init__(self, count=2, names=None, more=QUICK, **options):
        self.names = families(count) if names is None else names
        self.config_keys = {"families": self.names, "more": more}
        super().__init__(**options)

    def __enter__(self):
        for name in self.names:
            account, family = name.split("/")
            self.sim.quote(family, 4, account=account)
        for name in self.accounts:
            write_credentials(self.folder, name)
        return self

    def write_config(self, **keys):
        path = self.folder / "now.toml"
        path.write_text(self.config(**{**self.config_keys, **keys}))
        return path

    def command(self, *arguments, **keys):
        return [str(a) for a in (BIN / "scram-now", "--config", self.write_config(**keys), *arguments)]

    def now(self, *arguments, inside=(), env=None, **keys):
        return Done(subprocess.run([*inside, *self.command(*arguments, **keys)], capture_output=True, text=True,
                                   timeout=50 * PATIENCE, env={**os.environ, **(env or {})}))

    def now_until(self, told, *arguments, env=None, **keys):
        """Told to end once it has said so."""
        command = self.command(*arguments, **keys)
        process = self.add(Process(command, self.folder / "now.log", stdout=subprocess.PIPE, text=True,
                                   env={**os.environ, **(env or {})}))
        process.await_log(told)
        process.process.send_signal(signal.SIGTERM)
        out, _ = process.process.communicate(timeout=20 * PATIENCE)
        return Done(subprocess.CompletedProcess(command, process.process.returncode, out, process.log()))

    def resting(self):
        accounts = self.sim.state()["accounts"]
        return {f"{account}/{family}": book["mmp"] for account, its in accounts.items()
                for family, book in its["families"].items() if book["mmp"]}

    def requests(self, account="mm-1"):
        return self.sim.cancels(account)["requests"]


class Case(unittest.TestCase):
    def all_cancelled(self, lab, done, names=None):
        names = lab.names if names is None else names
        self.assertEqual(done.code, 0, done)
        self.assertEqual(set(done.accepted()), set(names), done)
        self.assertEqual(sorted(done.verified()), sorted(names), done)
        self.assertFalse(set(names) & set(lab.resting()), lab.resting())

    def arrived(self, lab, account="mm-1"):
        """Instrument families in the order in which the exchange accepted them, and when, in seconds."""
        log = [r for r in lab.sim.cancels(account)["log"] if r["code"] == "0"]
        return [(r["instFamily"], (r["mono_ns"] - log[0]["mono_ns"]) / 1e9) for r in log]
