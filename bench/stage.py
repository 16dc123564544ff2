"""Where the bench runs: two networks joined by a link like a network card's, an exchange in the far one.

The near network is this process's own (and its children's), without a name, as is the far one: both end with
the processes in them, however those end. Nothing outside is touched.
"""
import contextlib
import json
import os
import pathlib
import shutil
import subprocess
import tempfile

from lab import BIN, LIBC, ROOT, Process, account_texts

CLONE_NEWNET = 0x40000000
IN_MEMORY = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
NEAR, FAR = "10.77.0.1", "10.77.0.2"


def cpus():
    """Where the client runs, and where everything else does."""
    usable = sorted(os.sched_getaffinity(0))
    return usable[0], usable[-1]


def own_folder(parent=None):
    return pathlib.Path(tempfile.mkdtemp(prefix="scram-bench-", dir=parent))


def ip(*words, of=None):
    inside = ["nsenter", f"--net=/proc/{of}/ns/net"] if of else []
    subprocess.run([*inside, "ip", *words], check=True, capture_output=True)


class Worker(Process):
    """A child that says a first line when it is ready."""

    def __init__(self, name, command, folder):
        super().__init__(command, folder / f"{name}.log", stdout=subprocess.PIPE, text=True)
        self.first_line = self.process.stdout.readline().strip()
        if not self.first_line:
            raise SystemExit(f"bench: {name} does not start:\n{self.log()}")


class Stage:
    """`kind` is the link's: "tun", "veth" or "loopback"; `why` says why it is not a better one."""

    def __init__(self, link, account_names):
        self.folder = own_folder(IN_MEMORY)  # as /run is
        self.disk = own_folder()
        self.client_cpu, self.other_cpu = cpus()
        self.children = []
        self.why = ""
        os.sched_setaffinity(0, {self.other_cpu})  # children too; the clients then take their own core
        self.kind = self.join(link)
        self.start_exchange(account_names)

    # ---- the link

    def join(self, wanted):
        kinds = {"tun": self.join_tun, "veth": self.join_veth}
        if wanted == "loopback":
            return self.loop("asked for")
        if os.geteuid() != 0:
            return self.loop("networks of one's own want root")
        missing = [tool for tool in ("ip", "nsenter", "unshare") if not shutil.which(tool)]
        if missing or LIBC.unshare(CLONE_NEWNET) != 0:
            return self.loop(f"{', '.join(missing) or 'a network namespace'} cannot be had")
        ip("link", "set", "lo", "up")
        for kind in [wanted] if wanted else kinds:
            with contextlib.suppress(subprocess.CalledProcessError, SystemExit):
                self.sink = self.far_sink()
                kinds[kind]()
                return kind
            self.why += f"{kind} cannot be had; "
        return self.loop(self.why)

    def far_sink(self):
        """It holds the far network, and hears the floor."""
        sink = self.worker("sink", "sink", "0.0.0.0", inside=["unshare", "--net"])
        ip("link", "set", "lo", "up", of=sink.process.pid)
        return sink

    def join_tun(self):
        self.worker("forward", "forward", str(self.sink.process.pid))
        self.address("wire")

    def join_veth(self):
        ip("link", "add", "wire", "type", "veth", "peer", "name", "wire", "netns", str(self.sink.process.pid))
        self.address("wire")

    def address(self, device):
        for address, peer, pid in ((NEAR, FAR, None), (FAR, NEAR, self.sink.process.pid)):
            ip("addr", "add", address, "peer", peer, "dev", device, of=pid)
            ip("link", "set", device, "up", of=pid)
        self.device, self.host = device, FAR
        self.inside_far = ["nsenter", f"--net=/proc/{self.sink.process.pid}/ns/net"]

    def loop(self, why):
        self.why = why
        self.sink = self.worker("sink", "sink", "127.0.0.1")
        self.device, self.host, self.inside_far = "lo", "127.0.0.1", []
        return "loopback"

    @property
    def shows_frames(self):
        """Whether the tap listens in the far network, and so sees what passes no tap on its way out."""
        return self.kind == "veth"

    # ---- who is on it

    def worker(self, name, *words, inside=()):
        return self.add(Worker(name, [*inside, BIN / "scram_bench_wire", *words], self.folder))

    def add(self, child):
        self.children.append(child)
        return child

    @property
    def sink_port(self):
        return int(self.sink.first_line)

    def start_exchange(self, account_names):
        keys = self.folder / "pki"
        subprocess.run([ROOT / "tests/exchange/make_pki.sh", keys, self.host], check=True, capture_output=True)
        self.ca_file = keys / "ca.pem"
        (self.folder / "accounts.toml").write_text(account_texts({name: "" for name in account_names}))
        self.exchange = self.add(Worker("okxsim", [
            *self.inside_far, BIN / "okxsim", "--cert", keys / "server.pem", "--key", keys / "server.key",
            "--accounts", self.folder / "accounts.toml", "--listen", f"{self.host}:0"], self.folder))
        self.port = json.loads(self.exchange.first_line)["https"]

    def __enter__(self):
        return self

    def __exit__(self, _, error, __):
        for child in reversed(self.children):
            with contextlib.suppress(AssertionError):
                child.stop()
        if error is not None and isinstance(error, Exception):
            for path in sorted(self.folder.glob("*.log")):
                print(f"---- {path.name}\n{path.read_text(errors='replace')[-3000:]}")
        for folder in (self.folder, self.disk):
            shutil.rmtree(folder, ignore_errors=True)


class Rig:
    """The process that pulls the triggers and reads the tap."""

    def __init__(self, stage):
        self.stage = stage
        far = [str(stage.sink.process.pid)] if stage.shows_frames else []
        self.child = stage.add(Process(
            [BIN / "scram_bench_rig", stage.device, str(stage.client_cpu), str(stage.other_cpu), *far],
            stage.folder / "rig.log", stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True))

    def ask(self, *words):
        pipe = self.child.process
        with contextlib.suppress(BrokenPipeError):
            pipe.stdin.write(" ".join(str(word) for word in words) + "\n")
            pipe.stdin.flush()
        line = pipe.stdout.readline()
        if not line:
            raise RuntimeError(f"the rig ended at '{words[0]} {words[1]}': {self.child.log()}")
        answer = json.loads(line)
        if not answer["ok"]:
            raise RuntimeError(f"the rig, at '{words[0]} {words[1]}': {answer['error']}")
        return answer
