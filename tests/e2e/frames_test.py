"""Requests leave as frames of their own, ahead of the kernel's segments with the same bytes: real servers execute
each once, over every kind of wire, whichever of the two is lost."""
import collections
import contextlib
import os
import pathlib
import shutil
import socket
import struct
import subprocess
import tempfile
import threading
import unittest

from lab import Lab, eventually
from network import filter_input, need
from sealed_test import EchoHaproxy, EchoNginx, EchoOpenssl, SealingLink
from waiting import PATIENCE
from wires import FAR, inside, wire

BTC = "mm-1/BTC-USD"
AES = "TLS_AES_128_GCM_SHA256"
MANY = 10_000 if PATIENCE <= 1 else 500
SOME = 300
ETH_P_ALL = 3


class CountingNginx(EchoNginx):
    """Listens to all, and writes a line for each request that it executes."""

    def config(self, folder, backend, suite):
        self.executed = folder / "executed"
        text = super().config(folder, backend, suite).replace("access_log off", f"access_log {self.executed}")
        return text.replace(f"listen 127.0.0.1:{self.port}", f"listen [::]:{self.port} ipv6only=off")

    def requests(self, number):
        """Those that it has executed, once there are so many: nginx answers first, and then writes its line."""
        def written():
            return len(self.executed.read_text().splitlines())
        eventually(lambda: written() >= number, lambda: f"{number} requests executed; there are {written()}")
        return written()


class Tap:
    """What arrives in a network for a port: by sequence number, which bytes came, and how often."""

    def __init__(self, network, port):
        with inside(network):
            self.socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
        self.socket.setsockopt(socket.SOL_SOCKET, 33, 64 << 20)  # SO_RCVBUFFORCE
        self.socket.settimeout(0.2)
        self.port, self.seen, self.over = port, collections.defaultdict(collections.Counter), False
        self.thread = threading.Thread(target=self.read)
        self.thread.start()

    def read(self):
        while True:
            try:
                frame, (_, _, direction, _, _) = self.socket.recvfrom(65536)
            except TimeoutError:
                if self.over:
                    return
                continue
            if direction != socket.PACKET_OUTGOING:
                self.take(frame)

    def take(self, frame):
        ip = frame[14:] if frame[12:14] in (b"\x08\0", b"\x86\xdd") else frame
        if ip[0] >> 4 == 6:
            tcp, size, protocol = 40, 40 + struct.unpack_from("!H", ip, 4)[0], ip[6]
        else:
            tcp, size, protocol = 20, struct.unpack_from("!H", ip, 2)[0], ip[9]
        if protocol != 6 or struct.unpack_from("!H", ip, tcp + 2)[0] != self.port:
            return
        payload = ip[tcp + 4 * (ip[tcp + 12] >> 4):size]
        if payload[:3] == b"\x17\x03\x03":  # a whole record
            self.seen[struct.unpack_from("!IH", ip, tcp + 4)[0], ip[tcp:tcp + 2]][payload] += 1

    def stop(self):
        self.over = True
        self.thread.join()
        self.socket.close()
        return self.seen


def counter(name):
    """Of this thread's network: TcpExt's, as in DSACKOldSent."""
    with open("/proc/thread-self/net/netstat") as file:
        lines = [line.split() for line in file if line.startswith("TcpExt:")]
    return int(lines[1][lines[0].index(name)])


class WithWire(unittest.TestCase):
    def started(self, kind="loopback", family=4, server=CountingNginx, mtu=1500, policy=os.SCHED_OTHER):
        self.device, self.far = self.enterContext(wire(kind, mtu))
        if server.is_missing():
            self.skipTest(f"{server.__name__} is not installed")
        folder = pathlib.Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, folder)
        with inside(self.far):
            os.sched_setscheduler(0, policy, os.sched_param(0))
            try:
                self.server = server(folder, None, suite=AES)
            finally:
                os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))
        self.addCleanup(self.server.stop)
        address = FAR[family] if kind != "loopback" else {4: "127.0.0.1", 6: "::1"}[family]
        self.link = SealingLink(folder, self.server.port, address, self.device)
        self.addCleanup(self.link.stop)

    def all_answered(self, number):
        """None lost, and each answered by what was asked."""
        done = self.link.ask(f"run {number}")
        self.frames = done.pop("frames")
        done.pop("ups")
        self.assertEqual(done, {"answered": number, "sealed": number, "lost": 0, "wrong": 0, "downs": []})


class Servers(WithWire):
    seconds_max = 240  # ten thousand round trips

    def takes_many(self, server):
        """On one core, where a server never runs before a request's send(): one that does may have its answer
        discarded, and sends it again 200 ms later."""
        self.addCleanup(os.sched_setaffinity, 0, os.sched_getaffinity(0))
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
        self.started(server=server, policy=os.SCHED_BATCH)
        self.all_answered(MANY)
        self.assertGreater(self.frames["sent"], 0.9 * MANY, self.frames)
        self.assertEqual(counter("TCPACKSkippedPAWS") + counter("PAWSEstab"), 0)

    def test_nginx_executes_thousands_of_requests_once_each(self):
        self.takes_many(CountingNginx)
        self.assertEqual(self.server.requests(MANY), MANY)

    def test_haproxy_executes_thousands_of_requests_once_each(self):
        self.takes_many(EchoHaproxy)

    def test_s_server_executes_thousands_of_requests_once_each(self):
        self.takes_many(EchoOpenssl)
        self.assertEqual(self.server.answered, MANY)


