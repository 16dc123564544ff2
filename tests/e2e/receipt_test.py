"""Receipts: what a trip did, from the daemon and from the files that outlive it."""
import json
import os
import signal
import stat
import unittest

from lab import DELTA_RULE, Lab, as_user, eventually, rule

BTC, ETH = "mm-1/BTC-USD", "mm-1/ETH-USD"
NOBODY = 65534


class ReceiptLab(Lab):
    """A scramd with a maker; its receipts are beside its journal."""

    def __enter__(self):
        self.state = self.folder / "journal"
        self.daemon = self.scramd().await_ready()
        self.maker = self.source()
        return self

    def path(self, trip):
        return self.state / "receipts" / f"trip-{trip}.json"

    def file(self, trip):
        """The receipt in the file; nothing if there is none yet."""
        return json.loads(self.path(trip).read_text()) if self.path(trip).exists() else None

    def await_file(self, trip, verdict):
        eventually(lambda: (self.file(trip) or {}).get("verdict") == verdict,
                   lambda: f"a file of trip {trip} that says {verdict}: {self.file(trip)}")
        return self.file(trip)

    def breach(self, value=27.5):
        self.maker.publish(BTC, "delta", 3)
        self.maker.heartbeat()
        self.maker.publish(BTC, "delta", value)
        self.daemon.await_state(BTC, "verified")

    def ask(self, **fields):
        answer = self.daemon.ask("receipt", **fields)
        assert answer["ok"], answer
        return answer["receipt"]


