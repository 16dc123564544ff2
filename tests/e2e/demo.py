"""The demo: a market maker runs away, scramd pulls its quotes. Exits 0 only if the exchange says so.

Runs the sample config (config/samples/demo.toml) against the simulated exchange, with certificates and
keys made on the spot, and tells what happens from scramd's own events and the exchange's own counts.
With --stay everything goes on afterwards, to be tried by hand, until Ctrl-C.
"""
import json
import os
import pathlib
import signal
import subprocess
import sys
import threading
import time

STAYS = "--stay" in sys.argv
FOLDERS = [word for word in sys.argv[1:] if not word.startswith("--")]
if FOLDERS:
    os.environ["SCRAM_BUILD"] = os.path.abspath(FOLDERS[0])
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent / "support"))

from lab import BIN, ROOT, Lab, Process, Scramd, eventually, pki  # noqa: E402

FAMILY = "mm-1/BTC-USD"


def say(who, text):
    print(f"  {who:<9} {text}", flush=True)


def sample_config(lab):
    text = (ROOT / "config/samples/demo.toml").read_text()
    text = text.replace("port = 18443", f"port = {lab.sim.port}")
    text = text.replace('"ca.pem"', f'"{pki()}/ca.pem"')
    return text


class Events:
    """What `scramctl watch --json` says, gathered as it comes."""

    def __init__(self, lab):
        self.seen = []
        command = [BIN / "scramctl", "watch", "--json", "--socket", lab.folder / "control.sock"]
        self.child = Process(command, lab.folder / "watch.log", stdout=subprocess.PIPE, text=True)
        lab.children.append(self.child)
        threading.Thread(target=self.read, daemon=True).start()

    def read(self):
        for line in self.child.process.stdout:
            self.seen.append(json.loads(line))

    def first(self, kind, **fields):
        wanted = {"event": kind, **fields}.items()
        return next((e for e in list(self.seen) if wanted <= e.items()), None)

    def wait(self, kind, timeout=20.0, **fields):
        return eventually(lambda: self.first(kind, **fields), f"event {kind}", timeout)


def start_maker(lab):
    command = [BIN / "sample_maker", "--socket", lab.folder / "signals.sock", "--sim",
               f"127.0.0.1:{lab.sim.admin}", "--runaway-after", "3", "--hold-after-halt"]
    log = lab.folder / "maker.log"
    maker = Process(command, log, stdout=open(log, "ab"))
    lab.children.append(maker)
    return maker


def resting(lab, family):
    return lab.sim.family(family)["mmp"]


def tell_stages(answered):
    say("stages", "signal published by the maker")
    for key, what in (("read_us", "read by scramd"), ("decided_us", "decided: fire"),
                      ("wire_us", "from there on the wire, by the kernel's stamp"),
                      ("sent_us", "from the decision, send() returned"), ("answered_us", "answered by the exchange")):
        if key not in answered:
            continue  # no stamp
        print(f"            + {answered[key]:>8.1f} us  {what}")


def trip(lab, daemon, events):
    tripped = events.wait("tripped", rule="delta")
    answered = events.wait("answered", family=FAMILY)
    accepted = events.wait("accepted", family=FAMILY)
    print()
    say("TRIP", f"{tripped['trip']}: rule {tripped['rule']}: {tripped['metric']} of {tripped['family']} is "
                f"{tripped['value']:.2f}, the limit is {tripped['limit']:g}")
    tell_stages(answered)
    say("receipt", f"trip {accepted['trip']}: ACCEPTED by the exchange (http {accepted['http']}, code "
                   f"{accepted['code']}, result true)")
    events.wait("verified", family=FAMILY)
    say("", "VERIFIED: its list of open orders showed none, twice, on two links")
    eventually(lambda: resting(lab, "BTC-USD") == 0, "no MMP order of BTC-USD rests")
    book = lab.sim.family("BTC-USD")
    say("exchange", f"counts {book['mass_cancelled']} cancelled MMP orders of BTC-USD; {book['mmp']} rest; "
                    f"ETH-USD untouched: {resting(lab, 'ETH-USD')} rest")
    family = daemon.family(FAMILY)
    say("scramd", f"{FAMILY} is {family['state']}, gate {family['gate']}, latched until a person re-arms it")
    return book["mass_cancelled"] > 0


