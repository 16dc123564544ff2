"""No secret may be where others can read it: argv, environment, log, status, watch, errors, core dumps."""
import base64
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import unittest

from lab import BIN, IS_SANITIZED, Control, Lab, Scramd, eventually, write_credentials
from signer_test import keeper_of, signer_of

BTC = "mm-1/BTC-USD"
SECRETS = ("fake-secret-mm-1", "fake-pass-mm-1")
SECRET = SECRETS[0].encode()
MAP_MAX = 1 << 30  # sanitizers' own maps are larger, and hold nothing of ours


def forms_of(secret):
    """As it is, and in Base64 at each of the three places where it may begin."""
    coded = [base64.b64encode(bytes(shift) + secret)[(0, 2, 3)[shift]:-4] for shift in range(3)]
    return [secret, *coded]


def is_in(data, secret):
    return any(form in data for form in forms_of(secret))


def memory_of(pid):
    """All that a process has in its memory, map by map."""
    with open(f"/proc/{pid}/maps") as maps, open(f"/proc/{pid}/mem", "rb", 0) as memory:
        for line in maps:
            begin, end = (int(part, 16) for part in line.split()[0].split("-"))
            if line.split()[1][0] != "r" or end - begin > MAP_MAX or "[v" in line:
                continue
            memory.seek(begin)
            try:
                yield memory.read(end - begin)
            except OSError:  # a guard page of the kernel's
                continue


def remembers(pid, secret):
    return any(is_in(piece, secret) for piece in memory_of(pid))


class ApartLab(Lab):
    """Credentials lie in a folder of their own, as a service manager hands them over."""

    def __enter__(self):
        self.credentials = pathlib.Path(tempfile.mkdtemp(prefix="scram-credentials-"))
        write_credentials(self.credentials, "mm-1")
        self.daemon = self.add(Scramd(self.folder, self.config(), accounts=(),
                                      env={"CREDENTIALS_DIRECTORY": str(self.credentials)}))
        self.daemon.await_ready()
        return self

    def __exit__(self, *error):
        shutil.rmtree(self.credentials)
        return super().__exit__(*error)

    def trip(self):
        self.source().publish(BTC, "delta", 26)
        self.daemon.await_state(BTC, "accepted")


def has_landlock(log):
    return "sandbox_incomplete feature=files" not in log


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
            daemon.await_state(BTC, "accepted")
            watch.wait("accepted")
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
            daemon.await_state(BTC, "accepted")

    def test_check_does_not_need_the_credentials(self):
        with Lab() as lab:
            (lab.folder / "scramd.toml").write_text(lab.config())
            done = subprocess.run([BIN / "scramd", "--check", "--config", lab.folder / "scramd.toml"],
                                  capture_output=True, text=True)
            self.assertEqual(done.returncode, 0, done.stderr)


@unittest.skipIf(os.geteuid() != 0, "only root may look into these processes")
class Apart(unittest.TestCase):
    """The process that speaks to the internet never has the secret; the signer has, or these tests could not fail."""

    def test_the_secret_is_nowhere_in_the_memory_of_the_network_process_but_in_the_signers(self):
        with ApartLab() as lab:
            lab.trip()
            lab.daemon.process.send_signal(signal.SIGHUP)
            network = lab.daemon.process.pid
            self.assertFalse(remembers(network, SECRET))
            self.assertTrue(remembers(network, b"fake-pass-mm-1"), "a header of each request: so it is found")
            self.assertTrue(remembers(signer_of(lab.daemon), SECRET))
            self.assertTrue(remembers(keeper_of(lab.daemon), SECRET))

    def test_nor_in_what_is_kept_and_told_of_it(self):
        with ApartLab() as lab:
            lab.trip()
            for pid in (lab.daemon.process.pid, keeper_of(lab.daemon), signer_of(lab.daemon)):
                for name in ("cmdline", "environ", "status"):
                    self.assertFalse(is_in(pathlib.Path(f"/proc/{pid}/{name}").read_bytes(), SECRET), name)
            lab.daemon.stop()
            told = [path for path in lab.folder.rglob("*") if path.is_file() and path.name != "accounts.toml"]
            self.assertTrue([path for path in told if "journal" in str(path)])
            self.assertEqual([path for path in told if is_in(path.read_bytes(), SECRET)], [])

    @unittest.skipIf(shutil.which("gcore") is None, "no gcore: the memory itself was looked at above")
    @unittest.skipIf(IS_SANITIZED, "a core with a sanitizer's shadow memory is terabytes large")
    def test_nor_in_a_core_of_it(self):
        with ApartLab() as lab:
            lab.trip()

            def core(pid):
                subprocess.run(["gcore", "-o", lab.folder / "core", str(pid)], capture_output=True, check=True)
                return (lab.folder / f"core.{pid}").read_bytes()
            self.assertFalse(is_in(core(lab.daemon.process.pid), SECRET))
            self.assertTrue(is_in(core(signer_of(lab.daemon)), SECRET))

    def test_credentials_in_a_folder_of_their_own_cannot_be_read_again(self):
        with ApartLab() as lab:
            if not has_landlock(lab.daemon.log()):
                self.skipTest("the kernel offers no Landlock")
            self.assertNotIn("sandbox_incomplete feature=credentials", lab.daemon.log())
            lab.daemon.reload(lab.config().replace("beyond = 25", "beyond = 30"))
            lab.daemon.await_log("plan_changed")
            maker = lab.source()
            maker.publish(BTC, "delta", 26)
            lab.daemon.await_value(BTC, "delta", 26)
            self.assertNotIn("reload_refused", lab.daemon.log())
            self.assertEqual(lab.daemon.family(BTC)["state"], "armed")
            maker.publish(BTC, "delta", 31)
            lab.daemon.await_state(BTC, "accepted")

    def test_credentials_beside_the_config_are_refused_unless_that_is_allowed(self):
        with Lab() as lab:
            daemon = lab.scramd(more='readable_credentials = "refuse"')
            self.assertEqual(daemon.ended(), 1)
            self.assertIn(str(lab.folder / "mm-1.credentials"), daemon.log())
            self.assertIn('readable_credentials = "warn"', daemon.log())
            lab.children.remove(daemon)

    def test_credentials_beside_the_config_can_which_is_told_once_with_what_to_do(self):
        with Lab() as lab:
            daemon = lab.scramd().await_ready()
            [line] = [line for line in daemon.log().splitlines() if "sandbox_incomplete feature=credentials" in line]
            self.assertTrue(line.startswith("<4>"), line)
            self.assertIn(str(lab.folder / "mm-1.credentials"), line)
            self.assertIn("LoadCredential=", line)
