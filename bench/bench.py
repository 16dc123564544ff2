"""./dev bench: trigger to wire, of the floor, of scramd and of others, in one run.

bench.py BUILD [--quick] [--link tun|veth|loopback] [--only TEXT] [--wire 'KEY = VALUE'] [--rounds N] [--gaps N]
"""
import argparse
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "tests/e2e/support"))


GAPS_MAX = 14  # with two shorter ones as many as scramd has families that no batch pulls


def arguments():
    parser = argparse.ArgumentParser(prog="./dev bench", description="measure trigger to wire")
    parser.add_argument("build", type=pathlib.Path, help=argparse.SUPPRESS)
    parser.add_argument("--quick", action="store_true", help="about a minute: few samples, judged on sanity alone")
    parser.add_argument("--link", choices=["tun", "veth", "loopback"], help="default: the best that is allowed")
    parser.add_argument("--only", default="", help="only rows whose name, mode contains this (or this|or this), and the floor")
    parser.add_argument("--wire", action="append", default=[], metavar="LINE",
                        help="a line for scramd's section [wire], as 'warm_every_ms = 0'; may be repeated")
    parser.add_argument("--rounds", type=int, help="default 4; with --quick 1")
    parser.add_argument("--gaps", type=int, choices=range(1, GAPS_MAX + 1), metavar="N",
                        help="gaps of 1 s in a cycle of the floor and of scramd's rows sealed and frames, spinning: "
                        f"default 2, with --quick 1; at most {GAPS_MAX}")
    return parser.parse_args()


def become_root_of_nothing():
    """Who is not root may still be root of a namespace, and so make networks and listen on them."""
    if os.geteuid() == 0:
        return
    words = ["unshare", "--user", "--map-root-user"]
    if not shutil.which("unshare") or subprocess.run([*words, "true"], capture_output=True).returncode != 0:
        why = "the tap that sees the wire wants root, and user namespaces are not allowed"
        if not OPTIONS.quick:
            sys.exit(f"bench: {why}: use sudo")
        print(f"skipped: {why}\n0 passed, 0 failed, 1 skipped")
        sys.exit(0)
    os.execvp(words[0], [*words, sys.executable, *sys.argv])


OPTIONS = arguments()
become_root_of_nothing()
os.environ["SCRAM_BUILD"] = str(OPTIONS.build.resolve())

from contenders import (ACCOUNTS, Bot, Floor, Npm, Scramd, Watched, accepts, account_names,  # noqa: E402
                        may_be_urgent)
from lab import ROOT  # noqa: E402
from plot import write_svg  # noqa: E402
from report import Rows, environment, goals, load, print_goals, print_table, write_json  # noqa: E402
from stage import Rig, Stage  # noqa: E402

ROUNDS = OPTIONS.rounds or (1 if OPTIONS.quick else 4)
SHORT_GAPS = [300] if OPTIONS.quick else [300, 300]
GAPS = [*SHORT_GAPS, 1000]
# Of the rows that a goal for the tail after silence is about.
MANY_GAPS = SHORT_GAPS + [1000] * (OPTIONS.gaps or (1 if OPTIONS.quick else 2))
CYCLES = 2 if OPTIONS.quick else 4  # of a round
# One cancel for each account in a batch, so that four batches fit into a window.
ONE_EACH = {"batches": 1, "pulls": ACCOUNTS, "window": 0.55}
BURST_ACCOUNTS = 6
RECORDS = {"sealed": ['records = "sealed"'], "SSL_write": ['records = "plain"'],
           "frames": ['records = "sealed"', "frames = true", 'device = "{device}"', "warm_frames = true"]}
NO_FRAMES = ("the rows with frames are missing: frames pass no tap on their way out, and only of a veth pair it can "
             "listen at the far end (--link veth)")


