"""A Debian machine of the tests' own: an installed system in a folder, and the real systemd booted in it.

It lives in namespaces (mount, pid, ipc, uts, cgroup) and shares the tests' network, in which the simulated
exchange stands. What it writes lies in a folder of its own, over the installed system, and outlives a reboot. Its
processes and mounts end with the process that booted it, however that ends.
"""
import os
import pathlib
import re
import shutil
import signal
import subprocess
import unittest

from lab import LIBC
from waiting import PATIENCE, eventually

HERE = pathlib.Path(__file__).resolve().parent
# To boot, to look at what was booted, and to build what the maker's guide shows.
TOOLS = ("systemd", "systemd-sysv", "dbus", "procps", "gcc", "libc6-dev", "pkg-config")
SEARCH = f"{os.environ['PATH']}:/usr/sbin:/sbin"
INSIDE = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "TERM": "dumb", "SYSTEMD_PAGER": "", "LC_ALL": "C.UTF-8",
          "DEBIAN_FRONTEND": "noninteractive"}


def need(*tools):
    """Skips without these tools, or without root's rights."""
    for tool in tools:
        if shutil.which(tool, path=SEARCH) is None:
            raise unittest.SkipTest(f"{tool} is not installed")
    if os.geteuid() != 0:
        raise unittest.SkipTest("only root can boot a machine")


def codename():
    return re.search(r"VERSION_CODENAME=(\S+)", pathlib.Path("/etc/os-release").read_text())[1]


def dependencies(package):
    """The packages that a .deb names, the first of each choice."""
    text = subprocess.run(["dpkg-deb", "-f", package, "Depends"], check=True, capture_output=True, text=True).stdout
    return sorted(re.match(r"[\w.+-]+", one.strip())[0] for one in text.split(","))


def base(folder, package):
    """An installed system with what the package depends on: by debootstrap, once, and kept."""
    need("debootstrap", "unshare", "nsenter", "dpkg-deb")
    wanted = ",".join(sorted({*TOOLS, *dependencies(package)}))
    stamp = folder.with_name(folder.name + ".has")
    if stamp.exists() and stamp.read_text() == wanted:
        return folder
    shutil.rmtree(folder, ignore_errors=True)
    folder.parent.mkdir(parents=True, exist_ok=True)
    done = subprocess.run(["debootstrap", "--variant=minbase", f"--include={wanted}", codename(), folder],
                          capture_output=True, text=True, env={**os.environ, "PATH": SEARCH})
    if done.returncode != 0:
        raise unittest.SkipTest(f"debootstrap cannot make a system: {done.stdout[-300:]}")
    (folder / "etc/hosts").write_text("127.0.0.1 localhost\n")
    stamp.write_text(wanted)
    return folder


class Machine:
    """`base_folder` is only read; what changes goes to `folder`."""

    def __init__(self, base_folder, folder):
        self.base, self.folder = base_folder, folder
        self.booted = self.cgroup = None
        for part in ("changed", "work", "merged"):
            (folder / part).mkdir()

    def boot(self):
        """Until systemd has started everything."""
        self.cgroup = own_cgroup(self.folder.name)
        with open(self.log_path, "ab") as log:
            self.booted = subprocess.Popen(
                ["unshare", "--fork", "--kill-child", "--pid", "--mount", "--ipc", "--uts", "--cgroup", "--propagation",
                 "private", HERE / "boot.sh", self.base, self.folder],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, preexec_fn=self.before_exec)
        eventually(self.is_up, "systemd runs", 30)
        return self

    @property
    def log_path(self):
        return self.folder / "machine.log"

    @property
    def root(self):
        """Its disk, while it is up."""
        return pathlib.Path(f"/proc/{self.init()}/root")

    def before_exec(self):
        LIBC.prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG
        if self.cgroup:
            (self.cgroup / "cgroup.procs").write_text("0")

    def is_up(self):
        if self.booted.poll() is not None:
            raise AssertionError(f"systemd ended with {self.booted.returncode}: {self.log_path.read_text()}")
        return self.init() and self.run("systemctl", "is-system-running").stdout.strip() in ("running", "degraded")

    def init(self):
        """systemd's process, as we see it; it is the child of unshare's."""
        children = pathlib.Path(f"/proc/{self.booted.pid}/task/{self.booted.pid}/children").read_text().split()
        return int(children[0]) if children else None

    def power_off(self):
        """In order, as `poweroff` does."""
        self.run("systemctl", "poweroff")
        self.booted.wait(30 * PATIENCE)
        remove_cgroup(self.cgroup)

    def pull_the_plug(self):
        if self.booted is not None and self.booted.poll() is None:
            self.booted.kill()
        if self.booted is not None:
            self.booted.wait()
            remove_cgroup(self.cgroup)

    def run(self, *command, **options):
        enter = ["nsenter", "-t", str(self.init()), "-m", "-u", "-i", "-p", "-C", "-r", "-w", "--"]
        return subprocess.run([*enter, *[str(c) for c in command]], env=INSIDE, capture_output=True, text=True,
                              timeout=60 * PATIENCE, **options)

    def do(self, *command, **options):
        """Runs it; it must succeed."""
        done = self.run(*command, **options)
        if done.returncode != 0:
            raise AssertionError(f"{command} ended with {done.returncode}:\n{done.stdout}{done.stderr}{self.story()}")
        return done.stdout

    def write(self, path, text, mode=0o644):
        file = self.root / path.lstrip("/")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        file.chmod(mode)

    def install(self, *packages):
        for package in packages:
            shutil.copy(package, self.root / "root")
        return self.do("dpkg", "-i", *[f"/root/{package.name}" for package in packages])

    # ---- of a unit -------------------------------------------------------------------------------

    def shown(self, unit, key):
        return self.do("systemctl", "show", "--value", "-p", key, unit).strip()

    def log(self, unit="scramd"):
        return self.run("journalctl", "--no-pager", "-o", "cat", "-u", unit).stdout

    def story(self):
        """For a test that failed."""
        status = self.run("systemctl", "status", "--no-pager", "scramd").stdout
        return f"---- the log of scramd\n{status}\n{self.log()[-6000:]}"

    def process(self, unit="scramd"):
        """The number of its main process inside, 0 for none."""
        return int(self.shown(unit, "MainPID"))

    def signal(self, number, unit="scramd"):
        self.do("kill", f"-{signal.Signals(number).name.removeprefix('SIG')}", self.process(unit))


def own_cgroup(name):
    """A control group for the machine, so that it sees and ends no other's; None where there can be none."""
    mounts = pathlib.Path("/proc/self/mountinfo").read_text()
    mounted = re.search(r"^\S+ \S+ \S+ \S+ (\S+) .* - cgroup2 ", mounts, re.MULTILINE)
    ours = re.search(r"^0::(.*)$", pathlib.Path("/proc/self/cgroup").read_text(), re.MULTILINE)
    if mounted is None or ours is None:
        return None
    folder = pathlib.Path(mounted[1] + ours[1]) / f"scramd-test-{name}"
    try:
        folder.mkdir(exist_ok=True)
    except OSError:
        return None
    return folder


def remove_cgroup(folder):
    """Once nobody is left in it, which is soon after the machine's first process ended."""
    if folder is None:
        return

    def gone():
        inner = [pathlib.Path(path) for path, _, _ in os.walk(folder, topdown=False)]
        try:
            for one in inner:
                one.rmdir()
        except OSError:
            return False
        return True

    eventually(gone, f"{folder} is empty")
