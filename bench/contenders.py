"""Who is measured, and how each is brought into the state that a cycle starts from."""
import contextlib
import json
import os
import signal
import socket
import subprocess
import threading
import time

from lab import BIN, Process, config_text, rule, write_credentials
from peers import Control
from stage import Worker
from waiting import eventually

ACCOUNTS = 16
FAMILIES = 5 * ACCOUNTS  # what one window's budget can cancel
LINKS = 2                # of an account
PULLS = 2 * ACCOUNTS     # of a batch: one by each link
BATCHES = 2              # so 64 of a window's 80 cancels; the 16 others are for pulls after a gap
PITCH_US = 100
SETTLED = 0.5            # s from arming to the next pull, at least: orders are read, files written


def cycle_words(pitch_us=PITCH_US, batches=BATCHES, pulls=PULLS, gaps=()):
    return [pitch_us, batches, pulls, *gaps]


class Framed:
    """How many requests of all turns left as frames, and why others did not."""

    def __init__(self):
        self.sent, self.not_sent, self.before = 0, {}, None

    def begin(self, count):
        self.before = count

    def end(self, count):
        self.sent += count["sent"] - self.before["sent"]
        for why, times in count["not_sent"].items():
            new = times - self.before["not_sent"].get(why, 0)
            if new:
                self.not_sent[why] = self.not_sent.get(why, 0) + new

    def text(self):
        return f"{self.sent} frames" + "".join(f", {n} without ({why})" for why, n in sorted(self.not_sent.items()))


class Floor:
    """Ready bytes, one send()."""

    wires = 1          # packets that belong to one trigger
    bytes_least = 300  # of TCP payload in such a packet

    def __init__(self, stage, rig, name, kind="floor", connections=ACCOUNTS * LINKS, **shape):
        self.name, self.rig, self.port, self.shape = name, rig, stage.sink_port, shape
        self.framed = Framed() if kind == "framing-floor" else None
        rig.ask(kind, name, stage.host, self.port, connections)

    def begin(self):
        """Its turn begins."""
        if self.framed:
            self.framed.begin(self.rig.ask("frames", self.name))

    def end(self):
        """Its turn is over."""
        if self.framed:
            self.framed.end(self.rig.ask("frames", self.name))

    def cycle(self, gaps=()):
        return self.rig.ask("cycle", self.name, self.port, self.bytes_least, self.wires,
                            *cycle_words(**self.shape, gaps=gaps))


class Bot(Floor):
    """bot.cpp, on as many connections as scramd has."""

    def __init__(self, stage, rig, name):
        self.name, self.rig, self.port, self.shape, self.framed = name, rig, stage.port, {}, None
        socket = stage.folder / f"{name}.sock"
        stage.add(Worker(name, [
            BIN / "scram_bench_bot", stage.host, stage.port, stage.ca_file, socket, f"fake-key-{name}",
            f"fake-secret-{name}", f"fake-pass-{name}", ACCOUNTS * LINKS, stage.client_cpu], stage.folder))
        rig.ask("bot", name, socket, FAMILIES)


# As if a service manager watched it, which would have the patience: else scramd's own keeper ends who is stopped.
NOBODY_ENDS_IT = {"WATCHDOG_USEC": "1000000"}


class Daemon(Process):
    """A scramd that may stand still when it is ended."""

    def stop(self, number=signal.SIGTERM):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGCONT)
        return super().stop(number)