def plan(stage):
    """Each row: name, mode, what makes it, cycles in a round, gaps. Makers are called with stage and rig."""
    rows = [("floor", "", lambda *on: Floor(*on, "floor"), CYCLES, MANY_GAPS),
            ("floor, one connection", "", lambda *on: Floor(*on, "one", connections=1, batches=8, pulls=8),
             CYCLES, []),
            ("spin and the clock", "", lambda *on: Floor(*on, "clock", kind="spinning-clock"), 2,
             [] if OPTIONS.quick else GAPS),
            ("spin and send()", "", lambda *on: Floor(*on, "spin", kind="spinning-floor"), CYCLES, GAPS),
            ("wake-up and send()", "", lambda *on: Floor(*on, "bell", kind="sleeping-floor"), CYCLES, GAPS)]
    if stage.shows_frames:
        rows += [("AF_PACKET and send()", "", lambda *on: Floor(*on, "framing", kind="framing-floor"), CYCLES,
                  MANY_GAPS),
                 ("scramd", "spin, frames", scramd("spin", "frames"), CYCLES, MANY_GAPS)]
    rows.append(("scramd", "spin, sealed", scramd("spin", "sealed"), CYCLES, MANY_GAPS))
    rows.append(("scramd, recorded and exported", "spin, sealed", scramd("spin", "sealed", of=Watched), CYCLES, GAPS))
    for wait, records in (("spin", "SSL_write"), ("sleep", "sealed"), ("sleep", "SSL_write")):
        rows.append(("scramd", f"{wait}, {records}", scramd(wait, records),
                     CYCLES if records == "sealed" else 2, GAPS))
    best, short = "sealed", CYCLES if OPTIONS.quick else 6
    rows += [
        ("five families", f"spin, {best}", scramd("spin", best, accounts=BURST_ACCOUNTS, burst=True, links=5,
                                                  families=5 * BURST_ACCOUNTS, batches=1, pulls=BURST_ACCOUNTS,
                                                  pitch_us=1000), 1 if OPTIONS.quick else 2, []),
        ("while rehearsing and re-arming", f"spin, {best}",
         scramd("spin", best, families=100, rehearse_ms=100, resign_ms=100, **ONE_EACH), short, []),
        *[(f"{families} families, {rules} rules", f"spin, {best}",
           scramd("spin", best, families=families, idle_rules=rules - 1, **ONE_EACH), short, [])
          for families, rules in ([(512, 1000)] if OPTIONS.quick else [(16, 16), (100, 100), (512, 1000)])]]
    return rows + [("bot", "", lambda *on: Bot(*on, "bot"), CYCLES, GAPS)]


def scramd(wait, records, of=Scramd, **more):
    def make(stage, rig, name):
        lines = [line.format(device=stage.device) for line in RECORDS[records]] + OPTIONS.wire
        known = records == "frames" or accepts(stage, *lines)  # a row with frames has them or fails
        return of(stage, rig, name, wait=wait, wire=lines if known else OPTIONS.wire, **more)
    return make


def is_wanted(row):
    return any(text in row for text in OPTIONS.only.split("|"))


def rows_to_run(stage):
    """Without sealed records in this scramd, what would be sealed goes by SSL_write."""
    rows = plan(stage)
    if not accepts(stage, *RECORDS["sealed"]):
        print("bench: this scramd knows no sealed records: SSL_write alone")
        rows = [(name, mode.replace("sealed", "SSL_write"), *more) for name, mode, *more in rows
                if not (name == "scramd" and "sealed" in mode)]
    return [row for row in rows if row[0] == "floor" or is_wanted(f"{row[0]}, {row[1]}")]


def npm_folder():
    """npm's clients, installed beside the build, before this process leaves the machine's network."""
    source, folder = ROOT / "tests/exchange/interop", OPTIONS.build.resolve() / "npm"
    if not shutil.which("node") or not shutil.which("npm"):
        return None
    lock = source / "package-lock.json"
    done = folder / "installed.json"
    if not (done.exists() and done.read_bytes() == lock.read_bytes()):
        if OPTIONS.quick:
            return None
        folder.mkdir(parents=True, exist_ok=True)
        for file in (lock, source / "package.json"):
            shutil.copyfile(file, folder / file.name)
        command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
        if subprocess.run(command, cwd=folder).returncode != 0:
            return None
        shutil.copyfile(lock, done)
    shutil.copyfile(HERE / "npm_clients.mjs", folder / "npm_clients.mjs")
    return folder


