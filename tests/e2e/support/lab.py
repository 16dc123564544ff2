"""A lab: the simulated exchange, scramd and sources as real processes in a folder of their own."""
import ctypes
import http.client
import json
import os
import pathlib
import random
import shutil
import signal
import socket
import subprocess
import tempfile
import threading

from peers import Control, Refused, RingSource, Source, as_user  # noqa: F401: a test takes all from here
from texts import DELTA_RULE, account_texts, rule, write_credentials  # noqa: F401: a test takes all from here
from waiting import PATIENCE, eventually, let_write, ms

ROOT = pathlib.Path(__file__).resolve().parents[3]
BUILD = pathlib.Path(os.environ.get("SCRAM_BUILD", ROOT / "build/dev")).resolve()
BIN = BUILD / "bin"
IS_SANITIZED = any(line[:22] == "SCRAM_SANITIZE:STRING=" and line[22:] for line in
                   (BUILD / "CMakeCache.txt").read_text().splitlines())
LIBC = ctypes.CDLL(None)


def pki(hosts=()):
    """Certificates, made once per build and kept with it."""
    folder = BUILD / "pki"
    if not (folder / "server.pem").exists():
        script = ROOT / "tests/exchange/make_pki.sh"
        subprocess.run([script, folder, *hosts], check=True, capture_output=True)
    return folder


def free_port():
    """A port below those that the kernel gives out by itself, so that it stays free for a restart."""
    while True:
        port = random.SystemRandom().randrange(20000, 32000)
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) != 0:
                return port