class Receipt(unittest.TestCase):
    def test_it_says_what_tripped_what_was_sent_and_that_it_is_accepted(self):
        with ReceiptLab() as lab:
            lab.breach()
            receipt = lab.ask(trip=1)
            self.assertEqual(receipt["verdict"], "VERIFIED")
            self.assertEqual(receipt["cause"], f"rule delta: delta 27.5 of {BTC} by maker-1, limit 25")
            self.assertEqual((receipt["rule"], receipt["value"], receipt["limit"]), ("delta", 27.5, 25))
            self.assertLess(receipt["published_us"], 0)
            self.assertGreaterEqual(receipt["decided_us"], 0)
            [family] = receipt["families"]
            self.assertEqual((family["family"], family["how"], family["accepted"]), (BTC, "latched", True))
            [attempt] = receipt["attempts"]
            self.assertEqual((attempt["class"], attempt["http"], attempt["code"]), ("accepted", 200, "0"))
            self.assertEqual(attempt["lock_ms"], 10000)
            self.assertLess(attempt["sent_us"], attempt["answered_us"])
            self.assertNotIn("signals", receipt)

    def test_the_breaching_signal_and_those_before_it_are_in_its_flight_record(self):
        with ReceiptLab() as lab:
            lab.breach(-30)
            for receipt in (lab.ask(trip=1, signals=True), lab.await_file(1, "VERIFIED")):
                told = [(s["source"], s["sequence"], s.get("value", s.get("kind"))) for s in receipt["signals"]]
                self.assertEqual(told, [("maker-1", 1, 3), ("maker-1", 2, "heartbeat"), ("maker-1", 3, -30)])
                self.assertEqual(receipt["signals"][-1]["read_us"], 0)

    def test_of_a_flood_the_daemon_answers_the_end_and_its_file_has_more(self):
        with ReceiptLab() as lab:
            for _ in range(600):
                lab.maker.heartbeat()
            lab.breach()
            receipt, file = lab.ask(trip=1, signals=True), lab.await_file(1, "VERIFIED")
            self.assertEqual((len(receipt["signals"]), receipt["signals_left_out"]), (200, 403))
            self.assertEqual((len(file["signals"]), file["signals_left_out"]), (603, 0))
            self.assertEqual(receipt["signals"], file["signals"][403:])
            self.assertIn("403 earlier ones are in its file", lab.daemon.ctl("receipt", "--signals")[1])

    def test_an_exchange_that_says_nothing_leaves_it_open_until_it_speaks(self):
        with ReceiptLab() as lab:
            lab.sim.fault("silent", count=-1)
            lab.maker.publish(BTC, "delta", 26)
            lab.await_file(1, "OPEN")
            eventually(lambda: any(a["lost"] for a in lab.ask(trip=1)["attempts"]), "a lost attempt")
            out = lab.daemon.ctl("receipt", 1)[1]
            self.assertRegex(out, "^trip 1: OPEN: ")
            self.assertRegex(out, r"LOST +\+.* no answer")
            lab.sim.clear_faults()
            lab.daemon.await_state(BTC, "accepted")
            receipt = lab.await_file(1, "VERIFIED")
            self.assertTrue(any(a["lost"] for a in receipt["attempts"]))
            self.assertEqual([a["class"] for a in receipt["attempts"] if "class" in a][-1], "accepted")

    def test_it_outlives_the_daemon(self):
        with ReceiptLab() as lab:
            lab.breach()
            from_daemon = lab.ask(trip=1, signals=True)
            self.assertEqual(lab.await_file(1, "VERIFIED"), from_daemon)
            lab.daemon.stop(signal.SIGKILL)
            for arguments in (("receipt",), ("receipt", 1)):
                code, out, err = lab.daemon.ctl(*arguments, "--directory", lab.state)
                self.assertEqual(code, 0, err)
                self.assertRegex(out, "^trip 1: VERIFIED: ")
                self.assertIn(str(lab.path(1)), err)
            code, out, err = lab.daemon.ctl("receipts", "--directory", lab.state)
            self.assertEqual(code, 0, err)
            self.assertRegex(out, r"\n1 +VERIFIED .* rule delta: ")

    def test_a_file_is_for_its_owner_and_its_group_alone(self):
        with ReceiptLab() as lab:
            lab.breach()
            lab.await_file(1, "VERIFIED")
            self.assertEqual(stat.S_IMODE(lab.path(1).stat().st_mode), 0o640)
            self.assertEqual(stat.S_IMODE(lab.path(1).parent.stat().st_mode), 0o750)

    def test_a_re_arm_is_written_into_it(self):
        with ReceiptLab() as lab:
            self.assertEqual(lab.daemon.ctl("trip", BTC, "--reason", "first drill")[0], 0)
            self.assertRegex(lab.await_file(1, "VERIFIED")["cause"], r"^operator uid \d+.*: first drill$")
            self.assertEqual(lab.daemon.rearm(BTC, "drill over")[0], 0)
            eventually(lambda: "lock_released_us" in lab.file(1)["families"][0], "the released lock in the file")
            receipt = lab.file(1)
            self.assertEqual(receipt["rearm_reason"], "drill over")
            self.assertGreater(receipt["families"][0]["rearmed_us"], receipt["families"][0]["accepted_us"])

    def test_a_trip_whose_family_is_being_cancelled_already_says_by_which(self):
        with ReceiptLab() as lab:
            lab.sim.fault("silent", count=-1)
            lab.maker.publish(BTC, "delta", 26)
            eventually(lambda: lab.daemon.family(BTC)["state"] != "armed", "the trip by the rule")
            lab.daemon.ctl("trip", "all", "--reason", "to be sure", "--wait", 0)
            families = {f["family"]: f for f in lab.ask(trip=2)["families"]}
            self.assertEqual((families[BTC]["how"], families[BTC]["served_by"]), ("served", 1))
            self.assertEqual(families[ETH]["how"], "latched")
            lab.daemon.ctl("trip", BTC, "--reason", "once more", "--wait", 0)
            self.assertEqual(lab.ask(trip=3)["served_by"], 1)
            lab.sim.clear_faults()
            for trip in (1, 2, 3):
                lab.await_file(trip, "VERIFIED")

    def test_the_list_has_the_latest_first(self):
        with ReceiptLab() as lab:
            self.assertEqual(lab.daemon.ctl("receipts")[1], "no trips\n")
            lab.daemon.ctl("trip", BTC, "--reason", "one")
            lab.daemon.ctl("trip", ETH, "--reason", "two")
            receipts = lab.daemon.ask("receipts")["receipts"]
            self.assertEqual([r["trip"] for r in receipts], [2, 1])
            told = json.loads(lab.daemon.ctl("receipts", "--json")[1])
            self.assertEqual((told["v"], told["receipts"]), (1, receipts))

    def test_the_list_has_those_of_earlier_starts_too(self):
        with ReceiptLab() as lab:
            lab.daemon.ctl("trip", BTC, "--reason", "one")
            lab.await_file(1, "VERIFIED")
            self.assertEqual(lab.daemon.rearm(BTC, "drill over")[0], 0)
            eventually(lambda: "lock_released_us" in lab.file(1)["families"][0], "armed again")
            lab.daemon.stop()
            again = lab.scramd().await_ready()
            again.ctl("trip", ETH, "--reason", "two")
            self.assertEqual([r["trip"] for r in again.ask("receipts")["receipts"]], [2])
            code, out, _ = again.ctl("receipts")
            self.assertEqual(code, 0)
            self.assertRegex(out, r"\n2 .*: two\n1 +VERIFIED .*: one\n$")

    def test_a_trip_that_nobody_knows_is_refused_with_where_it_was_looked_for(self):
        with ReceiptLab() as lab:
            code, _, err = lab.daemon.ctl("receipt", 7)
            self.assertEqual(code, 1)
            self.assertIn(str(lab.path(7)), err)
            answer = lab.daemon.ask("receipt", trip=7)
            self.assertEqual((answer["ok"], answer["trips"]), (False, []))

    def test_without_a_daemon_and_without_files_scramctl_says_so(self):
        with ReceiptLab() as lab:
            lab.daemon.stop()
            for command in ("receipt", "receipts"):
                self.assertEqual(lab.daemon.ctl(command, "--directory", lab.state)[0], 4)


