"""docs/interfaces.md: the keys that it promises are those that the programs print, and no others."""
import json
import re
import unittest

from lab import ROOT, Lab

BTC, ETH = "mm-1/BTC-USD", "mm-1/ETH-USD"
ROW = re.compile(r"^\| `(\w+)` \| (.*) \|$", re.MULTILINE)


def promised(command):
    """The keys of a command's JSON: those always there, and those that may be."""
    text = (ROOT / "docs/interfaces.md").read_text().split(f"\n### {command}\n")[1].split("\n### ")[0]
    rows = ROW.findall(text)
    optional = {key for key, meaning in rows if meaning.startswith("*optional*")}
    return {key for key, _ in rows} - optional, optional


def recording(lab):
    return f'[recording]\ndirectory = "{lab.folder}/recording"\n'


class Interfaces(unittest.TestCase):
    def check(self, command, printed):
        always, optional = promised(command)
        self.assertTrue(always, command)
        self.assertEqual(always - printed.keys(), set(), f"{command} does not print these")
        self.assertEqual(printed.keys() - always - optional, set(), f"docs/interfaces.md does not have these of {command}")

    def check_command(self, daemon, command, *arguments):
        self.check(f"scramctl {command}", json.loads(daemon.ctl(command, *arguments, "--json")[1]))

    def test_the_keys_of_each_command_are_documented(self):
        with Lab() as lab:
            daemon = lab.scramd(journal_keys=recording(lab)).await_ready()
            for command in ("status", "ready", "latency", "reload", "dead-man"):
                self.check_command(daemon, command)
            self.check_command(daemon, "check", "--config", lab.folder / "scramd.toml")
            lab.source().publish(BTC, "delta", 26)
            daemon.await_state(BTC, "accepted")
            self.check_command(daemon, "trip", ETH, "--reason", "drill")
            for arguments in (("receipt", "1", "--signals"), ("receipt", "2"), ("receipts",), ("status",), ("rearm", BTC),
                              ("rearm", BTC, "--trip", "1", "--reason", "x"), ("rearm", ETH, "--trip", "2", "--reason", "x")):
                self.check_command(daemon, *arguments)
            self.assertEqual(daemon.stop(), 0)
            self.check_command(daemon, "replay", lab.folder / "recording")
            records = daemon.ctl("journal", "--json", "--directory", lab.folder / "journal")[1].splitlines()
        always, _ = promised("scramctl journal")
        for record in records:
            self.assertLessEqual(always, json.loads(record).keys())

    def test_what_stands_in_the_status_lists_is_documented(self):
        with Lab() as lab:
            daemon = lab.scramd(journal_keys=recording(lab)).await_ready()
            lab.source().publish(BTC, "delta", 26)
            daemon.await_state(BTC, "accepted")
            status = daemon.status()
        text = (ROOT / "docs/interfaces.md").read_text().split("\n### scramctl status\n")[1].split("\n### ")[0]
        rows = dict(ROW.findall(text))
        for part in ("clock", "loop_max", "journal", "receipts", "recording", "trips", "accounts", "families", "sources", "rules", "values"):
            items = status[part] if isinstance(status[part], list) else [status[part]]
            printed = set().union(*(item.keys() for item in items))
            self.assertEqual(printed - set(re.findall(r"`(\w+)`", rows[part])), set(), part)


if __name__ == "__main__":
    unittest.main()
