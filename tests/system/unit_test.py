"""Do the unit's walls stand, and do its examples work?"""
import http.server
import json
import re
import signal
import threading
import unittest
import urllib.request

from desk import ROOT, Desk
from waiting import eventually

SCORE_MAX = 1.2
UNIT = ROOT / "config/systemd/scramd.service"


class Unit(unittest.TestCase):
    def test_it_is_hardened(self):
        with Desk() as desk:
            desk.installed()
            limit = f"--threshold={int(SCORE_MAX * 10)}"
            said = desk.machine.run("systemd-analyze", "security", "--no-pager", limit, "scramd.service")
            score = re.search(r"exposure level.*: ([\d.]+)", said.stdout)
            self.assertIsNotNone(score, said.stdout + said.stderr)
            print(f"        systemd-analyze security scramd.service: {score[1]}, at most {SCORE_MAX}", flush=True)
            self.assertEqual(said.returncode, 0, said.stdout)
            self.assertLessEqual(float(score[1]), SCORE_MAX)

    def test_systemd_finds_no_fault_in_it(self):
        with Desk() as desk:
            desk.installed()
            done = desk.machine.run("systemd-analyze", "verify", "--man=no", "scramd.service")
            self.assertEqual((done.returncode, done.stdout + done.stderr), (0, ""))

    def test_the_process_has_given_everything_up(self):
        with Desk() as desk:
            desk.installed().configured().started()
            process = desk.machine.process()
            status = desk.machine.do("cat", f"/proc/{process}/status")
            for line in ("CapEff:\t0000000000000000", "CapBnd:\t0000000000000000", "NoNewPrivs:\t1", "Seccomp:\t2"):
                self.assertIn(line, status)
            self.assertRegex(desk.machine.do("cat", f"/proc/{process}/limits"), r"Max core file size +0 +0 ")
            user = desk.machine.do("id", "-u", "scramd").strip()
            self.assertRegex(status, rf"Uid:\t{user}\t{user}\t{user}\t{user}")

    def test_it_is_the_last_to_go_when_memory_is_short(self):
        with Desk() as desk:
            if desk.machine.run("sh", "-c", "echo -900 >/proc/self/oom_score_adj").returncode != 0:
                self.skipTest("this machine does not let root lower an oom_score_adj")
            desk.installed().configured().started()
            self.assertEqual(desk.machine.do("cat", f"/proc/{desk.machine.process()}/oom_score_adj"), "-900\n")

    def test_the_credentials_are_a_copy_that_only_it_can_read(self):
        with Desk() as desk:
            desk.installed().configured().started()
            copy = "/run/credentials/scramd.service/scramd_mm-1.credentials"
            self.assertEqual(desk.machine.do("stat", "-c", "%a", copy), "400\n")
            self.assertNotEqual(desk.machine.run("setpriv", "--reuid=65534", "cat", copy).returncode, 0)


