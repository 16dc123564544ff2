"""A network of a test's own, in which packets vanish: nothing outside it is touched.

It is a namespace without a name, so it ends with the last process in it, however that ends.
"""
import contextlib
import os
import shutil
import subprocess
import unittest

from lab import LIBC

CLONE_NEWNET = 0x40000000


def need(*tools):
    """Skips the test without these tools, or without the right to make a namespace."""
    for tool in tools:
        if shutil.which(tool, path=f"{os.environ['PATH']}:/usr/sbin:/sbin") is None:
            raise unittest.SkipTest(f"{tool} is not installed")
    if os.geteuid() != 0:
        raise unittest.SkipTest("only root can make a namespace")


@contextlib.contextmanager
def own_network():
    """This thread, and the processes that it starts, in a network with a loopback and nothing else."""
    need("ip", "nft", "ss")
    with open("/proc/self/ns/net", "rb") as home:
        if LIBC.unshare(CLONE_NEWNET) != 0:
            raise unittest.SkipTest("no right to make a network namespace")
        try:
            if run_nft("flush ruleset").returncode != 0:
                raise unittest.SkipTest("no right to filter packets")
            subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
            yield
        finally:
            LIBC.setns(home.fileno(), CLONE_NEWNET)


def run_nft(rules):
    return subprocess.run(["nft", "-f", "-"], input=rules, text=True, capture_output=True)


def filter_input(*rules, more=""):
    """What comes in passes these rules, in this order."""
    lines = "\n".join(rules)
    chain = f"chain input {{\ntype filter hook input priority 0;\n{lines}\n}}"
    done = run_nft(f"table inet hole {{\n{more}\n{chain}\n}}\n")
    if done.returncode != 0:
        raise AssertionError(f"nft: {done.stderr}")


def hole(port):
    """From now on nothing comes from or to this port: no answer, no FIN, no RST."""
    filter_input(f"tcp dport {port} drop", f"tcp sport {port} drop")


def hole_for(port, clients):
    """The same for these clients alone, given by their ports: new connections pass."""
    ports = ", ".join(str(client) for client in clients)
    filter_input(f"tcp sport {{ {ports} }} tcp dport {port} drop",
                 f"tcp sport {port} tcp dport {{ {ports} }} drop")


def hole_for_first_attempt(port, through):
    """The link that carries the next attempt dies with it: a rehearsal is shorter, an attempt longer than 400
    bytes. The attempt itself comes `through`, or does not."""
    remember = f"tcp dport {port} meta length > 400 add @dead {{ tcp sport }}"
    drop = f"tcp sport @dead tcp dport {port} drop"
    first, second = (drop, remember) if through else (remember, drop)
    filter_input(first, second, f"tcp sport {port} tcp dport @dead drop",
                 more="set dead { type inet_service; size 1; flags dynamic; }")


def heal():
    run_nft("flush ruleset")


def clients_of(port):
    """The ports of all connections to this one."""
    done = subprocess.run(["ss", "-Htn", "state", "established", f"dport = :{port}"], check=True,
                          capture_output=True, text=True)
    return sorted({int(line.split()[2].rsplit(":", 1)[1]) for line in done.stdout.splitlines()})