def rearm(lab, daemon, maker):
    for line in daemon.ctl("rearm", FAMILY)[1].splitlines():
        say("re-arm", line)
    command = ("rearm", FAMILY, "--trip", "1", "--reason", "demo: hedged")
    code, out, _ = daemon.ctl(*command)
    if code != 0:
        say("re-arm", out.strip())
    maker.await_log("BTC-USD hedged")
    eventually(lambda: daemon.ctl(*command)[0] == 0, "re-armed once the delta is back")
    family = daemon.family(FAMILY)
    say("re-arm", f"the maker has hedged: {FAMILY} is {family['state']}, gate {family['gate']}")
    lock = lab.sim.family("BTC-USD")["lock_left_ms"]
    say("exchange", f"refuses new BTC-USD orders for {lock / 1000:.1f} s more: its lock was released")
    eventually(lambda: resting(lab, "BTC-USD") > 0, "the maker quotes again", 15)
    say("maker", f"quotes again: {resting(lab, 'BTC-USD')} BTC-USD orders rest")


def stay(lab):
    # Who was started in the background by a shell ignores it.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    at = f"{BIN}/scramctl"
    socket = f"--socket {lab.folder}/control.sock"
    print(f"""
The exchange, scramd and the maker go on. To try, in another terminal:

  {at} status {socket}
  {at} watch {socket}
  {at} trip {FAMILY} --reason "by hand" {socket}
  {at} receipt {socket}
  {at} rearm {FAMILY} {socket}

The config is {lab.folder}/scramd.toml: edit a limit, then `{at} reload {socket}`.
Ctrl-C ends it all and removes {lab.folder}.""", flush=True)
    try:
        while True:  # and not pause(), which misses a signal that came just before it
            time.sleep(0.2)
    except KeyboardInterrupt:
        print()


def run():
    print("scramd demo: a breach, from a maker's signal to the exchange's confirmation\n")
    with Lab(families=("BTC-USD", "ETH-USD")) as lab:
        say("exchange", f"okxsim at https://localhost:{lab.sim.port}, 5 mass-cancels per 2 s and account")
        daemon = Scramd(lab.folder, sample_config(lab))
        lab.children.append(daemon)
        daemon.await_ready()
        say("scramd", daemon.status()["summary"])
        events = Events(lab)
        maker = start_maker(lab)
        maker.await_log("quoting")
        for family in ("BTC-USD", "ETH-USD"):
            eventually(lambda name=family: resting(lab, name) > 20, f"{family} quotes rest")
        say("maker", f"{resting(lab, 'BTC-USD')} BTC-USD and {resting(lab, 'ETH-USD')} ETH-USD MMP orders rest; "
                     "it publishes delta, gamma, vega, theta, pnl")
        maker.await_log("runs away")
        say("market", "runs away: takers are all on one side, delta grows")
        gone = trip(lab, daemon, events)
        rearm(lab, daemon, maker)
        counts = lab.sim.cancels()
        print(f"\nThe exchange counted {counts['requests']} mass-cancel request(s), at most "
              f"{counts['window_max_sliding']} in any 2 s (5 are allowed).")
        if STAYS:
            stay(lab)
        else:
            print("To try it by hand: ./dev demo --stay. Next: docs/operator.md, docs/maker.md.")
        return gone


try:
    done = run()
except AssertionError as fault:
    print(f"\nFAILED: {fault}")
    done = False
print("OK: the quotes were gone, and the exchange says so." if done else "FAILED: the quotes were not all gone.")
sys.exit(0 if done else 1)
