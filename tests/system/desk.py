"""A desk's box: a booted machine with the packages installed, configured for the simulated exchange."""
import json
import os
import pathlib
import re
import shutil
import signal
import tempfile

import machine
from lab import ROOT, Sim, pki
from waiting import eventually

WORK = ROOT / "build/system"
PACKAGES = pathlib.Path(os.environ.get("SCRAM_PACKAGES", ROOT / "build/release"))
READY = re.compile(r"armed 2/2 families, [1-5]/5 links warm, last rehearsal \d+\.\d s ago")

CONFIG = """metrics = ["delta"]
{more}
[exchange]
host = "localhost"
port = {port}
ca_file = "ca.pem"
reconnect_max_ms = 200
[timings]
rehearse_every_ms = 500
[[account]]
name = "mm-1"
credentials = "mm-1.credentials"
[[family]]
name = "mm-1/BTC-USD"
[[family]]
name = "mm-1/ETH-USD"
[[source]]
name = "maker-1"
[[rule]]
name = "delta"
kind = "limit"
metric = "delta"
beyond = 25
"""
CREDENTIALS = 'key = "fake-key-mm-1"\nsecret = "fake-secret-mm-1"\npassphrase = "fake-pass-mm-1"\n'


def package(name):
    found = sorted(PACKAGES.glob(f"{name}_*.deb"))
    if len(found) != 1:
        raise AssertionError(f"{len(found)} packages {name} in {PACKAGES}: run ./dev package")
    return found[0]


def prepare():
    """What takes the network: the system that every machine begins as."""
    machine.need("debootstrap", "unshare", "nsenter", "ip")
    for folder in WORK.glob("desk-*"):  # of a run that was killed
        if not pathlib.Path("/proc", folder.name.split("-")[1]).exists():
            machine.remove_cgroup(machine.own_cgroup(folder.name))
            shutil.rmtree(folder)
    return machine.base(WORK / f"base.{machine.codename()}", package("scramd"))


class Desk:
    """`with Desk() as desk`: desk.sim, desk.machine. A test that fails tells the machine's log."""

    def __init__(self):
        WORK.mkdir(parents=True, exist_ok=True)
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix=f"desk-{os.getpid()}-", dir=WORK))
        self.sim = Sim(self.folder, {"mm-1": ""})
        self.machine = machine.Machine(WORK / f"base.{machine.codename()}", self.folder).boot()

    def __enter__(self):
        return self

    def __exit__(self, _, error, __):
        try:
            if error is not None:
                error.add_note(self.machine.story())
            elif self.sim.process.poll() is None:
                self.sim.check_budget()
        finally:
            self.machine.pull_the_plug()
            self.sim.stop(signal.SIGKILL)
            shutil.rmtree(self.folder, ignore_errors=True)

    def installed(self):
        self.machine.install(package("scramd"))
        return self

    def configured(self, more="", port=None):
        """As the operator's guide says: the config, the credentials."""
        text = CONFIG.format(port=port or self.sim.port, more=more)
        self.machine.write("/etc/scramd/scramd.toml", text)
        self.machine.write("/etc/scramd/ca.pem", (pki() / "ca.pem").read_text())
        self.machine.write("/etc/scramd/credentials/mm-1.credentials", CREDENTIALS, 0o600)
        return self

    def started(self):
        self.machine.do("systemctl", "enable", "scramd")
        self.machine.do("systemctl", "start", "--no-block", "scramd")
        eventually(lambda: self.machine.shown("scramd", "ActiveState") == "active", "scramd is ready", 20)
        return self

    def drop_in(self, name):
        """One of the examples that the package brings."""
        folder = "/etc/systemd/system/scramd.service.d"
        self.machine.do("install", "-D", "-m", "0644", "-t", folder, f"/usr/share/doc/scramd/examples/{name}.conf")
        self.machine.do("systemctl", "daemon-reload")

    # ---- what scramd says ------------------------------------------------------------------------

    def ctl(self, *arguments):
        done = self.machine.run("scramctl", *arguments)
        return done.returncode, done.stdout + done.stderr

    def status(self):
        code, text = self.ctl("status", "--json")
        return json.loads(text) if code == 0 else None

    def family(self, name="mm-1/BTC-USD"):
        status = self.status()
        return next(f for f in status["families"] if f["name"] == name) if status else {"state": "scramd is away"}

    def await_state(self, state, name="mm-1/BTC-USD"):
        eventually(lambda: self.family(name)["state"] == state, lambda: f"{state}; it is {self.family(name)}", 20)

    def publish(self, value):
        """As a maker that comes, says one thing and leaves."""
        self.machine.do("scramctl", "publish", "maker-1", "mm-1/BTC-USD", "delta", value)

    def breach(self):
        """A trip whose cancel the exchange does not confirm, until `mend`."""
        self.sim.fault("result_false", count=-1)
        self.sim.quote("BTC-USD")
        self.publish(26)
        eventually(lambda: self.sim.cancels()["requests"] > 0, "a cancel reaches the exchange")

    def mend(self):
        """The exchange takes cancels again: what is unfinished gets done, and stays latched."""
        self.sim.clear_faults()
        self.await_state("verified")
        if self.family()["gate"] != "closed" or self.sim.family("BTC-USD")["mmp"] != 0:
            raise AssertionError(f"not latched, or orders rest: {self.family()} {self.sim.family('BTC-USD')}")