class Examples(unittest.TestCase):
    def test_credentials_may_lie_encrypted_on_the_disk(self):
        with Desk() as desk:
            desk.installed().configured()
            plain = "/etc/scramd/credentials/mm-1.credentials"
            desk.machine.do("systemd-creds", "encrypt", "--name=mm-1.credentials", plain,
                            "/etc/scramd/mm-1.credentials.sealed")
            desk.machine.do("rm", plain)
            desk.drop_in("encrypted")
            desk.started()
            self.assertEqual(desk.ctl("ready"), (0, "ready\n"))
            sealed = desk.machine.root / "etc/scramd/mm-1.credentials.sealed"
            self.assertNotIn(b"fake-secret", sealed.read_bytes())

    def test_a_core_of_its_own_needs_its_drop_in(self):
        with Desk() as desk:
            desk.installed().configured(more="cpu = 0")
            desk.machine.do("systemctl", "start", "--no-block", "scramd")
            eventually(lambda: "examples/own-core.conf" in desk.machine.log(), desk.machine.log)
            desk.drop_in("own-core")
            desk.machine.do("systemctl", "restart", "scramd")
            allowed = desk.machine.do("cat", f"/proc/{desk.machine.process()}/status")
            self.assertIn("Cpus_allowed_list:\t0\n", allowed)

    def test_frames_need_their_drop_in_and_leave_no_capability(self):
        with Desk() as desk:
            desk.installed().configured(more='[wire]\nframes = true\ndevice = "lo"\n')
            desk.started()
            eventually(lambda: "examples/frames.conf" in desk.machine.log(), desk.machine.log)
            self.assertNotIn("frames", desk.status())
            desk.drop_in("frames")
            desk.machine.do("systemctl", "restart", "scramd")
            eventually(lambda: desk.status()["frames"]["sent"] > 0, desk.machine.log)
            status = desk.machine.do("cat", f"/proc/{desk.machine.process()}/status")
            self.assertEqual(set(re.findall(r"^Cap(?:Inh|Prm|Eff|Amb):\t(\d+)$", status, re.MULTILINE)), {"0" * 16})
            desk.sim.quote("BTC-USD")
            desk.publish(26)
            desk.await_state("verified")

    def test_systemd_sets_the_scheduling_class(self):
        with Desk() as desk:
            desk.installed().configured()
            desk.drop_in("fifo")
            desk.started()
            stat = desk.machine.do("cat", f"/proc/{desk.machine.process()}/stat").rpartition(")")[2].split()
            self.assertEqual((stat[37], stat[38]), ("50", "1"))  # rt_priority, policy: SCHED_FIFO

    def test_its_pages_stay_in_memory_where_that_is_permitted(self):
        with Desk() as desk:
            desk.installed().configured()
            permit = "[Service]\nCapabilityBoundingSet=CAP_IPC_LOCK\nAmbientCapabilities=CAP_IPC_LOCK\n"
            desk.machine.write("/etc/systemd/system/scramd.service.d/lock.conf", permit)
            desk.machine.do("systemctl", "daemon-reload")
            desk.started()
            status = desk.machine.do("cat", f"/proc/{desk.machine.process()}/status")
            locked = int(re.search(r"VmLck:\s+(\d+)", status)[1])
            self.assertGreater(locked, 5000, status)

    def test_after_a_few_failures_a_policy_may_run_another_unit_instead(self):
        with Desk() as desk:
            desk.installed().configured()
            desk.drop_in("on-failure")
            desk.started()
            desk.sim.quote("BTC-USD")
            for _ in range(4):
                before = desk.machine.process()
                desk.machine.signal(signal.SIGKILL)
                eventually(lambda: desk.machine.process() not in (0, before), "another start", 20)
            desk.machine.signal(signal.SIGKILL)
            eventually(lambda: desk.sim.family("BTC-USD")["mmp"] == 0, desk.machine.story, 20)
            self.assertEqual(desk.machine.shown("scramd", "ActiveState"), "failed")


class Now(unittest.TestCase):
    def test_scram_now_cancels_as_a_unit_while_scramd_hangs(self):
        with Desk() as desk:
            desk.installed().configured().started()
            desk.sim.quote("BTC-USD")
            desk.machine.signal(signal.SIGSTOP)
            desk.machine.do("systemctl", "start", "scram-now")
            self.assertEqual(desk.sim.family("BTC-USD")["mmp"], 0)
            self.assertIn("mm-1/BTC-USD accepted", desk.machine.log("scram-now"))

    def test_systemd_finds_no_fault_in_its_unit(self):
        with Desk() as desk:
            desk.installed()
            done = desk.machine.run("systemd-analyze", "verify", "--man=no", "scram-now.service")
            self.assertEqual((done.returncode, done.stdout + done.stderr), (0, ""))


