"""The log as a program reads it: a priority, an event's name, key=value; and what repeats in it."""
import os
import re
import unittest

from lab import ROOT, Control, Lab, Source, as_user, eventually, rule

BTC, ETH = "mm-1/BTC-USD", "mm-1/ETH-USD"
NOBODY = 65534
QUOTED = r'"(?:[^"\\\x00-\x1f\x7f]|\\["\\/bfnrt]|\\u[0-9a-f]{4})*"'
BARE = r'[!#-<>-~]+'  # printable, no space, quote or equals sign
LINE = re.compile(rf"<([2-7])>([a-z][a-z0-9_]*)((?: [a-z][a-z0-9_]*=(?:{QUOTED}|{BARE}))*)")
FIELD = re.compile(rf" ([a-z][a-z0-9_]*)=({QUOTED}|{BARE})")
RULES = (rule("delta", "limit", metric="delta", beyond=25, warn=[0.5])
         + rule("shadow", "limit", metric="pnl", beyond=1, shadow=True) + rule("vega", "limit", metric="vega", beyond=10))


def parsed(log):
    """The log's lines as (event, fields); refuses a line that is none."""
    lines = []
    for text in log.splitlines():
        match = LINE.fullmatch(text)
        if not match:
            raise AssertionError(f"no line of the log's grammar: {text!r}")
        lines.append((match[2], dict(FIELD.findall(match[3]))))
    return lines


class Grammar(unittest.TestCase):
    def run_of_all_sorts(self, lab, daemon):
        """Breach, drill, refusal, reload, faults, reconnection."""
        maker = lab.source()
        for value in (15, 26):
            maker.publish(BTC, "delta", value)
        daemon.await_state(BTC, "accepted")
        maker.publish(ETH, "pnl", 2)
        maker.publish(ETH, "delta", float("nan"))
        daemon.await_state(ETH, "accepted")
        maker.vanish()
        daemon.ask("trip", target="all", reason='say "no"\n<2>forged a=b \u2603')
        daemon.ask("rearm", target="all", trips=[99], reason="other")
        daemon.ask("fire")
        lab.sim.fault("unavailable503", count=2)
        daemon.ask("trip", target=BTC, reason="busy")
        daemon.await_log("http=503")
        daemon.reload("nonsense = \"quotes\"\n")
        daemon.await_log("reload_refused")
        daemon.reload(lab.config(RULES.replace("25", "20")))
        daemon.await_log("plan_changed")
        lab.sim.drop()
        daemon.await_log("link_down")
        lab.restart_sim()
        daemon.await_log("link_down")

    def test_every_line_of_a_whole_run_is_cut_into_fields_again_and_its_event_is_documented(self):
        guide = (ROOT / "docs/operator.md").read_text()
        with Lab() as lab:
            daemon = lab.scramd(RULES).await_ready()
            self.run_of_all_sorts(lab, daemon)
            self.assertEqual(daemon.stop(), 0)
            lines = parsed(daemon.log())
        events = {event for event, _ in lines}
        self.assertEqual({event for event in events if f"`{event}`" not in guide}, set())
        self.assertLessEqual({"starting", "journal", "ready", "stopping", "link_up", "link_down", "source_joined",
                              "source_vanished", "tripped", "latched", "fired", "answered", "accepted", "warned",
                              "would_trip", "rearm_refused", "refused", "reload_refused", "plan_changed"}, events)

    def test_an_attempt_has_the_same_ids_in_log_receipt_and_journal(self):
        with Lab() as lab:
            daemon = lab.scramd().await_ready()
            lab.source().publish(BTC, "delta", 26)
            daemon.await_state(BTC, "accepted")
            daemon.await_log(">accepted ")
            receipt = daemon.ask("receipt")["receipt"]
            [attempt] = receipt["attempts"]
            daemon.stop()
            fired = next(fields for event, fields in parsed(daemon.log()) if event == "fired")
            journal = daemon.ctl("journal", "--directory", lab.folder / "journal")[1]
        ids = [f"{key}={fired[key]}" for key in ("trip", "family", "link", "attempt")]
        written = next(line for line in journal.splitlines() if " fired " in line)
        for word in ids:
            self.assertIn(f" {word}", written)
        self.assertEqual([str(receipt["trip"]), attempt["family"], attempt["link"], str(attempt["attempt"])],
                         [fired[key] for key in ("trip", "family", "link", "attempt")])


class Folding(unittest.TestCase):
    def test_a_maker_that_comes_and_goes_is_told_once_and_then_counted(self):
        with Lab() as lab:
            daemon = lab.scramd().await_ready()
            for _ in range(300):
                Source(lab.folder).goodbye()
            daemon.stop()
            lines = [fields for event, fields in parsed(daemon.log()) if event == "source_joined"]
        self.assertEqual(len(lines[0].keys() & {"repeated", "first", "last"}), 0)
        self.assertEqual(1 + sum(int(fields["repeated"]) for fields in lines[1:]), 300)
        self.assertLess(len(lines), 20)
        self.assertLessEqual(lines[1]["first"], lines[1]["last"])

    def test_trips_and_answers_are_told_each(self):
        with Lab() as lab:
            daemon = lab.scramd().await_ready()
            for number in range(40):
                daemon.ask("trip", target=BTC, reason=f"drill {number}")
            daemon.stop()
            reasons = [fields["reason"] for event, fields in parsed(daemon.log()) if event == "tripped"]
        self.assertEqual(reasons, [f'"drill {number}"' for number in range(40)])

    @unittest.skipUnless(os.geteuid() == 0, "skipped: only root can speak as another user")
    def test_refusals_are_counted_by_kind_and_told_once_in_a_minute_with_the_last_one(self):
        with Lab() as lab:
            lab.folder.chmod(0o755)
            daemon = lab.scramd().await_ready()

            def asks():
                with Control(lab.folder) as control:
                    for _ in range(500):
                        control.ask("trip", target="all", reason="mine")
                    for _ in range(20):
                        control.ask("rearm", target="all", reason="mine")
                return os.getpid()

            pid = as_user(NOBODY, asks)
            refused = daemon.status()["refused"]
            self.assertEqual((refused["total"], refused["trip"], refused["rearm"], refused["read"]), (520, 500, 20, 0))
            self.assertEqual((refused["last"]["kind"], refused["last"]["uid"], refused["last"]["pid"]),
                             ("rearm", NOBODY, pid))
            self.assertIn("refused: 520 (trip 500, rearm 20), the last ", daemon.ctl("status", "--details")[1])
            daemon.stop()
            lines = [fields for event, fields in parsed(daemon.log()) if event == "refused"]
        told = [(fields["kind"], int(fields.get("repeated", 0))) for fields in lines]
        self.assertEqual(sorted(told), [("rearm", 0), ("rearm", 19), ("trip", 0), ("trip", 499)])
        self.assertEqual({(fields["uid"], fields["pid"]) for fields in lines}, {(str(NOBODY), str(pid))})
