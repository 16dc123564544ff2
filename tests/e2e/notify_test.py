"""scram-notify: each trip, alarm and loss of readiness reaches a webhook, whatever becomes of the receiver, of
scram-notify and of scramd."""
import json
import pathlib
import re
import signal
import subprocess
import time
import unittest

from lab import BIN, PATIENCE, ROOT, Lab, eventually, free_port, pki
from notify import SECRET_PATH, Notify, Receiver, following, json_target, target_text, url, write_config

BTC, ETH = "mm-1/BTC-USD", "mm-1/ETH-USD"


def verified(daemon, family=BTC):
    """Its trip is verified, and the journal's files say so: what a killed scramd had in memory only the next one writes."""
    daemon.await_state(family, "verified")
    eventually(lambda: daemon.status()["journal"]["records_stored"] == daemon.status()["journal"]["records"],
               lambda: f"the journal is stored: {daemon.status()['journal']}")


class Told(unittest.TestCase):
    def test_a_trip_its_end_and_its_arming_reach_a_webhook(self):
        with Lab() as lab, Receiver() as ops:
            write_config(lab, [json_target(lab, ops)])
            daemon = lab.scramd().await_ready()
            notify = following(lab, ops)
            lab.source().publish(BTC, "delta", 26)
            raised = ops.wait("trip-1", "raise")
            self.assertEqual(raised["severity"], "critical")
            self.assertEqual(raised["host"], "test-host")
            self.assertEqual(raised["fields"]["families"], BTC)
            self.assertEqual(raised["fields"]["rule"], "delta")
            self.assertIn("delta is 26, the limit 25", raised["text"])
            ops.wait("trip-1", "resolve")
            lab.sources[-1].publish(BTC, "delta", 1)
            self.assertEqual(daemon.rearm(BTC, "calm")[0], 0)
            self.assertIn("armed mm-1/BTC-USD: calm", ops.wait("rearm", "tell")["text"])
            self.assertEqual(len(ops.taken("trip-1")), 2)
            self.assertEqual({one["path"] for one in ops.seen}, {SECRET_PATH})
            self.assertNotIn("fake-secret-path", notify.log())
            begin = time.monotonic()
            self.assertEqual(notify.stop(), 0)
            self.assertLess(time.monotonic() - begin, 2 * PATIENCE)

    def test_many_families_are_one_notice(self):
        families = [f"mm-1/F{i}-USD" for i in range(30)]
        with Lab() as lab, Receiver() as ops:
            write_config(lab, [json_target(lab, ops)])
            daemon = lab.scramd(families=families, rules="").await_ready()
            following(lab, ops)
            daemon.ctl("trip", "all", "--reason", "drill: all of them", "--wait", "0")
            raised = ops.wait("trip-1", "raise")
            self.assertEqual(raised["severity"], "warning")
            self.assertIn("30 families", raised["text"])
            self.assertTrue(raised["fields"]["families"].endswith("and 18 more"))
            self.assertEqual(len(ops.taken("trip-1", "raise")), 1)

    def test_a_refused_key_is_told_as_an_alarm_until_it_is_taken(self):
        with Lab() as lab, Receiver() as ops:
            write_config(lab, [json_target(lab, ops)])
            daemon = lab.scramd(more="[timings]\nretry_refused_ms = 300\n").await_ready()
            following(lab, ops)
            lab.sim.fault("code", code="50120", count=-1)
            daemon.ctl("trip", BTC, "--reason", "news", "--wait", "0")
            raised = ops.wait("alarm-mm-1-refused", "raise")
            self.assertIn("50120", raised["fields"]["answer"])
            lab.sim.clear_faults()
            ops.wait("alarm-mm-1-refused", "resolve")
            ops.wait("trip-1", "resolve")


