"""Drills: scramctl drill trips, verifies, re-arms when the operator agrees, and leaves a report."""
import glob
import hashlib
import json
import os
import pty
import shutil
import signal
import subprocess
import unittest

from interfaces_test import promised
from lab import PATIENCE, Lab, ctl_command, eventually

BTC = "mm-1/BTC-USD"


class Drill(unittest.TestCase):
    def drill(self, lab, *options, target=BTC):
        """Its exit code, what it said, and its report."""
        folder = lab.folder / "reports"
        folder.mkdir(exist_ok=True)
        before = set(glob.glob(f"{folder}/*.json"))
        code, out, error = lab.daemon.ctl("drill", target, "--reason", "weekly", "--directory", folder, *options,
                                          stdin=subprocess.DEVNULL)
        new = set(glob.glob(f"{folder}/*.json")) - before
        self.assertLessEqual(len(new), 1)
        return code, out + error, json.load(open(new.pop())) if new else None

    def started(self, lab, links=5, **config):
        lab.daemon = lab.scramd(**{"family_keys": "lock_ms = 0", **config}).await_ready(links)
        return lab.daemon

    def text(self, lab, report):
        return (lab.folder / "reports" / f"{report['name']}.txt").read_text()

    def check_keys(self, report):
        always, optional = promised("scramctl drill")
        self.assertEqual(always - report.keys(), set())
        self.assertEqual(report.keys() - always - optional, set())

    def test_a_drill_is_verified_armed_again_and_reported_with_the_hash_of_its_trip(self):
        with Lab() as lab:
            daemon = self.started(lab)
            lab.sim.quote("BTC-USD", 3)
            code, said, report = self.drill(lab, "--yes")
            self.assertEqual(code, 0, said)
            self.check_keys(report)
            self.assertEqual((report["verdict"], report["rearm"], report["trip"]), ("VERIFIED", "armed", 1))
            self.assertIn("uid ", report["by"])
            self.assertEqual(report["config_sha256"], hashlib.sha256(daemon.config.read_bytes()).hexdigest())
            receipt = report["receipt"]
            self.assertTrue(receipt["drill"])
            self.assertEqual(receipt["reads"][-1]["orders"], 0)
            self.assertIn("rearmed_us", receipt["families"][0])
            eventually(lambda: daemon.family(BTC)["gate"] == "open", "the gate is open")
            daemon.await_log('reason="drill: weekly"')
            [before] = report["orders_before"]
            self.assertEqual((before["family"], before["orders"], before["more"]), (BTC, 3, False))
            self.assertLess(before["wall_ms"] - report["wall_ms"], 60_000)
            daemon.await_log(f"orders_told family={BTC} link=mm-1#")
            page = (lab.folder / "reports" / f"{report['name']}.html").read_text()
            self.assertIn("VERIFIED", page)
            self.assertIn(report["journal"]["hash"], page)
            text = self.text(lab, report)
            self.assertIn("VERIFIED", text)
            self.assertRegex(text, "MMP orders before +3\n")
            self.assertRegex(text, "MMP orders after +0\n")
            self.assertEqual(daemon.stop(), 0)
            records = [json.loads(line) for line in
                       daemon.ctl("journal", "--json", "--directory", lab.folder / "journal")[1].splitlines()]
        [tripped] = [r for r in records if r["event"] == "tripped"]
        self.assertEqual(report["journal"]["record"], tripped["sequence"])
        self.assertRegex(report["journal"]["hash"], "^[0-9a-f]{64}$")

    def looked_in_vain(self, error, **fault):
        """The drill is made all the same, and its report says why it is not known what rested."""
        with Lab() as lab:
            self.started(lab)
            lab.sim.quote("BTC-USD", 3)
            lab.sim.fault(on="orders-pending", count=1, **fault)
            code, said, report = self.drill(lab, "--yes")
            self.assertEqual((code, report["verdict"]), (0, "VERIFIED"), said)
            self.check_keys(report)
            [before] = report["orders_before"]
            self.assertEqual((before["family"], before["error"]), (BTC, error))
            self.assertNotIn("orders", before)
            self.assertRegex(self.text(lab, report), f"MMP orders before +unknown: {error}")
            self.assertRegex(self.text(lab, report), "MMP orders after +0\n")
            return before

    def test_a_look_that_the_exchange_refuses_is_told_and_the_drill_goes_on(self):
        before = self.looked_in_vain("the exchange did not tell", kind="code", code="50113")
        self.assertEqual(before["code"], "50113")

    def test_a_look_without_an_answer_is_told_and_the_drill_goes_on(self):
        self.looked_in_vain("no answer", kind="silent")

    def test_of_many_orders_the_report_says_at_least_how_many(self):
        with Lab() as lab:
            self.started(lab)
            lab.sim.quote("BTC-USD", 30)
            lab.sim.quote("ETH-USD", 2)
            code, said, report = self.drill(lab, "--yes", target="mm-1")
            self.assertEqual(code, 0, said)
            self.assertEqual({b["family"]: (b["orders"], b["more"]) for b in report["orders_before"]},
                             {BTC: (20, True), "mm-1/ETH-USD": (2, False)})
            self.assertRegex(self.text(lab, report), "MMP orders before +at least 22\n")

    def test_an_account_with_one_link_is_not_asked_and_the_drill_goes_on(self):
        with Lab() as lab:
            self.started(lab, links=1, account_keys="links = 1")
            code, said, report = self.drill(lab, "--yes")
            self.assertEqual((code, report["verdict"]), (0, "VERIFIED"), said)
            self.assertEqual([b["error"] for b in report["orders_before"]], ["no link to spare for it"])

    def test_a_question_that_is_not_answered_with_yes_leaves_it_latched(self):
        with Lab() as lab:
            daemon = self.started(lab)
            master, slave = pty.openpty()
            command = ctl_command(lab.folder, "drill", BTC, "--reason", "weekly", "--directory", lab.folder, "--json")
            drill = subprocess.Popen(command, stdin=slave, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            os.write(master, b"n\n")
            out, error = drill.communicate(timeout=30 * PATIENCE)
            os.close(master)
            os.close(slave)
            self.assertIn(b"VERIFIED: re-arm mm-1/BTC-USD? [y/N]", error)
            self.assertEqual(drill.returncode, 0)
            self.assertEqual(json.loads(out)["rearm"], "declined by the operator")
            self.assertEqual(daemon.family(BTC)["gate"], "closed")
            code, said, report = self.drill(lab, "--yes")
            self.assertEqual((code, report["verdict"]), (1, "FAILED"), said)
            self.assertIn("latched already, by trip 1", report["error"])
            self.assertEqual(daemon.trips(), [1])

    def test_nothing_is_tripped_where_nobody_can_be_asked_or_no_report_be_left(self):
        with Lab() as lab:
            daemon = self.started(lab)
            code, said, report = self.drill(lab)
            self.assertEqual((code, report), (1, None))
            self.assertIn("--yes or --keep-latched is required", said)
            code, _, error = daemon.ctl("drill", BTC, "--reason", "x", "--yes", "--directory", lab.folder / "none")
            self.assertEqual(code, 1)
            self.assertIn("nothing was tripped", error)
            self.assertEqual(daemon.trips(), [])

    def test_a_refusal_and_a_cancel_that_is_not_taken_leave_reports_and_none_is_armed(self):
        with Lab() as lab:
            daemon = self.started(lab)
            code, said, report = self.drill(lab, "--yes", target="mm-9")
            self.assertEqual((code, report["verdict"], report["receipt"]), (1, "FAILED", None), said)
            self.assertIn("unknown target", report["error"])
            self.check_keys(report)
            for _ in range(3):  # some of them within one second: none takes the place of another
                self.assertIsNotNone(self.drill(lab, "--yes", target="mm-9")[2])
            lab.sim.fault("unavailable503", count=1000)
            code, said, report = self.drill(lab, "--yes", "--wait", "0.5")
            self.assertEqual((code, report["verdict"]), (1, "NOT CONFIRMED"), said)
            self.assertEqual(report["rearm"], "left latched: not every cancel was taken")
            lab.sim.clear_faults()
            daemon.await_state(BTC, "verified", 20)

    def test_an_overdue_drill_is_a_reason_of_ready_until_one_is_verified_also_after_a_restart(self):
        with Lab() as lab:
            daemon = self.started(lab, more="drill_max_age_days = 8")
            code, said, _ = daemon.ctl("ready")
            self.assertEqual(code, 1)
            self.assertIn("no verified drill is known: scramctl drill", said)
            self.assertTrue(daemon.status()["fires"])
            self.assertNotIn("last_drill_wall_ms", daemon.status()["accounts"][0])
            self.assertEqual({r["reason_code"] for r in daemon.status()["not_ready_reasons"]} & {"drill"}, {"drill"})
            code, said, report = self.drill(lab, "--yes")
            self.assertEqual(code, 0, said)
            self.assertEqual(report["next_due_ms"] - report["wall_ms"], 8 * 86_400_000)
            eventually(lambda: "drill" not in daemon.ctl("ready")[1], "the drill counts")
            at = daemon.status()["accounts"][0]["last_drill_wall_ms"]
            self.assertAlmostEqual(at, report["receipt"]["wall_ms"], delta=1000)
            self.assertEqual(daemon.stop(), 0)
            daemon = self.started(lab, more="drill_max_age_days = 8")
            self.assertNotIn("drill", daemon.ctl("ready")[1])
            self.assertEqual(daemon.status()["accounts"][0]["last_drill_wall_ms"], at)
            daemon.ctl("trip", "mm-1/ETH-USD", "--reason", "no drill")

    def test_a_scramd_that_dies_after_the_trip_leaves_no_report_of_a_drill_that_did_not_take_place(self):
        with Lab() as lab:
            daemon = self.started(lab)
            lab.sim.fault("unavailable503", count=1000)
            command = ctl_command(lab.folder, "drill", BTC, "--reason", "weekly", "--yes", "--wait", "600", "--json",
                                  "--directory", lab.folder)
            drill = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            eventually(lambda: daemon.trips() == [1], "the drill has tripped")
            daemon.stop(signal.SIGKILL)
            report = json.loads(drill.communicate(timeout=30 * PATIENCE)[0])
            self.assertEqual((drill.returncode, report["verdict"], report["trip"]), (4, "NOT CONFIRMED", 1))
            self.assertIsNone(report["receipt"])
            self.check_keys(report)

    def test_without_scramd_there_is_a_report_and_exit_4(self):
        with Lab() as lab:
            self.started(lab).stop()
            code, said, report = self.drill(lab, "--yes")
            self.assertEqual((code, report["verdict"]), (4, "FAILED"), said)

    def test_reports_are_listed_and_a_broken_one_is_told(self):
        with Lab() as lab:
            daemon = self.started(lab)
            folder = lab.folder / "reports"
            self.assertEqual(self.drill(lab, "--keep-latched")[0], 0)
            code, out, _ = daemon.ctl("drills", folder)
            self.assertEqual(code, 0)
            self.assertRegex(out, rf"VERIFIED +- +{BTC} +uid ")
            listed = json.loads(daemon.ctl("drills", folder, "--json")[1])
            self.assertEqual(listed.keys(), promised("scramctl drills")[0])
            self.assertEqual(listed["drills"][0]["rearm"], "left latched, as asked for")
            broken = folder / "drill-20200101T000000Z-all.json"
            broken.write_text('{"program":')
            code, out, error = daemon.ctl("drills", folder)
            self.assertEqual(code, 1)
            self.assertIn("VERIFIED", out)
            self.assertIn(f"{broken} is no report of a drill", error)

    def test_its_page_opens_in_a_browser_from_a_file(self):
        if not (browser := shutil.which("chromium")):
            self.skipTest("skipped: no chromium here")
        with Lab() as lab:
            self.started(lab)
            report = self.drill(lab, "--yes")[2]
            shown = subprocess.run(
                [browser, "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
                 "--disable-background-networking", "--disable-component-update", "--disable-sync",
                 f"--user-data-dir={lab.folder}/browser", "--dump-dom",
                 f"file://{lab.folder}/reports/{report['name']}.html"],
                capture_output=True, text=True, timeout=60 * PATIENCE)
            self.assertIn("<h1>Drill of mm-1/BTC-USD: VERIFIED</h1>", shown.stdout, shown.stderr)


if __name__ == "__main__":
    unittest.main()
