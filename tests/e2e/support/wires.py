"""Two networks of a test's own, joined by a wire: a veth pair, two TUN devices and a thread between them, or veth
pairs and a router that translates addresses. A server is in the far one, the test's thread and what it starts in
the near one. Where the far network is the near one, the wire is the loopback."""
import contextlib
import fcntl
import os
import select
import struct
import subprocess
import threading
import unittest

from lab import LIBC
from network import CLONE_NEWNET, need, run_nft

NEAR, FAR = {4: "10.77.0.1", 6: "fd77::1"}, {4: "10.77.0.2", 6: "fd77::2"}
TUNSETIFF, IFF_TUN, IFF_NO_PI = 0x400454CA, 1, 0x1000


def ip(*words):
    subprocess.run(["ip", *words], check=True, capture_output=True)


@contextlib.contextmanager
def inside(network):
    """This thread is in that network."""
    with open("/proc/thread-self/ns/net", "rb") as home:
        LIBC.setns(network.fileno(), CLONE_NEWNET)
        try:
            yield
        finally:
            LIBC.setns(home.fileno(), CLONE_NEWNET)


@contextlib.contextmanager
def new_network():
    """A file that holds it."""
    with open("/proc/thread-self/ns/net", "rb") as home:
        if LIBC.unshare(CLONE_NEWNET) != 0:
            raise unittest.SkipTest("no right to make a network namespace")
        made = open("/proc/thread-self/ns/net", "rb")
        ip("link", "set", "lo", "up")
        LIBC.setns(home.fileno(), CLONE_NEWNET)
    with made:
        yield made


def address(device, own, mtu):
    ip("addr", "add", f"{own[4]}/24", "dev", device)
    ip("addr", "add", f"{own[6]}/64", "dev", device, "nodad")
    ip("link", "set", device, "mtu", str(mtu), "up")


def tun(device):
    made = os.open("/dev/net/tun", os.O_RDWR)
    fcntl.ioctl(made, TUNSETIFF, struct.pack("16sH14x", device.encode(), IFF_TUN | IFF_NO_PI))
    return made


def forward(one, other, end):
    """Packets both ways, until `end` can be read."""
    to = {one: other, other: one}
    while True:
        for ready in select.select([one, other, end], [], [])[0]:
            if ready == end:
                return
            with contextlib.suppress(OSError):
                os.write(to[ready], os.read(ready, 65536))


def veth(device, other, peer):
    """One end here, the other in that network."""
    ip("link", "add", device, "type", "veth", "peer", "name", peer, "netns", f"/proc/{os.getpid()}/fd/{other.fileno()}")


@contextlib.contextmanager
def wire(kind, mtu=1500):
    """Yields the device's name and the far network."""
    need("ip")
    with new_network() as near, new_network() as far, inside(near):
        if kind == "loopback":
            yield "lo", near
        elif kind == "router":
            yield from behind_router(near, far, mtu)
        else:
            if kind == "veth":
                veth("wire", far, "wire")
            yield from joined(kind, far, mtu)


def behind_router(near, far, mtu):
    """Between the two stands a third network, behind whose own address the near one hides."""
    need("nft")
    with new_network() as router:
        veth("wire", router, "inner")
        ip("addr", "add", "10.78.0.1/24", "dev", "wire")
        ip("link", "set", "wire", "mtu", str(mtu), "up")
        with inside(router):
            veth("outer", far, "wire")
            address("outer", NEAR, mtu)
            ip("addr", "add", "10.78.0.2/24", "dev", "inner")
            ip("link", "set", "inner", "up")
            with open("/proc/sys/net/ipv4/ip_forward", "w") as forwards:
                forwards.write("1")
            chain = "chain nat {\ntype nat hook postrouting priority 100;\noifname outer masquerade\n}"
            if run_nft(f"table ip hide {{\n{chain}\n}}\n").returncode != 0:
                raise unittest.SkipTest("no right to translate addresses")
        with inside(far):
            address("wire", FAR, mtu)
        ip("route", "add", "default", "via", "10.78.0.2")
        yield "wire", far


def joined(kind, far, mtu):
    with contextlib.ExitStack() as stack:
        if kind == "tun":
            near_end = tun("wire")
            with inside(far):
                far_end = tun("wire")
            end, told = os.pipe()
            thread = threading.Thread(target=forward, args=(near_end, far_end, end))
            thread.start()
            stack.callback(lambda: [os.close(its) for its in (near_end, far_end, end, told)])
            stack.callback(thread.join)
            stack.callback(os.write, told, b".")
        address("wire", NEAR, mtu)
        with inside(far):
            address("wire", FAR, mtu)
        yield "wire", far