class Scramd(Floor):
    """The daemon, with the rig as its only maker. It stands still while others have their turn.

    Its families are named in the order in which they are pulled: the first of every account, the second of
    every account, and so on. So a batch goes out by as many connections as it has pulls. No lock is asked for
    at the exchange, so that arming again costs none of the budget.
    """

    bytes_least = 400  # rehearsals and reads of what orders are left have less

    def __init__(self, stage, rig, name, wait="spin", wire=(), accounts=ACCOUNTS, families=FAMILIES, links=LINKS,
                 idle_rules=0, burst=False, rehearse_ms=300_000, resign_ms=1000, window=2.1, **shape):
        self.name, self.rig, self.port, self.shape = name, rig, stage.port, shape
        self.links, self.window, self.fired = accounts * links, window, 0.0
        self.framed = Framed() if "frames = true" in wire else None
        self.sleeps = wait == "sleep"
        self.wires = families // accounts if burst else 1
        self.folder = stage.folder / name
        self.folder.mkdir()
        (stage.disk / name).mkdir()
        self.accounts = account_names(name, accounts)
        self.families = [f"{self.accounts[f % accounts]}/F{f // accounts}-USD" for f in range(families)]
        self.pulled = self.families[:accounts] if burst else self.families
        for account in self.accounts:
            write_credentials(self.folder, account)
        config = self.folder / "scramd.toml"
        config.write_text(self.config(stage, links, self.rules(idle_rules, burst), f"""wait = "{wait}"
cpu = {stage.client_cpu}
[timings]
rehearse_every_ms = {rehearse_ms}
hedge_min_ms = 2000
answer_timeout_ms = 10000
[wire]
""" + "\n".join(wire), f"resign_every_ms = {resign_ms}"))
        if not wire:
            config.write_text(config.read_text().replace("[wire]\n", ""))
        self.child = stage.add(Daemon([BIN / "scramd", "--config", config], stage.folder / f"{name}.log",
                                      env=os.environ | NOBODY_ENDS_IT))

    def config(self, stage, links, rules, more, exchange):
        text = config_text(
            self.folder, stage.port, accounts=self.accounts, families=self.families, host=stage.host,
            ca_file=stage.ca_file, rules=rules, family_keys="lock_ms = 0", account_keys=f"links = {links}",
            exchange=exchange, metrics='["delta"]', more=more)
        return text.replace(f'"{self.folder}/journal"', f'"{stage.disk / self.name}/journal"')

    def rules(self, idle, burst):
        """The one that fires; and `idle` others, looked at for each signal of a family and never breached."""
        text = "".join(rule(f"idle-{r}", "limit", metric="delta", beyond=1000 + r,
                            families=[self.families[r % len(self.families)]]) for r in range(idle))
        if not burst:
            return text + rule("delta", "limit", metric="delta", beyond=25)
        return "".join(rule(account, "limit", metric="delta", beyond=25, families=[f"{account}/F0-USD"],
                            kills=[f"{account}/*"]) for account in self.accounts)

    def await_links(self):
        def up():
            if self.child.process.poll() is not None:
                raise RuntimeError(f"scramd ended:\n{self.child.log()}")
            try:
                accounts = self.control("status")["accounts"]
            except OSError:  # not listening yet
                return False
            return sum(link["phase"] != "down" for a in accounts for link in a["links"]) == self.links

        eventually(up, lambda: f"{self.name}: {self.links} links up:\n{self.child.log()}", 60)
        self.rig.ask("maker", self.name, self.folder / "signals.sock", "maker-1", *self.pulled)

    def control(self, op, **fields):
        with Control(self.folder) as control:
            return control.ask(op, **fields)

    def begin(self):
        self.child.process.send_signal(signal.SIGCONT)
        set_urgent(self.child.process.pid, True, self.sleeps)
        time.sleep(0.3)
        if self.framed:
            self.framed.begin(self.frames())

    def end(self):
        if self.framed and self.framed.before:
            self.framed.end(self.frames())
        set_urgent(self.child.process.pid, False, self.sleeps)
        self.child.process.send_signal(signal.SIGSTOP)

    def frames(self):
        return self.control("status").get("frames", {"sent": 0, "not_sent": {}})

    def cycle(self, gaps=()):
        """Armed, and with a budget for the batches; then the pulls. Those after gaps go to each account in turn, so
        that it has its slot for the next one back before."""
        time.sleep(max(SETTLED, self.fired + self.window - time.monotonic()))
        answer = super().cycle(gaps)
        self.fired = time.monotonic() - sum(gaps) / 1000
        self.arm()
        return answer

    def arm(self):
        def latched():
            return [f for f in self.control("status")["families"] if f["gate"] == "closed"]

        def accepted():
            families = latched()
            return all(f["state"] in ("accepted", "verified") for f in families) and families

        self.rig.ask("calm", self.name)
        families = eventually(accepted, lambda: f"{self.name}: all accepted: {latched()}", 20)
        trips = sorted({f["trip"] for f in families})
        eventually(lambda: self.control("rearm", target="all", trips=trips, reason="bench")["ok"],
                   lambda: f"{self.name}: armed again: {latched()}")