class Exporter(unittest.TestCase):
    def test_its_walls_leave_it_the_page_and_nothing_else_of_scramd(self):
        with Desk() as desk:
            desk.installed().configured().started()
            # (The machines share a network: each takes a port of its own.)
            desk.machine.write("/etc/systemd/system/scramd-exporter.service.d/port.conf",
                               "[Service]\nExecStart=\nExecStart=/usr/bin/scramd-exporter --listen 127.0.0.1:0\nSocketBindAllow=any\n")
            desk.machine.do("systemctl", "daemon-reload")
            desk.machine.do("systemctl", "start", "scramd-exporter")
            port = eventually(lambda: re.search(r"listens at http://127.0.0.1:(\d+),", desk.machine.log("scramd-exporter")),
                              lambda: f"it listens: {desk.machine.log('scramd-exporter')}")[1]

            def metrics():
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
                    return answer.read().decode()

            eventually(lambda: "\nscramd_fires 1\n" in metrics(), metrics)
            process = desk.machine.process("scramd-exporter")
            status = desk.machine.do("cat", f"/proc/{process}/status")
            for line in ("CapEff:\t0000000000000000", "NoNewPrivs:\t1", "Seccomp:\t2"):
                self.assertIn(line, status)
            self.assertNotIn(f"Uid:\t{desk.machine.do('id', '-u', 'scramd').strip()}\t", status)
            said = desk.machine.run("systemd-analyze", "security", "--no-pager", f"--threshold={int(SCORE_MAX * 10)}",
                                    "scramd-exporter.service")
            self.assertEqual(said.returncode, 0, said.stdout)
            desk.machine.signal(signal.SIGKILL)
            eventually(lambda: "\nscramd_up 1\n" in metrics(), metrics, 20)

    def test_systemd_finds_no_fault_in_its_unit(self):
        with Desk() as desk:
            desk.installed()
            done = desk.machine.run("systemd-analyze", "verify", "--man=no", "scramd-exporter.service")
            self.assertEqual((done.returncode, done.stdout + done.stderr), (0, ""))


class Webhook:
    """On this host, whose network the machines share."""

    def __init__(self):
        self.seen = seen = []

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                seen.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
                self.send_response(204)
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()


class Notify(unittest.TestCase):
    def test_its_walls_leave_it_the_journal_and_the_page_and_a_trip_is_told(self):
        with Webhook() as hook, Desk() as desk:
            desk.installed().configured().started()
            desk.machine.write("/etc/scramd/scram-notify.toml",
                               '[[target]]\nname = "ops"\nkind = "json"\nsecret_file = "ops"\n')
            desk.machine.write("/etc/scramd/notify/ops", f"http://127.0.0.1:{hook.server.server_port}/fake-secret\n", 0o600)
            desk.machine.do("systemctl", "start", "scram-notify")

            def told(key, kind):
                return [one for one in hook.seen if (one["key"], one["kind"]) == (key, kind)]

            def story():
                return f"{hook.seen}\n{desk.machine.log('scram-notify')}"

            eventually(lambda: told("notify", "tell"), story, 20)
            desk.ctl("trip", "mm-1/BTC-USD", "--reason", "drill: under systemd")
            eventually(lambda: told("trip-1", "resolve"), story, 20)
            self.assertEqual(len(told("trip-1", "raise")), 1)
            status = desk.machine.do("cat", f"/proc/{desk.machine.process('scram-notify')}/status")
            for line in ("CapEff:\t0000000000000000", "NoNewPrivs:\t1", "Seccomp:\t2"):
                self.assertIn(line, status)
            self.assertNotIn(f"Uid:\t{desk.machine.do('id', '-u', 'scramd').strip()}\t", status)
            self.assertNotIn("fake-secret", desk.machine.log("scram-notify"))
            said = desk.machine.run("systemd-analyze", "security", "--no-pager", "--threshold=20", "scram-notify.service")
            self.assertEqual(said.returncode, 0, said.stdout)

    def test_systemd_finds_no_fault_in_its_unit(self):
        with Desk() as desk:
            desk.installed()
            done = desk.machine.run("systemd-analyze", "verify", "--man=no", "scram-notify.service")
            self.assertEqual((done.returncode, done.stdout + done.stderr), (0, ""))


class ReadyWhen(unittest.TestCase):
    def test_by_config_a_start_counts_at_the_first_link(self):
        with Desk() as desk:
            desk.installed().configured(more='ready_when = "first_link"').started()
            self.assertEqual(desk.machine.shown("scramd", "ActiveState"), "active")

    def test_a_config_with_an_error_is_told_before_anything_starts(self):
        with Desk() as desk:
            desk.installed().configured(more="cpus = 1")
            desk.machine.do("systemctl", "start", "--no-block", "scramd")
            eventually(lambda: "cpus" in desk.machine.log(), desk.machine.log)
            eventually(lambda: desk.machine.shown("scramd", "ActiveState") == "failed", "no start helps before it is corrected")
            self.assertEqual(desk.machine.run("ls", "/run/scramd/control.sock").returncode, 2)