class Readiness(unittest.TestCase):
    def test_a_scramd_that_hangs_and_dies_is_told(self):
        with Lab() as lab, Receiver() as ops:
            write_config(lab, [json_target(lab, ops)])
            daemon = lab.scramd(env={"WATCHDOG_USEC": "60000000"}).await_ready()
            following(lab, ops)
            daemon.process.send_signal(signal.SIGSTOP)
            try:
                self.assertIn("scramd hangs", ops.wait("readiness", "raise")["text"])
            finally:
                daemon.process.send_signal(signal.SIGCONT)
            ops.wait("readiness", "resolve")
            daemon.stop(signal.SIGKILL)
            eventually(lambda: any("is gone" in one["text"] for one in ops.taken("readiness", "raise")),
                       lambda: f"its end is told: {ops.seen}")

    def test_a_trip_is_told_while_scramd_hangs_and_after_its_end(self):
        with Lab() as lab, Receiver() as ops:
            ops.answers = [200, *[503] * 2]
            write_config(lab, [json_target(lab, ops)])
            daemon = lab.scramd(env={"WATCHDOG_USEC": "60000000"}).await_ready()
            following(lab, ops)
            daemon.ctl("trip", BTC, "--reason", "news")
            verified(daemon)
            daemon.process.send_signal(signal.SIGSTOP)
            try:
                ops.wait("trip-1", "raise")
            finally:
                daemon.process.send_signal(signal.SIGCONT)
            daemon.stop(signal.SIGKILL)
            ops.wait("trip-1", "resolve")

    def test_a_loss_of_readiness_says_why(self):
        with Lab() as lab, Receiver() as ops:
            write_config(lab, [json_target(lab, ops)])
            lab.scramd().await_ready()
            following(lab, ops)
            lab.sim.stop(signal.SIGKILL)
            raised = ops.wait("readiness", "raise")
            self.assertIn("links", raised["fields"]["reason_codes"])
            lab.restart_sim()
            ops.wait("readiness", "resolve", 30)