class Wires(WithWire):
    def serves(self, kind, family, mtu=1500):
        self.started(kind, family, mtu=mtu)
        tap = Tap(self.far, self.server.port)
        try:
            self.all_answered(SOME)
        finally:
            seen = tap.stop()
        self.assertGreater(self.frames["sent"], 0.9 * SOME, self.frames)
        self.assertEqual(self.server.requests(SOME), SOME)
        self.assertEqual({len(payloads) for payloads in seen.values()}, {1}, "a number never bears two texts")
        twice = sum(sum(payloads.values()) == 2 for payloads in seen.values())
        self.assertGreater(twice, 0.9 * SOME, "the frame and the kernel's segment have both arrived")


for _kind in "loopback", "veth", "tun", "router":
    for _family in (4,) if _kind == "router" else (4, 6):
        for _mtu in (1500, 1280) if _kind == "veth" else (1500,):
            setattr(Wires, f"test_{_kind}_carries_frames_of_ip{_family}" + (f"_of_{_mtu}" if _mtu != 1500 else ""),
                    lambda self, kind=_kind, family=_family, mtu=_mtu: self.serves(kind, family, mtu))


class Losses(WithWire):
    """Of the two packets of each request, one is lost."""

    def loses(self, which):
        need("nft")
        self.started("veth")
        self.all_answered(10)
        with inside(self.far):
            filter_input(f"meta length > 100 tcp dport {self.server.port} numgen inc mod 2 {which} drop")
        self.all_answered(SOME)

    def test_the_frame_is_lost_and_the_kernels_segment_is_enough(self):
        self.loses(0)

    def test_the_kernels_segment_is_lost_and_the_frame_is_enough(self):
        self.loses(1)
        self.assertGreater(self.frames["sent"], 0.9 * SOME)


class Daemon(unittest.TestCase):
    @contextlib.contextmanager
    def lab(self, device="lo", inside=(), **options):
        with wire("loopback"), Lab(**options) as lab:
            # Requests are counted: one that a busy machine answers late is not hedged.
            late = "[timings]\nhedge_min_ms = 2000\nanswer_timeout_ms = 4000\n"
            lab.daemon = lab.scramd(more=f'{late}[wire]\nframes = true\ndevice = "{device}"\n', inside=inside)
            lab.daemon.await_ready()
            yield lab

    def test_a_kill_leaves_as_a_frame_and_is_executed_once(self):
        with self.lab() as lab:
            eventually(lambda: all(link["frame"] == "ready" for link in lab.daemon.links()), "links are learnt")
            before = lab.daemon.status()["frames"]["sent"]
            self.assertEqual(lab.daemon.ctl("trip", BTC, "--reason", "drill")[0], 0)
            self.assertEqual(lab.sim.cancels()["requests"], 1)
            self.assertGreater(lab.daemon.status()["frames"]["sent"], before)
            self.assertIn("frames on lo: ", lab.daemon.ctl("status", "--details")[1])

    def test_no_thread_keeps_the_right_to_open_packet_sockets(self):
        with self.lab() as lab:
            group = pathlib.Path(f"/proc/{lab.daemon.process.pid}")
            children = (group / f"task/{lab.daemon.process.pid}/children").read_text().split()
            for process in [group, *(pathlib.Path(f"/proc/{child}") for child in children)]:
                for task in (process / "task").iterdir():
                    status = dict(line.split(":\t", 1) for line in (task / "status").read_text().splitlines())
                    for kind in "CapEff", "CapPrm", "CapInh", "CapAmb":
                        self.assertEqual(int(status[kind], 16) >> 13 & 1, 0, (task, kind))

    def test_without_the_right_it_fires_without_frames_and_says_so(self):
        with self.lab(inside=["setpriv", "--bounding-set", "-net_raw", "--inh-caps", "-net_raw"]) as lab:
            lab.daemon.await_log("frames_off")
            self.assertIn("CAP_NET_RAW", lab.daemon.log())
            self.assertNotIn("frames", lab.daemon.status())
            self.assertEqual(lab.daemon.ctl("trip", BTC, "--reason", "drill")[0], 0)

    def test_a_device_that_is_not_there_is_told(self):
        with self.lab(device="nowhere0") as lab:
            lab.daemon.await_log("frames_off")
            self.assertIn("no such device", lab.daemon.log())

    def test_a_route_that_changes_is_learnt_anew(self):
        with self.lab() as lab:
            eventually(lambda: all(link["frame"] == "ready" for link in lab.daemon.links()), "links are learnt")
            subprocess.run(["ip", "route", "add", "192.0.2.0/24", "dev", "lo"], check=True)
            self.assertEqual(lab.daemon.ctl("trip", BTC, "--reason", "drill")[0], 0)
            self.assertGreater(lab.daemon.status()["frames"]["not_sent"]["way_changed"], 0)

    def test_a_connection_that_comes_back_is_learnt_anew(self):
        with self.lab() as lab:
            eventually(lambda: all(link["frame"] == "ready" for link in lab.daemon.links()), "links are learnt")
            lab.sim.drop()
            eventually(lambda: all(link.get("frame") == "ready" for link in lab.daemon.links()), "all are again", 30)
            self.assertEqual(lab.daemon.ctl("trip", BTC, "--reason", "drill")[0], 0)
            self.assertEqual(lab.sim.cancels()["requests"], 1)
