"""The program: what may begin, what is done in which order, and what is cleared away at each end."""
import argparse
import contextlib
import os
import pathlib
import re
import signal
import sys
import time

from scram_probe import credentials, judge, locks, points, report
from scram_probe.exchange import Exchange, shown
from scram_probe.orders import Orders, is_own
from scram_probe.trouble import DONE, Interrupted, Refused, Trouble

EPILOG = """exit codes: 0 the table is complete, as far as it says; 1 broken off: what may rest is said;
2 wrong usage; 3 nothing was begun: credentials, account or family are not as they have to be"""


def port_number(text):
    if not text.isdigit() or not 0 < int(text) < 65536:
        raise argparse.ArgumentTypeError(f"a port from 1 to 65535 is expected, got {text!r}")
    return int(text)


def family_name(text):
    if not re.fullmatch(r"[A-Z0-9]+-[A-Z0-9_]+", text):
        raise argparse.ArgumentTypeError(f"a family such as BTC-USD is expected, got {text!r}")
    return text


def options_of(arguments):
    parser = argparse.ArgumentParser("scram-probe", description="asks an OKX account what OKX's documents leave open",
                                     epilog=EPILOG, formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False)
    parser.add_argument("family", type=family_name, help="an option family in which nothing rests, as BTC-USD")
    parser.add_argument("--credentials", required=True, metavar="FILE",
                        help="key, secret and passphrase, as scramd has them")
    parser.add_argument("--demo", action="store_true", help="OKX's demo trading, with a key of it")
    parser.add_argument("--yes-this-account", metavar="UID", help="the account's uid: required unless --demo")
    parser.add_argument("--with-orders", action="store_true",
                        help="place orders, far from the market, for what cannot be seen without")
    parser.add_argument("--no-burst", action="store_true",
                        help="without the burst of six mass-cancels: the window stays open")
    parser.add_argument("--instrument", metavar="ID",
                        help="the option to order; default: the one whose mark is the most ticks")
    parser.add_argument("--json", metavar="FILE", help="write what was seen for scramctl check --probe")
    parser.add_argument("--host", default="www.okx.com", help="default %(default)s")
    parser.add_argument("--port", type=port_number, default=443, help="default %(default)s")
    parser.add_argument("--ca-file", metavar="PEM", help="authorities to trust beside the system's")
    return parser.parse_args(arguments)


def say(text):
    with contextlib.suppress(OSError):  # a terminal that has gone keeps nothing from being cleared away
        print(text, file=sys.stderr, flush=True)


def account_of(exchange, options):
    """account/config, of the account that was named and no other."""
    answer = exchange.ask("GET", "/api/v5/account/config")
    if not answer.ok or not answer.row.get("uid"):
        raise Refused(f"OKX does not say whose key it is: {answer}")
    if options.yes_this_account is None and not options.demo:
        raise Refused("this is live trading: run again with --yes-this-account and the uid of the account that you mean "
                      "(OKX shows it in the account's profile)")
    if options.yes_this_account not in (None, str(answer.row["uid"])):
        raise Refused(f"the key belongs to another account than {shown(options.yes_this_account)}: "
                      "check --credentials and --yes-this-account")
    return answer.row


def refuse_others(orders):
    """Mass-cancels, and locks, are for a family that nobody trades."""
    for pause_s in (0.5, 0):  # the list may be late by moments
        rows = orders.pending()[0]
        if others := others_among(rows):
            raise Refused(f"{others}: name a family in which nothing rests")
        time.sleep(pause_s)
    if rows:
        say(f"{len(rows)} orders rest from an earlier run of this program: cancelling them")
        orders.may_rest = True


def others_among(rows):
    """A sentence about those that are not this program's, or nothing."""
    others = [row for row in rows if not is_own(row)]
    if not others:
        return ""
    first = f"{shown(others[0]['ordId'])} of {shown(others[0]['instId'])}"
    return f"{len(others)} orders rest that are not this program's, as {first}"


