"""Do the documents tell the truth? Their commands are run, in order, on a machine with the packages alone.

In a block ```console, "# " and "$ " begin a command, and what follows is its output: "..." stands for any text, alone
in a line for any lines, none too; "[N]" is an exit code other than 0. A block ```c file=NAME is a file where the
commands run.
"""
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

from desk import PACKAGES, WORK
from lab import ROOT, Sim
from machine import Machine, codename

DOCS = ROOT / "docs"
HOSTS = ["openapi.okx.com", "www.okx.com"]
CODE = re.compile(r"\[\d+\]")
BLOCK = re.compile(r"^( *)```(\S+)(?: file=(\S+))?\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)


def steps(text):
    """Of each block in turn: ("file", name, text), or ("run", command, expected output) for each command."""
    for indent, kind, name, body in BLOCK.findall(text):
        body = "".join(line.removeprefix(indent) for line in body.splitlines(keepends=True))
        if name:
            yield "file", name, body
        elif kind == "console":
            yield from commands(body)


def commands(body):
    """A command goes on to the end of its here-document."""
    command, expected, end = None, [], None
    for line in body.splitlines():
        if end is not None:
            command += "\n" + line
            end = None if line == end else end
        elif line[:2] in ("# ", "$ "):
            if command is not None:
                yield "run", command, expected
            command, expected = line[2:], []
            here = re.search(r"<<'(\w+)'", command)
            end = here[1] if here else None
        else:
            expected.append(line)
    yield "run", command, expected


def pattern(expected):
    """A regular expression for the output."""
    parts = []
    for line in expected:
        if line == "...":
            parts.append(r"(?:.*\n)*?")
        else:
            parts.append(".*".join(re.escape(piece) for piece in line.split("...")) + r"\n")
    return "".join(parts)


class Box:
    """A new machine, the packages in a folder, and an exchange that is called as the real one."""

    def __init__(self, address):
        """The tests run beside each other in one network: each has its exchange at an address of its own."""
        WORK.mkdir(parents=True, exist_ok=True)
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="guide-", dir=WORK))
        keys = self.folder / "keys"
        subprocess.run([ROOT / "tests/exchange/make_pki.sh", keys, *HOSTS], check=True, capture_output=True)
        self.sim = Sim(self.folder, {"mm-1": ""}, listen=f"{address}:443", keys=keys)
        self.machine = Machine(WORK / f"base.{codename()}", self.folder).boot()
        self.machine.write("/etc/hosts", f"127.0.0.1 localhost\n{address} {' '.join(HOSTS)}\n")
        self.machine.write("/etc/ssl/certs/ca-certificates.crt", (keys / "ca.pem").read_text())
        for package in PACKAGES.glob("*.deb"):
            shutil.copy(package, self.machine.root / "root")

    def __enter__(self):
        return self

    def __exit__(self, _, error, __):
        if error is not None:
            error.add_note(self.machine.story())
        self.machine.pull_the_plug()
        self.sim.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def follow(self, document, until="no such heading"):
        text, _, _ = (DOCS / document).read_text().partition(f"\n## {until}\n")
        for kind, what, rest in steps(text):
            if kind == "file":
                self.machine.write(f"/root/{what}", rest)
            else:
                self.carry_out(document, what, rest)

    def carry_out(self, document, command, expected):
        done = self.machine.run("sh", "-c", f"cd /root && exec 2>&1\n{command}")
        *output, code = expected if expected and CODE.fullmatch(expected[-1]) else [*expected, "[0]"]
        if not re.fullmatch(pattern(output), done.stdout) or code != f"[{done.returncode}]":
            raise AssertionError(f"{document}: {command}\nexpected:\n" + "\n".join([*output, code]) +
                                 f"\nsaid:\n{done.stdout}[{done.returncode}]")


class Guide(unittest.TestCase):
    def test_the_operators_guide_works_word_for_word(self):
        with Box("127.0.0.2") as box:
            box.follow("operator.md")

    def test_on_what_it_sets_up_the_security_page_and_the_makers_guide_do(self):
        with Box("127.0.0.3") as box:
            box.follow("operator.md", until="Upgrade, and remove")
            box.follow("security.md")
            box.follow("maker.md")


class Reader(unittest.TestCase):
    """The reader of documents, itself."""

    def test_a_command_has_its_output_and_a_here_document_belongs_to_it(self):
        text = "x\n\n  ```console\n  # a <<'E'\n  # no command\n  E\n  out\n  $ b\n  ```\n```c file=f.c\nint\n```\n"
        self.assertEqual(list(steps(text)), [("run", "a <<'E'\n# no command\nE", ["out"]), ("run", "b", []),
                                             ("file", "f.c", "int\n")])

    def test_other_output_than_what_is_told_is_found(self):
        wanted = pattern(["...", "a ... c"])
        for said in ("a b c\n", "x\ny\na b c\n"):
            self.assertTrue(re.fullmatch(wanted, said))
        for said in ("a c\n", "a b d\n", "a b c\nmore\n", ""):
            self.assertFalse(re.fullmatch(wanted, said))
