"""What do the packages do to a machine: install, upgrade, remove, purge?"""
import platform
import shutil
import subprocess
import tempfile
import unittest

from desk import Desk, package
from waiting import eventually


def newer(desk, spoil=""):
    """The same package under a higher version; `spoil` is a line of shell run in its folder before."""
    work = desk.folder / "newer"
    subprocess.run(["dpkg-deb", "-R", package("scramd"), work], check=True)
    control = work / "DEBIAN/control"
    control.write_text(control.read_text().replace("\nVersion: ", "\nVersion: 1:"))
    subprocess.run(["sh", "-c", spoil], cwd=work, check=True)
    built = desk.folder / "scramd_newer.deb"
    subprocess.run(["dpkg-deb", "--root-owner-group", "-b", work, built], check=True, capture_output=True)
    return built


class Contents(unittest.TestCase):
    @unittest.skipIf(platform.machine() != "x86_64", "the instruction is that of x86-64")
    @unittest.skipIf(shutil.which("objdump") is None, "no objdump")
    def test_an_indirect_call_ends_where_one_may(self):
        with tempfile.TemporaryDirectory() as folder:
            subprocess.run(["dpkg-deb", "-x", package("scramd"), folder], check=True)
            code = subprocess.run(["objdump", "-d", f"{folder}/usr/bin/scramd"], check=True, capture_output=True, text=True)
        self.assertGreater(code.stdout.count("endbr64"), 1000)


class Install(unittest.TestCase):
    def test_the_first_install_starts_and_enables_nothing(self):
        with Desk() as desk:
            desk.installed()
            self.assertEqual(desk.machine.shown("scramd", "ActiveState"), "inactive")
            self.assertEqual(desk.machine.shown("scramd", "UnitFileState"), "disabled")
            desk.machine.do("id", "scramd")
            desk.machine.do("scramd", "--check", "--config", "/etc/scramd/scramd.toml")
            self.assertEqual(desk.machine.do("scramd", "--check", "--quiet"), "")

    def test_a_start_without_credentials_says_that_they_are_missing(self):
        with Desk() as desk:
            desk.installed()
            desk.machine.do("systemctl", "start", "--no-block", "scramd")
            wanted = "put it at /etc/scramd/credentials/mm-1.credentials"
            eventually(lambda: wanted in desk.machine.log(), desk.machine.log)
            eventually(lambda: desk.machine.shown("scramd", "ActiveState") == "failed", desk.machine.log)

    def test_credentials_of_before_the_folder_are_found_after_an_upgrade(self):
        with Desk() as desk:
            desk.installed().configured()
            desk.machine.do("mv", "/etc/scramd/credentials/mm-1.credentials", "/etc/scramd/mm-1.credentials")
            desk.machine.install(newer(desk))
            desk.started()
            self.assertEqual(desk.ctl("ready"), (0, "ready\n"))

    def test_the_config_is_the_operators(self):
        with Desk() as desk:
            desk.installed().configured()
            desk.machine.install(newer(desk))
            self.assertIn(f"port = {desk.sim.port}", (desk.machine.root / "etc/scramd/scramd.toml").read_text())


class Upgrade(unittest.TestCase):
    def test_while_latched_it_stays_latched_and_the_unfinished_cancel_goes_on(self):
        with Desk() as desk:
            desk.installed().configured().started()
            desk.breach()
            before = desk.machine.process()
            desk.machine.install(newer(desk))
            self.assertNotIn(desk.machine.process(), (0, before))
            desk.mend()

    def test_a_daemon_that_was_stopped_stays_stopped(self):
        with Desk() as desk:
            desk.installed().configured().started()
            desk.machine.do("systemctl", "stop", "scramd")
            desk.machine.install(newer(desk))
            self.assertEqual(desk.machine.shown("scramd", "ActiveState"), "inactive")

    def test_a_version_that_refuses_the_config_leaves_the_old_one_running(self):
        with Desk() as desk:
            desk.installed().configured().started()
            before = desk.machine.process()
            refusing = "printf '#!/bin/sh\\necho no such key >&2; exit 3\\n' >usr/bin/scramd"
            said = desk.machine.install(newer(desk, spoil=refusing))
            self.assertEqual(desk.machine.process(), before)
            self.assertEqual(desk.ctl("ready"), (0, "ready\n"), said)

    def test_an_exchange_that_is_away_does_not_hold_it_up(self):
        with Desk() as desk:
            desk.installed().configured().started()
            desk.sim.stop()
            desk.machine.install(newer(desk))
            self.assertEqual(desk.machine.shown("scramd", "ActiveState"), "activating")


class Remove(unittest.TestCase):
    def test_what_is_latched_outlives_it(self):
        with Desk() as desk:
            desk.installed().configured().started()
            desk.breach()
            desk.mend()
            desk.machine.do("dpkg", "-r", "scramd")
            self.assertEqual(desk.machine.run("pgrep", "scramd").returncode, 1)
            desk.installed().started()
            self.assertEqual(desk.family()["gate"], "closed")

    def test_a_purge_leaves_the_record_of_trips_and_says_so_and_nothing_else(self):
        with Desk() as desk:
            before = files(desk.machine)
            desk.installed().configured().started()
            desk.machine.do("systemctl", "stop", "scramd")
            done = desk.machine.run("dpkg", "-P", "scramd")
            self.assertEqual(done.returncode, 0)
            left = sorted(files(desk.machine) - before)
            self.assertTrue(left, "the journal")
            self.assertEqual([path for path in left if not path.startswith("/var/lib/scramd")], [])
            self.assertIn("kept /var/lib/scramd", done.stdout + done.stderr)
            self.assertIn("scramd", (desk.machine.root / "etc/passwd").read_text())
            self.assertEqual(desk.machine.run("ls", "/run/scramd").returncode, 2)


def files(box):
    """What lies on the machine's disk, but for what systemd and dpkg write for themselves."""
    own = ("/root/", "/var/log/", "/var/lib/dpkg/", "/var/lib/systemd/", "/var/cache/", "/tmp/", "/var/tmp/")
    return {path for path in box.do("find", "/", "-xdev").splitlines() if not path.startswith(own)}
