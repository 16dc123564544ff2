"""From samples to a table on the terminal, report.json and what is judged."""
import datetime
import json
import os
import pathlib
import platform
import statistics
import subprocess

SHARES = {"p50": 0.5, "p90": 0.9, "p99": 0.99, "p99.9": 0.999, "max": 1.0}
FLOOR = "floor"
HOT = 100  # us


def percentile(values, share):
    """Of sorted values: the smallest that at least this share does not exceed."""
    return values[max(0, -(-int(share * 1000 * len(values)) // 1000) - 1)]


class Rows:
    """Samples by row and gap, round for round."""

    def __init__(self):
        self.rounds = {}  # (name, mode, gap_us): one list of ns for each round
        self.lost = self.stray = 0

    def add(self, turn, name, mode, answer):
        self.lost += answer["lost"]
        self.stray += answer["stray"]
        several = bool(answer["last"])
        kinds = {"first": f"{name}, first", "last": f"{name}, last"} if several else {"first": name}
        for kind, row in kinds.items():
            for gap, values in answer[kind].items():
                rounds = self.rounds.setdefault((row, mode, int(gap)), {})
                rounds.setdefault(turn, []).extend(values)

    def floor(self, turn, gap):
        """That of this round; of all rounds if it had no turn in this one."""
        rounds = self.rounds[FLOOR, "", gap]
        return sorted(rounds.get(turn) or sum(rounds.values(), []))

    def ratio(self, rounds, share, gap=HOT):
        """The median over rounds of row to floor after that gap, each within its round."""
        return statistics.median(percentile(sorted(values), share) / percentile(self.floor(turn, gap), share)
                                 for turn, values in rounds.items())

    def ratio_same_gap(self, rounds, gap):
        """To what send() takes after the same silence; None where there is none."""
        if gap == HOT or (FLOOR, "", gap) not in self.rounds:
            return None
        return round(self.ratio(rounds, 0.5, gap), 3)

    def table(self):
        out = []
        for (name, mode, gap), rounds in self.rounds.items():
            values = sorted(sum(rounds.values(), []))
            middles = [statistics.median(v) for v in rounds.values()]
            spread = (max(middles) - min(middles)) / 2 / statistics.median(middles)
            out.append({"name": name, "mode": mode, "gap_us": gap, "n": len(values),
                        **{key: percentile(values, share) for key, share in SHARES.items()},
                        "ratio": round(self.ratio(rounds, 0.5), 3), "ratio_p99": round(self.ratio(rounds, 0.99), 3),
                        "ratio_same_gap": self.ratio_same_gap(rounds, gap),
                        "rounds_p50_spread": round(spread, 3), "samples": values})
        return out


def gap_text(gap_us):
    if gap_us == 0:
        return "at once"
    return f"{gap_us / 1e6:g} s" if gap_us >= 100_000 else f"{gap_us} us"


def same_gap_text(row):
    return "" if row["ratio_same_gap"] is None else f"{row['ratio_same_gap']:.2f}"


def print_table(rows):
    print(f"\n{'us':<52} {'gap':>8} {'n':>6} {'p50':>9} {'p90':>9} {'p99':>9} {'p99.9':>9} {'max':>9} "
          f"{'x floor':>8} {'same gap':>8} {'rounds':>7}")
    for row in rows:
        figures = " ".join(f"{row[key] / 1000:9.2f}" for key in SHARES)
        title = f"{row['name']}, {row['mode']}" if row["mode"] else row["name"]
        print(f"{title:<52} {gap_text(row['gap_us']):>8} {row['n']:>6} {figures} {row['ratio']:8.2f} "
              f"{same_gap_text(row):>8} {row['rounds_p50_spread']:6.0%}")
    print("x floor: p50 to the floor's back to back; same gap: to the floor's, a bare send(), after the same silence")


# ---- environment ---------------------------------------------------------------------------------

def first_line(*command):
    try:
        return subprocess.run(command, capture_output=True, text=True).stdout.split("\n")[0]
    except OSError:
        return ""


def cached(build, key):
    for line in (build / "CMakeCache.txt").read_text().splitlines():
        if line.startswith(f"{key}:"):
            return line.split("=", 1)[1]
    return ""


def cpu_name():
    for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.machine()


def word_of(path):
    try:
        return pathlib.Path(path).read_text().strip()
    except OSError:
        return ""


def load():
    return word_of("/proc/loadavg").split(" ")[0]


def environment(build):
    kind = cached(build, "CMAKE_BUILD_TYPE")
    return {
        "machine": f"{os.cpu_count()} cpus, {word_of('/sys/class/dmi/id/product_name') or 'unknown product'}",
        "cpu": cpu_name(),
        "kernel": platform.release(),
        "compiler": first_line(cached(build, "CMAKE_CXX_COMPILER"), "--version"),
        "flags": " ".join(f"{cached(build, 'CMAKE_CXX_FLAGS')} "
                          f"{cached(build, 'CMAKE_CXX_FLAGS_' + kind.upper())}".split()),
        "date": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
        "congestion control": word_of("/proc/sys/net/ipv4/tcp_congestion_control"),
        "load before": load(),
    }


# ---- what is asked of the figures ----------------------------------------------------------------

def goals(rows):
    """(what, figure, bound, whether it is reached), of those whose rows were measured."""
    by_key = {(row["name"], row["mode"], row["gap_us"]): row for row in rows}

    def get(name, mode, gap):
        return by_key.get((name, mode, gap))

    floor, silent_floor, out = get(FLOOR, "", HOT), get(FLOOR, "", 1_000_000), []

    def at_most(what, over, under, key, bound):
        if over and under:
            figure = over[key] / under[key]
            out.append((what, figure, f"at most {bound}", figure <= bound))

    def at_least(what, over, under, bound):
        if over and under:
            figure = over["p50"] / under["p50"]
            out.append((what, figure, f"at least {bound}", figure >= bound))

    hot, cold = get("scramd", "spin, sealed", HOT), get("scramd", "spin, sealed", 1_000_000)
    at_most("hot, spin, sealed: p50 to the floor's", hot, floor, "p50", 1.15)
    at_most("hot, spin, sealed: p99 to the floor's", hot, floor, "p99", 2)
    at_most("after 1 s, spin, sealed: p50 to the hot floor's", cold, floor, "p50", 3.5)
    at_most("after 1 s, spin, sealed: p99 to the hot floor's", cold, floor, "p99", 6)
    at_least("after 1 s: the bot's p50 to ours", get("bot", "", 1_000_000), cold, 25)
    hot_frames, cold_frames = get("scramd", "spin, frames", HOT), get("scramd", "spin, frames", 1_000_000)
    at_most("hot, spin, frames: p50 to the floor's", hot_frames, floor, "p50", 0.9)
    at_most("hot, spin, frames: p99 to the floor's", hot_frames, floor, "p99", 1.5)
    at_most("after 1 s, spin, frames: p50 to the hot floor's", cold_frames, floor, "p50", 1.6)
    at_most("after 1 s, spin, frames: p50 to the floor's after 1 s", cold_frames, silent_floor, "p50", 0.2)
    at_most("after 1 s, spin, frames: p99 to the hot floor's", cold_frames, floor, "p99", 4)
    at_least("after 1 s: the bot's p50 to ours with frames", get("bot", "", 1_000_000), cold_frames, 40)
    watched = "scramd, recorded and exported"
    at_most("hot, recorded and exported: p50 to sealed's", get(watched, "spin, sealed", HOT), hot, "p50", 1.1)
    at_most("after 1 s, recorded and exported: p50 to sealed's", get(watched, "spin, sealed", 1_000_000), cold, "p50", 1.1)
    for gap in (HOT, 300_000, 1_000_000):
        at_most(f"sleep, sealed, gap {gap_text(gap)}: p50 to wake-up and send()", get("scramd", "sleep, sealed", gap),
                get("wake-up and send()", "", gap), "p50", 1.2)
    for client in ("ccxt", "okx-api"):
        at_least(f"{client}'s p50 to ours, hot", get(client, "", 0), hot, 150)
    return out


def print_goals(found):
    if not found:
        return
    print(f"\n{'asked of one run':<62} {'figure':>8}  wanted")
    for what, figure, bound, reached in found:
        print(f"{what:<62} {figure:8.2f}  {bound:<14} {'reached' if reached else 'MISSED'}")


def write_json(path, env, rows, found):
    plain = [{k: v for k, v in row.items() if k != "samples"} for row in rows]
    asked = [{"what": w, "figure": round(f, 3), "wanted": b, "reached": r} for w, f, b, r in found]
    path.write_text(json.dumps({"environment": env, "rows": plain, "asked": asked}, indent=1) + "\n")