class Trouble(unittest.TestCase):
    def test_a_folder_that_cannot_be_written_is_told_once_and_stops_nothing(self):
        with ReceiptLab() as lab:
            (lab.state / "receipts").write_text("in the way")
            lab.breach()
            lab.daemon.await_log("<2>receipts_error ")
            self.assertIn("RECEIPTS: ", lab.daemon.ctl("status")[1])
            lab.daemon.ctl("trip", ETH, "--reason", "again")
            eventually(lambda: lab.daemon.status()["receipts"]["failed"] >= 2, "failures counted")
            self.assertEqual(lab.ask(trip=2)["verdict"], "VERIFIED")
            (lab.state / "receipts").unlink()
            lab.daemon.rearm(ETH, "over")
            lab.daemon.await_log("<5>receipts_recovered ")
            self.assertEqual(lab.daemon.log().count("receipts_error"), 1)
            self.assertTrue(lab.daemon.status()["receipts"]["healthy"])
            lab.await_file(2, "VERIFIED")


class Review(unittest.TestCase):
    def test_arming_again_shows_why_each_family_is_latched(self):
        with ReceiptLab() as lab:
            lab.breach()
            lab.daemon.ctl("trip", ETH, "--reason", "looks odd")
            out = lab.daemon.ctl("rearm", "all")[1]
            self.assertIn(f"by rule delta: delta 27.5 of {BTC} by maker-1, limit 25", out)
            self.assertRegex(out, r"by operator uid \d+.*: looks odd")

    def test_after_a_restart_it_still_shows_why_and_the_receipt_of_before_is_not_overwritten(self):
        with ReceiptLab() as lab:
            lab.breach()
            before = lab.await_file(1, "VERIFIED")
            lab.maker.goodbye()
            lab.daemon.stop()
            lab.daemon = lab.scramd().await_ready()
            cause = f"before this start: rule delta: delta 27.5 of {BTC} by maker-1, limit 25"
            self.assertIn(cause, lab.daemon.ctl("rearm", BTC)[1])
            code, out, err = lab.daemon.ctl("receipt", 1)
            self.assertEqual(code, 0, err)
            self.assertIn(cause, out)
            self.assertIn(str(lab.path(1)), err)
            self.assertEqual(lab.daemon.rearm(BTC, "looked at it")[0], 1, "its value is known, and holds")
            self.assertEqual(lab.daemon.rearm(BTC, "looked at it", "--force")[0], 0)
            eventually(lambda: list(lab.path(1).parent.glob("trip-1.since-*.json")), "a file of this start's")
            self.assertEqual(lab.file(1), before)


class Rules(unittest.TestCase):
    def test_status_shows_how_near_each_rule_is_to_its_limit_the_worst_first(self):
        rules = rule("far", "limit", metric="delta", beyond=1000) + DELTA_RULE + rule(
            "unseen", "limit", metric="vega", above=1) + rule("idea", "limit", metric="delta", above=20, shadow=True)
        with Lab() as lab:
            daemon = lab.scramd(rules).await_ready()
            maker = lab.source()
            maker.publish(BTC, "delta", 22)
            daemon.await_value(BTC, "delta", 22)
            told = daemon.status()["rules"]
            self.assertEqual([r["rule"] for r in told], ["idea", "delta", "far", "unseen"])
            self.assertEqual({k: told[1].get(k) for k in ("kind", "family", "value", "limit", "share", "holds")},
                             {"kind": "limit", "family": BTC, "value": 22, "limit": 25, "share": 0.88,
                              "holds": False})
            self.assertEqual((told[0]["holds"], told[0]["shadow"]), (True, True))
            self.assertNotIn("value", told[3])
            out = daemon.ctl("status", "--details")[1]
            self.assertIn(f"rule delta: 22, limit 25 (88 %), {BTC}\n", out)
            self.assertIn(f"rule idea: 22, limit 20 (110 %), {BTC}, IN BREACH, shadow\n", out)
            self.assertIn("rule unseen: no value yet", out)


@unittest.skipUnless(os.geteuid() == 0, "only root can speak as another user")
class Strangers(unittest.TestCase):
    def test_who_may_not_read_gets_no_receipt(self):
        with ReceiptLab() as lab:
            lab.folder.chmod(0o755)
            lab.breach()
            lab.await_file(1, "VERIFIED")
            for op in ("receipt", "receipts"):
                answer = as_user(NOBODY, lambda op=op: lab.daemon.ask(op))
                self.assertFalse(answer["ok"])
                self.assertIn("[rights] read", answer["error"])
            with self.assertRaises(PermissionError):
                as_user(NOBODY, lab.path(1).read_text)
