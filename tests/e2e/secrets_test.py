"""No secret may be where others can read it: argv, environment, log, status, watch, errors, core dumps."""
import os
import subprocess
import unittest

from lab import BIN, Control, Lab, Scramd, eventually, write_credentials

BTC = "mm-1/BTC-USD"
SECRETS = ("fake-secret-mm-1", "fake-pass-mm-1")


class Secrets(unittest.TestCase):
    def hides(self, where, text):
        for secret in SECRETS:
            self.assertNotIn(secret, text, where)

    def test_a_whole_trip_tells_no_secret_anywhere(self):
        with Lab() as lab:
            lab.sim.fault("code", code="50113")
            lab.sim.fault("html")
            daemon = lab.scramd(more="[timings]\nretry_refused_ms = 100\n", sources=("maker-1", "probe"))
            daemon.await_ready()
            watch = lab.watch(daemon)
            eventually(lambda: lab.source("probe").goodbye() or watch.seen, "the watcher is there")
            lab.source().publish(BTC, "delta", 26)
            daemon.await_state(BTC, "confirmed")
            watch.wait("confirmed")
            daemon.reload(lab.config() + "nonsense = 1\n")
            daemon.await_log("reload_refused")
            self.hides("status", str(daemon.status()) + str(daemon.ctl("status")))
            self.hides("watch", str(watch.seen))
            self.hides("check", str(daemon.ctl("check", "--config", daemon.config)))
            with Control(lab.folder) as control:
                self.hides("errors", str(control.say('{"v":1,"op":"secrets"}')))
            process = f"/proc/{daemon.process.pid}"
            for name in ("cmdline", "environ"):
                try:
                    with open(f"{process}/{name}", "rb") as file:
                        self.hides(name, file.read().decode(errors="replace"))
                except PermissionError:
                    pass  # so nobody but root can read it at all
            self.assertEqual(daemon.stop(), 0)
            self.hides("log", daemon.log())

    def test_credentials_that_are_no_TOML_are_refused_without_quoting_them(self):
        for text in ('key = "fake-key"\nsecret = fake-secret-mm-1\n', 'fake-pass-mm-1 = \n',
                     'key = "k"\nsecret = "fake-secret-mm-1"\npassphrase = "fake-pass-mm-1"\nmore = "x"\n',
                     'key = "k"\nsecret = "fake-secret-mm-1\\n"\npassphrase = "p"\n'):
            with Lab() as lab:
                write_credentials(lab.folder, "mm-1").write_text(text)
                daemon = lab.scramd()
                self.assertEqual(daemon.ended(), 1)
                self.assertIn("mm-1.credentials", daemon.log())
                self.hides("log", daemon.log())

    def test_the_process_leaves_no_core_dump(self):
        with Lab() as lab:
            daemon = lab.scramd().await_ready()
            status = os.stat(f"/proc/{daemon.process.pid}/environ")
            self.assertEqual(status.st_uid, 0)  # what is not dumpable belongs to root
            daemon.stop()

    def test_credentials_come_from_the_service_managers_folder_where_it_has_one(self):
        with Lab() as lab:
            folder = lab.folder / "credentials"
            folder.mkdir(mode=0o700)
            write_credentials(folder, "mm-1", mode=0o440)
            daemon = lab.add(Scramd(lab.folder, lab.config(), accounts=(),
                                    env={"CREDENTIALS_DIRECTORY": str(folder)}))
            daemon.await_ready()
            lab.source().publish(BTC, "delta", 26)
            daemon.await_state(BTC, "confirmed")

    def test_check_does_not_need_the_credentials(self):
        with Lab() as lab:
            (lab.folder / "scramd.toml").write_text(lab.config())
            done = subprocess.run([BIN / "scramd", "--check", "--config", lab.folder / "scramd.toml"],
                                  capture_output=True, text=True)
            self.assertEqual(done.returncode, 0, done.stderr)
