"""The image that the Dockerfile makes, and containers of it: by buildah and podman, with a storage of the tests' own.

What runs does so in namespaces (pid, mount), and ends with the process that made them, however that ends.
"""
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import unittest

from lab import LIBC, ROOT
from machine import SEARCH, need
from waiting import PATIENCE, eventually

WORK = ROOT / "build/system"
PACKAGES = WORK / "packages"  # that the image's first stage made
STORAGE = ("--root", WORK / "containers/storage", "--runroot", WORK / "containers/run", "--storage-driver", "overlay")
BASE = "docker.io/library/debian:bookworm-slim"
IMAGE = "localhost/scramd-test"
BUILD = ("buildah", *STORAGE, "build", "--pull-never", "--format", "docker", "--layers", "--isolation", "chroot",
         "--network", "host", "--build-arg", "SOURCE_DATE_EPOCH")  # as ./dev package says it
# The container's own privileges as docs/operator.md says; a test box has neither a systemd for the health check's
# timer nor the rights for limits.
RUN = ("--network", "host", "--read-only", "--cap-drop", "all", "--security-opt", "no-new-privileges",
       "--cgroups", "disabled", "--no-healthcheck", "--ulimit", "nofile=4096:4096", "--ulimit", "nproc=4096:4096")


def version():
    """The image is built where no .git is: its packages get the version of those beside it."""
    made = next(iter(pathlib.Path(os.environ["SCRAM_PACKAGES"]).glob("scramd_*.deb")))
    return "--build-arg", f"SCRAM_VERSION={made.name.split('_')[1].rsplit('-', 1)[0]}"


# A process and its mounts, which end with it.
CELL = ("unshare", "--fork", "--kill-child", "--pid", "--mount", "--mount-proc", "--propagation", "private")


def die_with_parent():
    LIBC.prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG


def told(*command, **options):
    done = subprocess.run([*CELL, *[str(word) for word in command]], capture_output=True, text=True,
                          preexec_fn=die_with_parent, **options)
    if done.returncode != 0:
        raise AssertionError(f"{command} ended with {done.returncode}: {done.stdout[-3000:]}{done.stderr[-3000:]}")
    return done.stdout


unusable = "the image was not asked for"  # why there is none; empty: there is one


def prepare_if(wanted):
    """The image; takes the network, and minutes when something has changed."""
    global unusable
    try:
        if wanted:
            prepare()
            unusable = ""
    except unittest.SkipTest as why:
        unusable = str(why)


def prepare():
    need("debootstrap", "buildah", "podman", "unshare", "nsenter")
    if subprocess.run(["podman", *STORAGE, "image", "exists", BASE]).returncode != 0:
        import_base()
    try:
        told(*BUILD, *version(), "-t", IMAGE, ROOT)
    except AssertionError as error:
        if re.search(r"Temporary failure resolving|Unable to fetch|Could not connect", str(error)):
            raise unittest.SkipTest("the image's packages cannot be downloaded") from error
        raise
    shutil.rmtree(PACKAGES, ignore_errors=True)
    told(*BUILD, *version(), "--target", "packages", "--output", f"type=local,dest={PACKAGES}", ROOT)


def import_base():
    """The image that the Dockerfile begins with, from the distribution's own packages: no registry."""
    folder = WORK / "bookworm"
    shutil.rmtree(folder, ignore_errors=True)
    made = subprocess.run(["debootstrap", "--variant=minbase", "bookworm", folder], capture_output=True, text=True,
                          env={**os.environ, "PATH": SEARCH})
    if made.returncode != 0:
        raise unittest.SkipTest(f"debootstrap cannot make a system: {made.stdout[-300:]}")
    with subprocess.Popen(["tar", "-C", folder, "-c", "."], stdout=subprocess.PIPE) as tar:
        told("podman", *STORAGE, "import", "-", BASE, stdin=tar.stdout)
    shutil.rmtree(folder)


class Containers:
    """`with Containers() as these`: these.podman("run", ...). The storage is shared by all."""

    def __enter__(self):
        begin = "mountpoint -q /sys/fs/cgroup && umount -R /sys/fs/cgroup; mount -t cgroup2 cgroup2 /sys/fs/cgroup; "
        self.process = subprocess.Popen(
            [*CELL, "sh", "-c", begin + "exec sleep infinity"], preexec_fn=die_with_parent)
        eventually(lambda: self.first() and comm(self.first()) == "sleep\n", "a shell")
        return self

    def first(self):
        return pathlib.Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().strip()

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()

    def podman(self, *arguments):
        command = ["nsenter", "-t", self.first(), "-m", "-p", "podman", "--cgroup-manager", "cgroupfs", *STORAGE,
                   *arguments]
        return subprocess.run([str(word) for word in command], capture_output=True, text=True, timeout=60 * PATIENCE)


def comm(process):
    return pathlib.Path(f"/proc/{process}/comm").read_text()


def health_command():
    """The words of the image's HEALTHCHECK."""
    return json.loads(told("podman", *STORAGE, "image", "inspect", IMAGE))[0]["Healthcheck"]["Test"][1:]
