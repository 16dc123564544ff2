"""Does the image run without a right of any kind, and is it made of the very packages?"""
import os
import pathlib
import signal
import subprocess
import tempfile
import unittest

import container
import desk
import machine
from lab import BIN, Sim, pki
from waiting import eventually

USER = 990  # as the Dockerfile says


class Container(unittest.TestCase):
    def setUp(self):
        if container.unusable:
            self.skipTest(container.unusable)

    def test_it_guards_without_root_without_capabilities_and_on_a_root_that_is_read_only(self):
        with Ship() as ship:
            ship.start()
            status = ship.inside("cat", f"/proc/{ship.scramd()}/status")
            self.assertIn("CapEff:\t0000000000000000", status)
            self.assertIn(f"Uid:\t{USER}\t{USER}\t{USER}\t{USER}", status)
            self.assertIn("NoNewPrivs:\t1", status)
            ship.sim.quote("BTC-USD")
            ship.publish(26)
            eventually(lambda: "verified" in ship.inside("scramctl", "status"), "the cancel is verified")
            self.assertEqual(ship.sim.family("BTC-USD")["mmp"], 0)

    def test_another_container_goes_on_where_it_ended(self):
        with Ship() as ship:
            ship.start()
            ship.publish(26)
            eventually(lambda: "verified" in ship.inside("scramctl", "status"), "the cancel is verified")
            ship.these.podman("stop", ship.name)
            ship.start()
            self.assertIn("closed", ship.inside("scramctl", "status", "--json"))

    def test_a_scramd_that_hangs_ends_the_container_so_that_its_policy_starts_another(self):
        with Ship() as ship:
            ship.start()
            ship.inside("sh", "-c", f"kill -STOP {ship.scramd()}")
            eventually(lambda: ship.these.podman("exec", ship.name, "true").returncode != 0, "it ends", 60)
            self.assertIn("loop_frozen", ship.these.podman("logs", ship.name).stderr)

    def test_its_health_check_fails_when_a_breach_would_not_fire(self):
        with Ship() as ship:
            ship.start()
            ship.sim.stop()
            eventually(lambda: ship.health().returncode != 0, "unhealthy")

    def test_the_packages_in_it_are_the_same_bytes(self):
        if "SOURCE_DATE_EPOCH" not in os.environ:
            self.skipTest("SOURCE_DATE_EPOCH is not set: ./dev system does")
        if machine.codename() != "bookworm":
            self.skipTest("the packages were built on another Debian than the image's")
        made = sorted(container.PACKAGES.glob("*.deb"))
        self.assertEqual([one.name for one in made], [one.name for one in sorted(desk.PACKAGES.glob("*.deb"))])
        for one in made:
            self.assertTrue(one.read_bytes() == (desk.PACKAGES / one.name).read_bytes(), f"{one.name} differs")


class Ship:
    """A container of scramd, its three folders, and the exchange."""

    def __enter__(self):
        self.name = f"scramd-{os.getpid()}-{id(self)}"
        self.home = tempfile.TemporaryDirectory(prefix="ship-", dir=desk.WORK)
        self.folder = pathlib.Path(self.home.name)
        self.sim = Sim(self.folder, {"mm-1": ""})
        for part in ("etc", "run", "secrets", "state"):
            (self.folder / part).mkdir()
            os.chown(self.folder / part, USER, USER)
        write(self.folder / "etc/scramd.toml", desk.CONFIG.format(port=self.sim.port, more=""))
        write(self.folder / "etc/ca.pem", (pki() / "ca.pem").read_text())
        write(self.folder / "secrets/mm-1.credentials", desk.CREDENTIALS, 0o400)
        self.these = container.Containers().__enter__()
        return self

    def __exit__(self, *_):
        self.these.podman("rm", "--force", "--time", "0", self.name)
        self.these.__exit__()
        self.sim.stop(signal.SIGKILL)
        self.home.cleanup()

    def start(self):
        self.these.podman("rm", "--force", self.name)
        shared = {"etc": "/etc/scramd:ro", "secrets": "/run/secrets:ro", "run": "/run/scramd", "state": "/var/lib/scramd"}
        volumes = [word for part, at in shared.items() for word in ("-v", f"{self.folder / part}:{at}")]
        done = self.these.podman("run", "--detach", "--name", self.name, *container.RUN, *volumes, container.IMAGE)
        if done.returncode != 0:
            raise AssertionError(f"podman run: {done.stderr}")
        eventually(lambda: self.health().returncode == 0, self.logs, 20)

    def logs(self):
        return self.these.podman("logs", self.name).stderr + self.health().stderr

    def health(self):
        return self.these.podman("exec", self.name, *container.health_command())

    def inside(self, *command):
        done = self.these.podman("exec", self.name, *command)
        if done.returncode != 0:
            raise AssertionError(f"{command}: {done.stdout}{done.stderr}")
        return done.stdout

    def scramd(self):
        """Its process: the only child of the container's first."""
        return self.inside("cat", "/proc/1/task/1/children").split()[0]

    def publish(self, value):
        subprocess.run([BIN / "scramctl", "publish", "--signals", self.folder / "run/signals.sock", "maker-1",
                        "mm-1/BTC-USD", "delta", str(value)], check=True)


def write(path, text, mode=0o644):
    path.write_text(text)
    path.chmod(mode)
    os.chown(path, USER, USER)