class Receivers(unittest.TestCase):
    def told_in_the_end(self, answers, headers=None, **keys):
        """All answers of the receiver to one trip, which it takes in the end."""
        with Lab() as lab, Receiver() as ops:
            ops.headers = headers or {}
            write_config(lab, [json_target(lab, ops, **keys)])
            daemon = lab.scramd().await_ready()
            following(lab, ops)
            ops.only, ops.answers = "trip-1", list(answers)
            daemon.ctl("trip", BTC, "--reason", "news", "--wait", "0")
            ops.wait("trip-1", "raise", 40)
            ops.wait("trip-1", "resolve", 40)
            self.assertEqual(len(ops.taken("trip-1")), 2)
            return [one for one in ops.seen if one["body"]["key"] == "trip-1"]

    def test_500_and_429_are_tried_again(self):
        seen = self.told_in_the_end([500, 429, 408])
        self.assertEqual([one["answer"] for one in seen[:4]], [500, 429, 408, 200])
        self.assertEqual(len({one["id"] for one in seen[:4]}), 1)

    def test_the_time_that_a_receiver_asks_for_is_kept(self):
        seen = self.told_in_the_end([503], {"Retry-After": "3"})
        self.assertGreaterEqual(seen[1]["at"] - seen[0]["at"], 3)

    def test_a_receiver_that_hangs_is_tried_again(self):
        seen = self.told_in_the_end(["hang"], timeout_s=1)
        self.assertEqual([one["answer"] for one in seen[:2]], ["hang", 200])

    def test_one_that_nobody_listens_for_is_tried_again(self):
        port = free_port()
        with Lab() as lab:
            text = target_text(lab.folder, "ops", f"http://127.0.0.1:{port}{SECRET_PATH}")
            write_config(lab, [text])
            daemon = lab.scramd().await_ready()
            notify = Notify(lab)
            notify.await_log("cannot connect")
            daemon.ctl("trip", BTC, "--reason", "news", "--wait", "0")
            with Receiver(port=port) as ops:
                ops.wait("trip-1", "raise", 30)
            self.assertNotIn("fake-secret-path", notify.log())

    def test_what_is_refused_for_good_is_set_aside_and_told_in_the_log(self):
        with Lab() as lab, Receiver() as ops:
            write_config(lab, [json_target(lab, ops)])
            lab.scramd().await_ready()
            notify = following(lab, ops)
            ops.answers = [400] * 5
            lab.sim.stop(signal.SIGKILL)
            notify.await_log("kept in dead/: answered 400", 60)
            dead = list((lab.folder / "spool/queue/ops/dead").iterdir())
            self.assertEqual(len(dead), 1)
            self.assertEqual(json.loads(dead[0].read_text())["key"], "readiness")
            self.assertEqual([one["answer"] for one in ops.seen[1:6]], [400] * 5)

    def test_a_redirect_is_not_followed(self):
        with Lab() as lab, Receiver() as ops, Receiver() as elsewhere:
            ops.headers = {"Location": url(elsewhere)}
            ops.answers = [307]
            write_config(lab, [json_target(lab, ops)])
            code, said = one_test(lab)
            self.assertEqual(code, 1)
            self.assertIn("answered 307: NOT taken", said)
            self.assertEqual(elsewhere.seen, [])

    def test_a_target_that_hangs_does_not_hold_up_another(self):
        with Lab() as lab, Receiver() as slow, Receiver() as ops:
            slow.answers = ["hang"] * 10
            write_config(lab, [target_text(lab.folder, "slow", url(slow), timeout_s=60), json_target(lab, ops)])
            daemon = lab.scramd().await_ready()
            notify = following(lab, ops)
            daemon.ctl("trip", BTC, "--reason", "news", "--wait", "0")
            ops.wait("trip-1", "raise")
            begin = time.monotonic()
            self.assertEqual(notify.stop(), 0)
            self.assertLess(time.monotonic() - begin, 2 * PATIENCE, "nor its end")
            self.assertTrue(list((lab.folder / "spool/queue/slow").glob("0*")), "what is open is kept")


def one_test(lab, target="ops"):
    done = subprocess.run([BIN / "scram-notify", "--config", lab.folder / "notify.toml", "--test", target],
                          capture_output=True, text=True, timeout=60)
    return done.returncode, done.stdout + done.stderr


class Tls(unittest.TestCase):
    def test_a_trip_is_told_over_tls(self):
        with Lab() as lab, Receiver(tls="server") as ops:
            write_config(lab, [target_text(lab.folder, "ops", url(ops, "https", "localhost"), ca_file=str(pki() / "ca.pem"))])
            daemon = lab.scramd().await_ready()
            following(lab, ops)
            daemon.ctl("trip", BTC, "--reason", "news", "--wait", "0")
            ops.wait("trip-1", "raise")
            self.assertEqual(ops.seen[0]["host"], f"localhost:{ops.port}")

    def test_nothing_is_sent_to_who_does_not_prove_to_be_the_host(self):
        for certificate in ("wrong_name", "expired", "other_server", "self_signed"):
            with self.subTest(certificate), Lab() as lab, Receiver(tls=certificate) as ops:
                write_config(lab, [target_text(lab.folder, "ops", url(ops, "https", "localhost"),
                                               ca_file=str(pki() / "ca.pem"))])
                code, said = one_test(lab)
                self.assertEqual(code, 1)
                self.assertRegex(said, "no TLS: certificate verify failed")
                self.assertEqual(ops.seen, [])