class Watched(Scramd):
    """The same with all that stands beside the way of a kill: signals are recorded, and the exporter is asked each
    second (the status page is always written)."""

    def __init__(self, stage, rig, name, **more):
        super().__init__(stage, rig, name, **more)
        self.place, self.has_turn = self.folder / "exporter.sock", threading.Event()
        stage.add(Process([BIN / "scramd-exporter", "--page", self.folder / "control.sock.status", "--listen",
                           f"unix:{self.place}"], stage.folder / f"{name}.exporter.log"))
        self.asked = 0
        threading.Thread(target=self.ask_each_second, daemon=True).start()

    def config(self, *of):
        return super().config(*of) + f'\n[recording]\ndirectory = "{self.folder / "recording"}"\n'

    def begin(self):
        super().begin()
        self.has_turn.set()

    def end(self):
        self.has_turn.clear()
        super().end()

    def ask_each_second(self):
        while True:
            self.has_turn.wait()
            with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as peer:
                peer.settimeout(5)
                peer.connect(str(self.place))
                peer.sendall(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n")
                self.asked += b" 200 " in peer.makefile("rb").read().split(b"\r\n", 1)[0]
            time.sleep(1)


def account_names(name, accounts=ACCOUNTS):
    return [f"{name}-{a}" for a in range(accounts)]


def set_urgent(pid, on, sleeps=False):
    """While it has its turn, others of this machine get next to nothing of its core. SCHED_FIFO is for who sleeps
    (the unit's examples/fifo.conf): from who spins there the kernel takes the core, for 50 ms of each second, as
    soon as a worker of its own waits for it."""
    with contextlib.suppress(PermissionError):  # the report says so
        ask_urgency(pid, on, sleeps)


def ask_urgency(pid, on, sleeps):
    if sleeps:
        os.sched_setscheduler(pid, os.SCHED_FIFO if on else os.SCHED_OTHER, os.sched_param(50 if on else 0))
    else:
        os.setpriority(os.PRIO_PROCESS, pid, -20 if on else 0)


def may_be_urgent():
    child = subprocess.Popen(["sleep", "9"])
    try:
        for sleeps in (False, True):
            ask_urgency(child.pid, True, sleeps)
        return True
    except PermissionError:
        return False
    finally:
        child.kill()
        child.wait()


class Npm:
    """A client from npm, in node, which takes the time itself right before it calls the client."""

    wires, framed = 1, None

    def __init__(self, stage, rig, name, folder, calls):
        self.name, self.rig, self.port = name, rig, stage.port
        self.calls, self.folder, self.stage, self.child = calls, folder, stage, None

    def begin(self):
        """Node starts with its first turn, in which it also warms up."""
        if self.child is None:
            self.child = self.stage.add(Process(
                ["taskset", "--cpu-list", str(self.stage.client_cpu), "node", self.folder / "npm_clients.mjs",
                 self.name, self.stage.host, self.stage.port], self.stage.folder / f"{self.name}.log",
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                env={**os.environ, "NODE_EXTRA_CA_CERTS": str(self.stage.ca_file)}))
            self.call(3 * self.calls)
        set_urgent(self.child.process.pid, True)

    def end(self):
        set_urgent(self.child.process.pid, False)

    def call(self, times):
        pipe = self.child.process
        pipe.stdin.write(f"{times}\n")
        pipe.stdin.flush()
        line = pipe.stdout.readline()
        if not line:
            raise RuntimeError(f"{self.name} ended:\n{self.child.log()}")
        return json.loads(line)

    def cycle(self, _=()):
        self.rig.ask("clear", self.port)
        answer = self.rig.ask("match", self.port, *self.call(self.calls))
        if answer["connections"] > self.calls // 10:
            raise RuntimeError(f"{self.name} does not keep its connections: {answer['connections']} were used")
        return answer


def accepts(stage, *wire):
    """Whether this scramd knows these keys of [wire]."""
    folder = stage.folder / "probe"
    folder.mkdir(exist_ok=True)
    write_credentials(folder, "mm-1")
    text = config_text(folder, 443, ca_file=stage.ca_file, rules=rule("d", "limit", metric="delta", beyond=1))
    (folder / "scramd.toml").write_text(text + "\n[wire]\n" + "\n".join(wire) + "\n")
    done = subprocess.run([BIN / "scramd", "--check", "--config", folder / "scramd.toml"], capture_output=True)
    return done.returncode == 0