class Probe:
    def __init__(self, options):
        self.options, self.begun = options, time.time()
        if options.json and not os.access(pathlib.Path(options.json).absolute().parent, os.W_OK):
            raise Refused(f"--json {options.json}: its folder cannot be written to")
        self.exchange = Exchange(options.host, options.port, options.ca_file, options.demo,
                                 credentials.load(options.credentials))
        self.orders = Orders(self.exchange, options.family)
        self.timer = points.Timer(self.exchange)
        self.may_be_locked = False
        self.found = dict.fromkeys(report.TITLES, judge.opened("not looked at"))
        self.account = {}

    def run(self):
        self.exchange.read_clock()
        self.account = account_of(self.exchange, self.options)
        self.found |= points.account(self.account)
        if self.options.with_orders:
            self.orders.find_spot(self.options.instrument)
        refuse_others(self.orders)
        say(report.plan(self.options, self.orders.spot, self.account["uid"]))
        if self.orders.may_rest:
            self.orders.sweep()
        self.ask_without_orders()
        self.ask_with_orders()

    def ask_without_orders(self):
        self.found |= points.existence(self.exchange, self.options.family)
        names = ("window", "window_slots", "limit_code")
        if self.found["mass_cancel"].value != "works":
            self.found |= dict.fromkeys(names, judge.opened("mass-cancel does not work"))
        elif self.options.no_burst:
            self.found |= dict.fromkeys(names, judge.opened("--no-burst"))
        else:
            say("six mass-cancels within 2 s ...")
            empty = self.found["empty_family"].value
            self.found |= points.window(self.exchange, self.options.family, empty if empty.isdigit() else "0")
        self.found |= points.timer_units(self.timer)

    def ask_with_orders(self):
        if not self.options.with_orders or self.found["mass_cancel"].value != "works":
            why = "needs --with-orders" if not self.options.with_orders else "mass-cancel does not work"
            self.found |= dict.fromkeys(locks.OPEN_POINTS, judge.opened(why))
            return
        if not self.timer.runs:
            say("without cancel-all-after: should this program be killed, its orders rest")
        self.look("how soon orders are listed ...", locks.visibility)
        self.look("what a lock refuses ...", locks.scope)
        if self.found["lock"].value == "works":
            self.look("whether a lock is prolonged ...", locks.renewal)
        else:
            self.found["lock_renewal"] = judge.opened(f"no lock is seen to hold: {self.found['lock'].detail}")

    def look(self, text, part):
        say(text)
        if others := others_among(self.orders.pending()[0]):
            raise Trouble(f"{others}: somebody began to trade in {self.options.family}")
        self.timer.feed()
        self.may_be_locked = True
        self.found |= part(self.exchange, self.orders)
        self.orders.sweep()

    def clear_away(self):
        """Each by itself: what one cannot do keeps none of the others from being tried. What is wrong, in sentences."""
        self.exchange.start_over()
        wrong = []
        for part in (self.unlock, self.sweep, self.timer.stop):
            for pause_s in (1, 5, 0):
                try:
                    part()
                    break
                except Trouble as trouble:
                    if not pause_s:
                        wrong.append(str(trouble))
                    time.sleep(pause_s)
        return wrong

    def unlock(self):
        if self.may_be_locked:
            self.exchange.mass_cancel(self.options.family, 0)
            self.may_be_locked = False

    def sweep(self):
        try:
            if self.orders.may_rest:
                self.orders.sweep()
        except Trouble as trouble:
            raise Trouble(f"{trouble}. Orders of this program may rest in {self.options.family} at OKX: "
                          "cancel those whose client id begins with scramprobe") from None


@contextlib.contextmanager
def signals_as(handler):
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = [signal.signal(number, handler) for number in numbers]
    try:
        yield
    finally:
        for number, old in zip(numbers, before):
            signal.signal(number, old)


def interrupt(number, _):
    signal.signal(number, lambda *_: None)
    raise Interrupted(f"interrupted by {signal.Signals(number).name}")


def probe_account(options):
    """The exit code."""
    probe, code = Probe(options), DONE
    with signals_as(lambda *_: say("clearing away first ...")):
        try:
            with signals_as(interrupt):
                probe.run()
        except Trouble as trouble:
            say(f"scram-probe: {trouble}")
            code = trouble.exit_code
        except Exception:
            for text in probe.clear_away():
                say(f"scram-probe: {text}")
            raise
        wrong = probe.clear_away()
    for text in wrong:
        say(f"scram-probe: {text}")
    if code == DONE and wrong:
        code = Trouble.exit_code
    if probe.account and code != Refused.exit_code:
        print(report.table(probe.found), flush=True)
    if code == DONE and options.json:
        report.write(options.json, report.as_json(probe.found, options, probe.account, probe.begun))
    return code


def main():
    try:
        return probe_account(options_of(sys.argv[1:]))
    except Trouble as trouble:
        say(f"scram-probe: {trouble}")
        return trouble.exit_code
    except OSError as error:
        say(f"scram-probe: {error}")
        return Trouble.exit_code