class Process:
    """A child whose stderr goes to a file, ended with the lab."""

    dies_by = signal.SIGKILL  # if the test dies before it

    def __init__(self, command, log, **options):
        self.log_path = log
        with open(log, "ab") as stderr:
            self.process = subprocess.Popen([str(c) for c in command], stderr=stderr,
                                            preexec_fn=self.die_with_parent, **options)

    def die_with_parent(self):
        LIBC.prctl(1, self.dies_by)  # PR_SET_PDEATHSIG

    def log(self):
        let_write(self.process)
        return self.log_path.read_text(errors="replace")

    def await_log(self, text, timeout=30.0):
        eventually(lambda: text in self.log(), lambda: f"'{text}' in the log:\n{self.log()}", timeout)

    def stop(self, number=signal.SIGTERM):
        """Ends it, if it has not ended; returns its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        try:
            return self.process.wait(10 * PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise AssertionError(f"{self.process.args[0]} does not end:\n{self.log()}") from None
        finally:
            if self.process.stdout:
                self.process.stdout.close()

    def ended(self, timeout=30.0):
        """Its exit code, once it has ended by itself."""
        return self.process.wait(timeout * PATIENCE)


class Sim(Process):
    """okxsim, and its admin side."""

    def __init__(self, folder, accounts, *arguments, cert="server", listen="127.0.0.1:0", keys=None, families=()):
        listed = f"families = {json.dumps(families)}\n" if families else ""
        bound_to = "127.0.0.1" if listen.startswith("127.0.0.1:") else None
        (folder / "accounts.toml").write_text(listed + account_texts(accounts, bound_to))
        keys = keys or pki()
        super().__init__(
            [BIN / "okxsim", "--cert", keys / f"{cert}.pem", "--key", keys / f"{cert}.key", "--accounts",
             folder / "accounts.toml", "--listen", listen, *arguments],
            folder / "okxsim.log", stdout=subprocess.PIPE)
        first_line = self.process.stdout.readline()
        if not first_line:
            raise AssertionError(f"okxsim does not start:\n{self.log()}")
        ports = json.loads(first_line)
        self.port, self.admin = ports["https"], ports["admin"]

    def ask(self, method, path, body=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.admin, timeout=10 * PATIENCE)
        try:
            text = None if body is None else json.dumps(body)
            connection.request(method, path, text, {"Content-Type": "application/json"})
            answer = connection.getresponse()
            data = answer.read()
            if answer.status != 200:
                raise AssertionError(f"okxsim {path}: {answer.status} {data!r}")
            return json.loads(data)
        finally:
            connection.close()

    def state(self):
        return self.ask("GET", "/sim/state")

    def fault(self, kind, on="mass-cancel", **more):
        self.ask("POST", "/sim/fault", {"on": on, "kind": kind, **more})

    def clear_faults(self):
        self.ask("POST", "/sim/fault", {"clear": True})

    def clock(self, offset_ms):
        self.ask("POST", "/sim/clock", {"offset_ms": offset_ms})

    def drop(self):
        self.ask("POST", "/sim/drop", {})

    def quote(self, family, count=10, account="mm-1", kind="mmp"):
        """Rests `count` orders of a family; returns their answers."""
        orders = [{"instId": f"{family}-261225-{50000 + 1000 * i}-C", "ordType": kind, "side": "buy",
                   "px": "0.01", "sz": "1"} for i in range(count)]
        return self.ask("POST", "/sim/orders", {"account": account, "orders": orders})["results"]

    def family(self, family, account="mm-1"):
        empty = {"mmp": 0, "plain": 0, "mass_cancelled": 0, "lock_left_ms": 0}
        return self.state()["accounts"][account]["families"].get(family, empty)

    def cancels(self, account="mm-1"):
        return self.state()["accounts"][account]["mass_cancel"]

    def check_budget(self):
        """No window of 2 s, of either kind, ever had more than the 5 requests that OKX allows."""
        for name, account in self.state()["accounts"].items():
            counted = account["mass_cancel"]
            worst = max(counted["window_max_sliding"], counted["window_max_fixed"])
            if worst > 5:
                raise AssertionError(f"{worst} mass-cancels in 2 s of account {name}: {counted}")


def config_text(folder, port, accounts=("mm-1",), families=("mm-1/BTC-USD", "mm-1/ETH-USD"), rules="",
                sources=("maker-1",), host="localhost", ca_file=None, exchange="", more="", account_keys="",
                metrics='["delta", "pnl", "vega"]', family_keys="", journal_keys=""):
    """A config for a lab; `rules`, `exchange`, `more` and `..._keys` are TOML text. `host` is one name, or a list.
    A source is a name, or a name, the families that it may publish for, and further keys."""
    ca_file = pki() / "ca.pem" if ca_file is None else ca_file
    warn = "" if "readable_credentials" in more else 'readable_credentials = "warn"'
    text = f"""metrics = {metrics}
{warn}
{more}
[exchange]
{"host" if isinstance(host, str) else "hosts"} = {json.dumps(host)}
port = {port}
ca_file = "{ca_file}"
reconnect_max_ms = 200
{exchange}
[paths]
signals = "{folder}/signals.sock"
control = "{folder}/control.sock"
[journal]
directory = "{folder}/journal"
{journal_keys}
"""
    for name in accounts:
        text += f'[[account]]\nname = "{name}"\ncredentials = "{name}.credentials"\n{account_keys}\n'
    for name in families:
        text += f'[[family]]\nname = "{name}"\n{family_keys}\n'
    for source in sources:
        name, families, *keys = (source, ["*"]) if isinstance(source, str) else source
        text += "\n".join([f'[[source]]\nname = "{name}"\nfamilies = {json.dumps(families)}', *keys, ""])
    return text + rules


class Scramd(Process):
    """The daemon under test, and scramctl."""

    def __init__(self, folder, config, *arguments, accounts=("mm-1",), env=None, log="scramd.log", inside=()):
        """`inside`: the words of a command that runs scramd, such as unshare."""
        self.folder = folder
        self.config = folder / "scramd.toml"
        self.config.write_text(config)
        for name in accounts:
            if not (folder / f"{name}.credentials").exists():
                write_credentials(folder, name)
        super().__init__([*inside, BIN / "scramd", "--config", self.config, *arguments], folder / log,
                         env={**os.environ, **(env or {})})

    def ctl(self, *arguments, **options):
        """Runs scramctl; returns its exit code, stdout and stderr."""
        done = subprocess.run(ctl_command(self.folder, *arguments), capture_output=True, text=True,
                              timeout=60 * PATIENCE, **options)
        return done.returncode, done.stdout, done.stderr

    def trips(self):
        """The trips that latched what is latched: what an operator looks at before arming."""
        return sorted({f["trip"] for f in self.status()["families"] if f["gate"] == "closed"})

    def rearm(self, target, reason, *options):
        """Runs scramctl rearm, naming every trip; returns its exit code, stdout and stderr."""
        trips = ",".join(str(t) for t in self.trips())
        return self.ctl("rearm", target, "--reason", reason, *(["--trip", trips] if trips else []), *options)

    def ask(self, op, **fields):
        with Control(self.folder) as control:
            return control.ask(op, **fields)

    def status(self):
        answer = self.ask("status")
        if not answer["ok"]:
            raise AssertionError(f"status: {answer}\n{self.log()}")
        return answer

    def family(self, name):
        return next(f for f in self.status()["families"] if f["name"] == name)

    def value(self, family, metric):
        """The sum over sources."""
        return next(v for v in self.status()["values"] if v["family"] == family)["sums"][metric]

    def links(self):
        return [link for account in self.status()["accounts"] for link in account["links"]]

    def await_ready(self, links=5, despite=()):
        """`despite`: reasons for which a breach would cancel nothing, and that the test is about."""
        def ready():
            if self.process.poll() is not None:
                raise AssertionError(f"scramd ended with {self.process.returncode}:\n{self.log()}")
            try:
                status = self.status()
            except OSError:  # not listening yet
                return False
            phases = [link["phase"] for a in status["accounts"] for link in a["links"]]
            reasons = {r["reason_code"] for r in status["not_ready_reasons"]}
            fires = status["fires"] or (despite and not reasons & ({"links", "signatures", "refused"} - set(despite)))
            return fires and sum(phase != "down" for phase in phases) >= links

        eventually(ready, lambda: f"scramd ready with {links} links:\n{self.log()}", 20)
        return self

    def await_state(self, family, state, timeout=30.0):
        """What is verified was accepted."""
        reached = {state, "verified"} if state == "accepted" else {state}
        eventually(lambda: self.family(family)["state"] in reached,
                   lambda: f"{family} {state}; it is {self.family(family)}\n{self.log()}", timeout)

    def await_value(self, family, metric, value):
        eventually(lambda: self.value(family, metric) == value,
                   lambda: f"{metric} of {family} is {value}; {self.status()['values']}")

    def reload(self, config):
        self.config.write_text(config)
        self.process.send_signal(signal.SIGHUP)


def remove_at_once(folder):
    """While scramd may be writing into it: nobody who looks for it by name sees half of it gone."""
    gone = folder.with_name(folder.name + ".gone")
    folder.rename(gone)
    shutil.rmtree(gone, ignore_errors=True)


def ctl_command(folder, *arguments):
    command = [str(BIN / "scramctl"), *[str(a) for a in arguments]]
    if arguments[0] == "publish":
        return command[:2] + ["--signals", str(folder / "signals.sock")] + command[2:]
    if arguments[0] in ("status", "top", "ready", "watch", "trip", "rearm", "reload", "latency", "receipt", "receipts",
                        "dead-man", "drill"):
        return command + ["--socket", str(folder / "control.sock")]
    return command


class Watch(Process):
    """`scramctl watch --json`, its events gathered as they come."""

    def __init__(self, daemon):
        self.seen = []
        super().__init__(ctl_command(daemon.folder, "watch", "--json"), daemon.folder / "watch.log",
                         stdout=subprocess.PIPE, text=True)
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()

    def read(self):
        for line in self.process.stdout:
            self.seen.append(json.loads(line))

    def all(self, kind, **fields):
        wanted = {"event": kind, **fields}.items()
        return [event for event in list(self.seen) if wanted <= event.items()]

    def wait(self, kind, **fields):
        eventually(lambda: self.all(kind, **fields), lambda: f"event {kind} {fields} in {self.seen}")
        return self.all(kind, **fields)[0]

    def stop(self, number=signal.SIGTERM):
        if self.process.poll() is None:
            self.process.send_signal(number)
        self.reader.join(10 * PATIENCE)
        return super().stop(number)


class Lab:
    """A folder, an okxsim and a scramd in it; all ended with it.

    A test that passes has also shown that scramd ended in peace and that the exchange never counted too many
    requests. A test that fails tells the logs.
    """

    def __init__(self, accounts=("mm-1",), sim_accounts=None, sim=(), cert="server", listen="127.0.0.1:0",
                 families=()):
        """`families`: all that the exchange has, and lists; by default any, and it has no list of them."""
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="scram-"))
        self.accounts = accounts
        self.children = []
        self.sources = []  # kept: a source that nobody holds any more vanishes
        self.sim_accounts = sim_accounts or {name: "" for name in accounts}
        self.sim_arguments, self.cert, self.sim_families = sim, cert, families
        self.sim = self.start_sim(listen)

    def start_sim(self, listen):
        return self.add(Sim(self.folder, self.sim_accounts, *self.sim_arguments, cert=self.cert, listen=listen,
                            families=self.sim_families))

    def add(self, child):
        self.children.append(child)
        return child

    def restart_sim(self):
        """A new exchange at the old one's address; the old one, if it runs, is killed."""
        self.sim.stop(signal.SIGKILL)
        self.sim = self.start_sim(f"127.0.0.1:{self.sim.port}")

    def scramd(self, rules=DELTA_RULE, arguments=(), env=None, inside=(), **config):
        text = self.config(rules, **config)
        return self.add(Scramd(self.folder, text, *arguments, accounts=self.accounts, env=env, inside=inside))

    def source(self, name="maker-1"):
        self.sources.append(Source(self.folder, name))
        return self.sources[-1]

    def ring_source(self, name="maker-1"):
        self.sources.append(RingSource(self.folder, name))
        return self.sources[-1]

    def watch(self, daemon):
        return self.add(Watch(daemon))

    def config(self, rules=DELTA_RULE, **more):
        port = more.pop("port", self.sim.port)
        return config_text(self.folder, port, accounts=self.accounts, rules=rules, **more)

    def __enter__(self):
        return self

    def __exit__(self, _, error, __):
        try:
            if error is None and self.sim.process.poll() is None:
                self.sim.check_budget()
            self.end_children(error is None)
            for source in self.sources:
                source.vanish()
        except AssertionError as fault:
            error = fault
            raise
        finally:
            if error is not None:
                error.add_note(self.logs())
            shutil.rmtree(self.folder, ignore_errors=True)

    def end_children(self, demand_peace):
        for child in reversed(self.children):
            had_ended = child.process.poll() is not None
            code = child.stop()
            crashed = code < 0 if had_ended else code != 0
            if demand_peace and isinstance(child, Scramd) and crashed and code != -signal.SIGKILL:
                raise AssertionError(f"scramd ended with {code}")

    def logs(self):
        return "".join(f"---- {path.name}\n{path.read_text(errors='replace')[-6000:]}\n"
                       for path in sorted(self.folder.glob("*.log")))
