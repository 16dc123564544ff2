"""nginx and haproxy from the distribution, as reverse proxies with TLS between scramd and okxsim.

What both have to show is here, in BehindProxy; nginx_test.py and haproxy_test.py say how each is made hostile.
"""
import contextlib
import os
import random
import shutil
import signal
import socket
import subprocess
import time

from lab import Lab, Process, eventually, free_port, pki, rule

LOSS = rule("loss", "limit", metric="pnl", per="all", below=-100)
DELTA = rule("delta", "limit", metric="delta", beyond=25)
NAMES = ["BTC", "ETH", "SOL", "XRP", "ADA", "DOT", "LTC"]
FAMILIES = [f"mm-1/{name}-USD" for name in NAMES]
BTC = FAMILIES[0]
QUICK = "retry_first_ms = 20\nretry_max_ms = 200\n"
BUSY = f"[timings]\nrehearse_every_ms = 300\n{QUICK}"
IDLE = f"[timings]\nrehearse_every_ms = 60000\n{QUICK}"
# What a proxy holds is counted when okxsim reads it: a patient one needs a guard as long as its patience.
PATIENT_GUARD = "budget = { guard_ms = 4000 }"
BACKEND_MS = 300  # how long a proxy waits for okxsim
STALL_S = 2


def listens(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


class Proxy(Process):
    """A master process and its workers, which end together."""

    name = ""
    dies_by = signal.SIGTERM  # by which a master takes its workers along

    def __init__(self, folder, backend, port=None, **hostile):
        self.port = port or free_port()
        config = folder / f"{self.name}.conf"
        config.write_text(self.config(folder, backend, **hostile))
        super().__init__(self.command(config), folder / f"{self.name}.log", start_new_session=True,
                         stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        eventually(lambda: self.process.poll() is not None or listens(self.port), f"{self.name} listens")
        if self.process.poll() is not None:
            raise AssertionError(f"{self.name} does not start:\n{self.log()}")

    @classmethod
    def is_missing(cls):
        return shutil.which(cls.name, path=f"{os.environ['PATH']}:/usr/sbin:/sbin") is None

    def reload(self):
        self.process.send_signal(self.reload_signal)

    def stop(self, number=signal.SIGTERM):
        try:
            return super().stop(number)
        finally:
            try:
                os.killpg(self.process.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass


class Nginx(Proxy):
    name = "nginx"
    reload_signal = signal.SIGHUP

    def command(self, config):
        return ["nginx", "-e", "stderr", "-c", config]

    def config(self, folder, backend, requests=1000, idle_s=75, more=""):
        keys = pki()
        temporary = "".join(f"{kind}_temp_path {folder}/nginx-{kind};\n"
                            for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        return f"""{"user root;" if os.getuid() == 0 else ""}
daemon off;
worker_processes 1;
pid {folder}/nginx.pid;
error_log stderr warn;
events {{ worker_connections 256; }}
http {{
    access_log off;
    {temporary}
    keepalive_requests {requests};
    keepalive_timeout {idle_s}s;
    {more}
    upstream okxsim {{ server 127.0.0.1:{backend}; keepalive 8; }}
    server {{
        listen 127.0.0.1:{self.port} ssl;
        ssl_certificate {keys}/server.pem;
        ssl_certificate_key {keys}/server.key;
        ssl_protocols TLSv1.2 TLSv1.3;
        location / {{
            proxy_pass https://okxsim;
            proxy_ssl_verify on;
            proxy_ssl_trusted_certificate {keys}/ca.pem;
            proxy_ssl_name localhost;
            proxy_http_version 1.1;
            proxy_set_header Connection "";
            proxy_read_timeout {BACKEND_MS}ms;
        }}
    }}
}}
"""


class Haproxy(Proxy):
    name = "haproxy"
    reload_signal = signal.SIGUSR2

    def command(self, config):
        return ["haproxy", "-W", "-db", "-f", config]

    def config(self, folder, backend, requests=1000, idle_s=75, more="", retries=0):
        keys = pki()
        both = folder / "haproxy.pem"
        both.write_text((keys / "server.pem").read_text() + (keys / "server.key").read_text())
        return f"""
defaults
    mode http
    timeout connect 1s
    timeout client 30s
    timeout server {BACKEND_MS}ms
    timeout http-keep-alive {idle_s}s
    timeout http-request {idle_s}s
    retries {retries}
    {more}
frontend edge
    bind 127.0.0.1:{self.port} ssl crt {both}
    tcp-request session set-var(sess.requests) int(0)
    http-request set-var(sess.requests) var(sess.requests),add(1)
    http-after-response set-header Connection close if {{ var(sess.requests) -m int ge {requests} }}
    default_backend okxsim
backend okxsim
    http-reuse always
    default-server ssl verify required ca-file {keys}/ca.pem sni str(localhost) verifyhost localhost
    server okxsim 127.0.0.1:{backend}
"""


class ProxiedLab(Lab):
    """scramd knows the proxy only."""

    def __init__(self, kind, **hostile):
        super().__init__()
        self.kind, self.hostile = kind, hostile
        self.proxy = self.add(kind(self.folder, self.sim.port, **hostile))

    def scramd(self, rules=LOSS, **config):
        return super().scramd(rules, families=FAMILIES, port=self.proxy.port, **config)

    def restart_proxy(self):
        """A new proxy at the old one's address; the old one's workers are killed with what they do."""
        self.proxy.stop(signal.SIGKILL)
        self.start_proxy()

    def start_proxy(self):
        self.proxy = self.add(self.kind(self.folder, self.sim.port, port=self.proxy.port, **self.hostile))

    def loss(self):
        """All families trip."""
        self.source().publish(BTC, "pnl", -101)

    def trip_once_before(self, daemon):
        """So that the proxy has five connections to okxsim; then all is armed and no slot taken."""
        self.sim.fault("delay", delay_ms=100, count=5)
        assert daemon.ask("trip", target="all", reason="warm up")["ok"]
        self.all_accepted(daemon)
        assert daemon.rearm("all", "warm")[0] == 0
        eventually(lambda: daemon.status()["accounts"][0]["slots_free"] == 5, "all slots are free")

    @contextlib.contextmanager
    def stalled_sim(self):
        os.kill(self.sim.process.pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(self.sim.process.pid, signal.SIGCONT)

    def all_accepted(self, daemon):
        for name in FAMILIES:
            daemon.await_state(name, "accepted", 30)
        books = self.sim.state()["accounts"]["mm-1"]["families"]
        assert not any(book["mmp"] for book in books.values()), books

    def quote_all(self):
        for name in NAMES:
            self.sim.quote(f"{name}-USD", 3)

    def requests(self):
        return self.sim.cancels()["requests"]

    def answers(self, daemon):
        """The log lines of all answers to attempts."""
        return [line for line in daemon.log().splitlines() if ">answered " in line]


class BehindProxy:
    """What holds behind either proxy. In each test okxsim counts the budget (Lab)."""

    kind = Proxy

    def setUp(self):
        if self.kind.is_missing():
            self.skipTest(f"{self.kind.name} is not installed")

    def lab(self, **hostile):
        return ProxiedLab(self.kind, **hostile)

    def told(self, lab, daemon, *parts):
        """An answer with all these parts has come."""
        eventually(lambda: any(all(part in line for part in parts) for line in lab.answers(daemon)),
                   lambda: f"an answer with {parts} in {lab.answers(daemon)}")

    def test_connections_that_end_after_three_requests_fire_every_family(self):
        with self.lab(requests=3) as lab:
            lab.quote_all()
            daemon = lab.scramd(more=BUSY).await_ready()
            self.links_came(daemon, 8)
            lab.loss()
            lab.all_accepted(daemon)
            self.links_came(daemon, 14)
            daemon.await_ready(5)

    @staticmethod
    def links_came(daemon, count):
        eventually(lambda: daemon.log().count(">link_up ") >= count, f"links come {count} times", 30)

    def test_connections_that_end_after_an_idle_second_fire_at_any_moment_around_it(self):
        """Each of seven trips comes within 20 ms of the moment at which the proxy closes."""
        chance = random.Random(1)
        with self.lab(idle_s=1) as lab:
            lab.quote_all()
            daemon = lab.scramd(DELTA, more=IDLE).await_ready()
            maker = lab.source()
            for name in FAMILIES:
                opened = eventually(lambda: self.rehearsed_last(daemon), "all links are warm", 20)
                time.sleep(max(0.0, opened + 1 + chance.uniform(-0.02, 0.02) - time.monotonic()))
                maker.publish(name, "delta", 26)
                daemon.await_state(name, "accepted", 20)
            lab.all_accepted(daemon)

    @staticmethod
    def rehearsed_last(daemon):
        """When the link that was used last was; None if one of them is not yet warm."""
        ages = [link.get("rehearsed_ms_ago") for link in daemon.links()]
        return None if None in ages else time.monotonic() - min(ages) / 1000

    def test_an_answer_that_ends_within_its_body_is_tried_again(self):
        with self.lab() as lab:
            lab.quote_all()
            lab.sim.fault("half_body", count=3)
            daemon = lab.scramd(more=BUSY).await_ready()
            lab.loss()
            lab.all_accepted(daemon)
            self.assertGreaterEqual(lab.requests(), len(FAMILIES) + 3)

    def test_a_proxy_that_reloads_in_the_middle_of_a_trip_changes_nothing(self):
        with self.lab() as lab:
            lab.quote_all()
            lab.sim.fault("delay", delay_ms=100, count=-1)
            daemon = lab.scramd(more=BUSY).await_ready()
            lab.loss()
            eventually(lambda: lab.requests() >= 1, "an attempt is under way")
            lab.proxy.reload()
            lab.all_accepted(daemon)
            daemon.await_ready(5)

    def test_a_proxy_that_reloads_again_and_again_does_not_end_the_trying(self):
        with self.lab() as lab:
            lab.quote_all()
            daemon = lab.scramd(more=BUSY).await_ready()
            lab.loss()
            for _ in range(10):
                lab.proxy.reload()
                time.sleep(0.2)  # a desk's deployment that went mad: it waits for nothing
            lab.all_accepted(daemon)
            daemon.await_ready(5)

    def test_a_proxy_that_dies_with_attempts_on_it_is_tried_until_it_is_back(self):
        with self.lab() as lab:
            lab.quote_all()
            lab.sim.fault("delay", delay_ms=200, count=5)
            daemon = lab.scramd(more=BUSY).await_ready()
            lab.loss()
            eventually(lambda: lab.requests() >= 5, "five attempts are under way")
            lab.proxy.stop(signal.SIGKILL)
            daemon.await_log(">attempt_lost ")
            lab.start_proxy()
            lab.all_accepted(daemon)
            daemon.await_ready(5)

    def test_a_proxy_whose_backend_is_gone_is_tried_until_it_is_back(self):
        with self.lab() as lab:
            daemon = lab.scramd(more=BUSY).await_ready()
            lab.sim.stop(signal.SIGKILL)
            lab.loss()
            self.told(lab, daemon, f"http={self.gone_status}")
            self.assertTrue(all(family["unfinished"] for family in daemon.status()["families"]))
            lab.restart_sim()
            lab.quote_all()
            lab.all_accepted(daemon)

    def test_a_proxy_whose_backend_is_too_slow_is_tried_again(self):
        with self.lab() as lab:
            lab.quote_all()
            lab.sim.fault("silent", count=2)
            daemon = lab.scramd(more=BUSY).await_ready()
            lab.loss()
            self.told(lab, daemon, "http=504")
            lab.all_accepted(daemon)
            self.assertGreaterEqual(lab.requests(), len(FAMILIES) + 2)

    def test_an_exchange_that_stalls_behind_a_proxy_that_gives_up_on_it_counts_no_window_over_five(self):
        """The proxy's 504 says nothing of when the exchange counts: that comes when it goes on."""
        with self.lab() as lab:
            daemon = lab.scramd(more=BUSY, account_keys=PATIENT_GUARD, family_keys="lock_ms = 0").await_ready()
            lab.trip_once_before(daemon)
            with lab.stalled_sim():
                lab.loss()
                self.told(lab, daemon, "http=504")
                time.sleep(STALL_S)
            lab.all_accepted(daemon)

    def test_a_backend_that_drops_the_request_is_tried_again(self):
        with self.lab() as lab:
            lab.quote_all()
            lab.sim.fault("reset", count=2)
            daemon = lab.scramd(more=BUSY).await_ready()
            lab.loss()
            # A proxy tells by 502, or, where its own connection had served before, by the end of ours.
            eventually(lambda: "http=502" in daemon.log() or ">attempt_lost " in daemon.log(), "a drop is told")
            lab.all_accepted(daemon)
            self.assertGreaterEqual(lab.requests(), len(FAMILIES) + 2)