class Restarts(unittest.TestCase):
    def test_a_kill_at_any_moment_loses_no_notice(self):
        with Lab() as lab, Receiver() as ops:
            write_config(lab, [json_target(lab, ops)])
            daemon = lab.scramd().await_ready()
            notify = following(lab, ops)
            trips = 6
            for trip in range(1, trips + 1):
                ops.answers = [500] if trip % 2 else []
                daemon.ctl("trip", BTC, "--reason", f"news {trip}")
                verified(daemon)
                time.sleep(0.13 * trip)
                notify.stop(signal.SIGKILL)
                notify = Notify(lab)
                self.assertEqual(daemon.rearm(BTC, "calm", "--force")[0], 0)
            for trip in range(1, trips + 1):
                ops.wait(f"trip-{trip}", "raise", 30)
                ops.wait(f"trip-{trip}", "resolve", 30)
                self.assertEqual(len(ops.taken(f"trip-{trip}")), 2, "each once, by its id")
            self.assertEqual(len(ops.taken("notify")), 1)

    def test_what_happened_while_it_was_not_there_is_told(self):
        with Lab() as lab, Receiver() as ops:
            write_config(lab, [json_target(lab, ops)])
            daemon = lab.scramd().await_ready()
            following(lab, ops).stop(signal.SIGKILL)
            daemon.ctl("trip", BTC, "--reason", "news")
            verified(daemon)
            daemon.stop(signal.SIGKILL)
            Notify(lab)
            ops.wait("trip-1", "resolve")
            eventually(lambda: any("is gone" in one["text"] for one in ops.taken("readiness")), lambda: f"{ops.seen}")

    def test_what_was_before_its_first_start_is_not_told(self):
        with Lab() as lab, Receiver() as ops:
            write_config(lab, [json_target(lab, ops)])
            daemon = lab.scramd().await_ready()
            daemon.ctl("trip", BTC, "--reason", "news")
            self.assertIn("what happened before is not told", following(lab, ops) and ops.taken("notify")[0]["text"])
            daemon.ctl("trip", ETH, "--reason", "more news")
            ops.wait("trip-2", "raise")
            self.assertEqual(ops.taken("trip-1"), [])

    def test_a_journal_that_goes_on_in_other_files_is_followed(self):
        families = [f"mm-1/F{i}-USD" for i in range(30)]
        with Lab() as lab, Receiver() as ops:
            write_config(lab, [json_target(lab, ops)])
            daemon = lab.scramd(families=families, rules="", journal_keys="file_kib = 16").await_ready()
            following(lab, ops)
            trip = 0
            while not (lab.folder / "journal/journal-000003").exists():
                trip += 1
                daemon.ctl("trip", "all", "--reason", f"news {trip}", "--wait", "0")
                self.assertEqual(daemon.rearm("all", "calm", "--force")[0], 0)
            for number in range(1, trip + 1):
                self.assertIn("30 families", ops.wait(f"trip-{number}", "raise")["text"])
            self.assertEqual(ops.taken("journal"), [], "no record is missed")

    def test_two_do_not_share_a_spool(self):
        with Lab() as lab, Receiver() as ops:
            write_config(lab, [json_target(lab, ops)])
            following(lab, ops)
            other = Notify(lab)
            self.assertEqual(other.ended(), 1)
            other.await_log("another scram-notify uses")


class Templates(unittest.TestCase):
    def test_slack_and_pagerduty(self):
        with Lab() as lab, Receiver() as slack, Receiver() as pager:
            pager.answers = []
            write_config(lab, [
                target_text(lab.folder, "chat", url(slack), kind="slack"),
                target_text(lab.folder, "duty", "fakeroutingkey0000000000000000000", kind="pagerduty", url=url(pager))])
            daemon = lab.scramd().await_ready()
            notify = Notify(lab)
            eventually(lambda: slack.seen, "it follows")
            daemon.ctl("trip", BTC, "--reason", "<!channel> & more")
            of_trip = lambda: [one["body"] for one in pager.seen if one["body"]["dedup_key"] == "scramd/test-host/trip-1"]
            trigger, resolve = eventually(lambda: len(of_trip()) >= 2 and of_trip()[:2], lambda: f"{pager.seen}", 20)
            self.assertEqual((trigger["event_action"], resolve["event_action"]), ("trigger", "resolve"))
            self.assertEqual(trigger["routing_key"], "fakeroutingkey0000000000000000000")
            self.assertEqual(trigger["payload"]["severity"], "critical")
            told = lambda: next((text for one in slack.seen if "Trip 1 latched" in (text := one["body"]["text"])), None)
            text = eventually(told, lambda: f"the other target has it too: {slack.seen}")
            self.assertIn("&lt;!channel&gt; &amp; more", text)
            spooled = "".join(path.read_text(errors="replace") for path in (lab.folder / "spool").rglob("*") if path.is_file())
            for where in (notify.log(), spooled):
                self.assertNotIn("fakeroutingkey", where)