def cast(stage, rig, npm):
    """Everybody, in their first state: the daemons start at the same time, since each takes its time to rehearse
    its links."""
    out = []
    for i, (name, mode, make, cycles, gaps) in enumerate(rows_to_run(stage)):
        on = (stage, rig, f"s{i}") if make.__code__.co_argcount == 3 else (stage, rig)
        out.append((name, mode, make(*on), cycles, gaps))
    daemons = [who for *_, who, _, _ in out if isinstance(who, Scramd)]
    for daemon in daemons:
        daemon.await_links()
    time.sleep(0.25 * max((d.links for d in daemons), default=0) + 1)
    for daemon in daemons:
        daemon.end()
    for client in ("ccxt", "okx-api") if npm else ():
        if is_wanted(client):
            out.append((client, "", Npm(stage, rig, client, npm, 50 if OPTIONS.quick else 100), 1, []))
    return out


def measure(everybody):
    rows = Rows()
    for turn in range(ROUNDS):
        for name, mode, who, cycles, gaps in everybody:
            told = f"round {turn + 1} of {ROUNDS}: {name} {mode}"
            print(f"\r{told:<78}", end="", file=sys.stderr, flush=True)
            who.begin()
            for _ in range(cycles):
                rows.add(turn, name, mode, who.cycle(gaps))
            who.end()
    print("\r" + " " * 78, end="\r", file=sys.stderr)
    return rows


def judge(rows, table, framed, asked):
    """Sanity alone: a machine's absolute times are nobody's fault."""
    wanted = [("every row has samples", all(row["n"] > 0 for row in table)),
              ("no packet left before its trigger, none took no time", all(row["samples"][0] > 0 for row in table)),
              ("of a hundred triggers not one is without its packet", rows.lost * 100 < sum(r["n"] for r in table))]
    wanted.append(("of a hundred packets not one is without its trigger",
                   rows.stray * 100 < sum(r["n"] for r in table)))
    wanted += [(f"{title}: of a hundred requests at most five left without a frame",
                sum(its.not_sent.values()) * 20 <= its.sent) for title, its in framed.items()]
    wanted += [(f"{title}: frames left", its.sent > 0) for title, its in framed.items()]
    wanted += [("the exporter was asked, and told", times > 0) for times in asked]
    for what, true in wanted:
        print(f"{'ok' if true else 'not ok'} - {what}")
    failed = sum(not true for _, true in wanted)
    print(f"{len(wanted) - failed} passed, {failed} failed")
    return failed


def main():
    env, npm = environment(OPTIONS.build), npm_folder()
    accounts = ["bot", "ccxt", "okx-api", *(a for i in range(20) for a in account_names(f"s{i}"))]
    with Stage(OPTIONS.link, accounts) as stage:
        rig = Rig(stage)
        env |= {"link": stage.kind, "link, why": stage.why, "urgent": may_be_urgent(),
                "cpus": f"client {stage.client_cpu}, others {stage.other_cpu}"}
        print("\n".join(f"{key:<20} {value}" for key, value in env.items()))
        check = rig.ask("check", stage.host, stage.sink_port, 200)["tap_less_socket"]
        early = -sorted(check)[len(check) // 2]
        env["tap less socket stamp, ns p50"] = -early
        everybody = cast(stage, rig, npm)
        rows = measure(everybody)
    framed = {f"{name} {mode}".strip(): who.framed for name, mode, who, *_ in everybody if who.framed}
    env |= {f"frames of {title}": its.text() for title, its in framed.items()}
    env["load after"] = load()
    table = rows.table()
    print_table(table)
    print(f"\n{rows.lost} triggers without their packet, {rows.stray} packets without a trigger; "
          f"the tap's stamp is {abs(early)} ns {'before' if early >= 0 else 'after'} the socket's own (p50)")
    print("\n".join(f"{title}: {its.text()}" for title, its in framed.items()) if stage.shows_frames else NO_FRAMES)
    found = goals(table)
    print_goals(found)
    folder = ROOT / "build/bench"
    folder.mkdir(parents=True, exist_ok=True)
    write_json(folder / "report.json", env, table, found)
    write_svg(folder / "report.svg", f"trigger to wire, {env['cpu']}, {env['date'][:10]}, {env['link']}", table)
    print(f"\n{folder}/report.json, {folder}/report.svg")
    return judge(rows, table, framed, [who.asked for _, _, who, *_ in everybody if isinstance(who, Watched)])


signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # which ends the stage, and all on it
try:
    sys.exit(1 if main() else 0)
except KeyboardInterrupt:
    sys.exit(130)