class Wrong(unittest.TestCase):
    def run_with(self, lab, *arguments):
        done = subprocess.run([BIN / "scram-notify", "--config", lab.folder / "notify.toml", *arguments],
                              capture_output=True, text=True, timeout=60)
        return done.returncode, done.stdout, done.stderr

    def test_the_config_is_checked_and_no_secret_is_shown(self):
        with Lab() as lab, Receiver() as ops:
            write_config(lab, [json_target(lab, ops), target_text(lab.folder, "duty", "fakeroutingkey", kind="pagerduty")])
            code, out, _ = self.run_with(lab, "--check")
            self.assertEqual(code, 0)
            self.assertIn("target duty: kind pagerduty, min_severity warning", out)
            self.assertIn('"routing_key":"ROUTING-KEY"', out)
            self.assertNotIn("fake", out.replace(str(lab.folder), ""))

    def test_what_is_wrong_is_told_with_its_line(self):
        with Lab() as lab, Receiver() as ops:
            path = write_config(lab, [json_target(lab, ops, tiemout_s=3)])
            code, _, err = self.run_with(lab, "--check")
            self.assertEqual(code, 3)
            self.assertRegex(err, rf'{path}:\d+:\d+: unknown key "tiemout_s" in \[\[target\]\] ops \(did you mean "timeout_s"\?\)')

    def test_a_secret_that_others_may_read_or_that_is_sent_openly_is_refused(self):
        with Lab() as lab, Receiver() as ops:
            write_config(lab, [json_target(lab, ops)])
            secret = lab.folder / "ops.secret"
            secret.chmod(0o644)
            code, _, err = self.run_with(lab)
            self.assertEqual(code, 3)
            self.assertIn("run chmod 0600", err)
            secret.chmod(0o600)
            secret.write_text("http://hooks.example/fake-secret-path\n")
            code, _, err = self.run_with(lab)
            self.assertEqual(code, 3)
            self.assertIn("target ops: ", err)
            self.assertIn("expected https://", err)
            self.assertNotIn("fake-secret-path", err)

    def test_a_test_notice_says_what_was_answered(self):
        with Lab() as lab, Receiver() as ops:
            write_config(lab, [json_target(lab, ops)])
            self.assertEqual(one_test(lab), (0, "target ops: answered 200: taken\n"))
            self.assertEqual(ops.seen[0]["body"]["key"], "test")
            self.assertEqual(one_test(lab, "nobody")[0], 2)

    def test_the_sample_is_a_config(self):
        sample = (ROOT / "config/scram-notify.toml").read_text()
        with Lab() as lab:
            for name in re.findall(r'secret_file = "([^"]+)"', sample):
                folder = pathlib.Path(lab.folder / "notify")
                folder.mkdir(exist_ok=True)
                (folder / name).write_text("https://hooks.example/fake\n")
                (folder / name).chmod(0o600)
            (lab.folder / "notify.toml").write_text(re.sub(r"^#(\w+ = |\[)", r"\1", sample, flags=re.MULTILINE))
            code, _, err = self.run_with(lab, "--check")
            self.assertEqual((code, err), (0, ""))


if __name__ == "__main__":
    unittest.main()
