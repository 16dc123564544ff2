"""What needs no order: the key, whether mass-cancel exists, its window, cancel-all-after."""
import http.client
import time

from scram_probe import judge
from scram_probe.exchange import mass_cancel_of, shown
from scram_probe.orders import MARK
from scram_probe.trouble import Trouble

TIMER_S = 60
FIRST_AT_S, BURST_AT_S, GAP_S = 0.3, 1.2, 1.6  # of two seconds by OKX's clock; between the threes
PAUSE_S = 4  # before and after the burst: nothing else is in its windows


def account(row):
    may_trade = "trade" in str(row.get("perm", "")).split(",")
    mode = shown(row.get("acctLv"))
    unbound = "unless it is of demo trading, it ends after 14 days without an authenticated call"
    return {
        "permission": judge.Finding("trade" if may_trade else "missing", f"the key's permissions: {shown(row.get('perm'))}"),
        "account_mode": judge.Finding(mode, "portfolio margin" if mode == "4" else "not portfolio margin, which is 4"),
        "key_bound": judge.Finding("yes", "to addresses") if row.get("ip") else judge.Finding("no", unbound),
    }


def existence(exchange, family):
    """One mass-cancel of the family, in which nothing rests."""
    answer = exchange.mass_cancel(family)
    works = judge.mass_cancel(answer)
    found = {"mass_cancel": works}
    if works.value == "works":
        found["empty_family"] = judge.empty_family(answer)
        found["refusal_code"] = judge.opened("this account may mass-cancel")
    else:
        found["empty_family"] = judge.opened("mass-cancel was not done")
        found["refusal_code"] = judge.Finding(answer.outcome, works.detail) if works.value else judge.opened(works.detail)
    return found


def even_second(exchange, offset_s):
    """Waits for so much after a moment that is a multiple of 2 s by OKX's clock; the next one that comes."""
    time.sleep((offset_s - exchange.now()) % 2)


def at_once(exchange, family, connections):
    """A mass-cancel on each, then their answers."""
    target = "/api/v5/trade/mass-cancel"
    sent = [exchange.send(connection, "POST", target, mass_cancel_of(family)) for connection in connections]
    return [exchange.receive(*pair) for pair in zip(connections, sent)]


def burst(exchange, family):
    """Six requests whose ends are less than 2 s apart, with a border of any likely fixed window between the threes: at
    even seconds, or 2 s after a request that comes before. (answers, how long it took)"""
    connections = [exchange.connect() for _ in range(3)]
    try:
        for connection in connections:
            exchange.receive(connection, exchange.send(connection, "GET", "/api/v5/public/time"))
        time.sleep(PAUSE_S)
        even_second(exchange, FIRST_AT_S)
        at_once(exchange, family, connections[:1])
        even_second(exchange, BURST_AT_S)
        begun = time.monotonic()
        answers = at_once(exchange, family, connections)
        time.sleep(max(0.0, begun + GAP_S - time.monotonic()))
        answers += at_once(exchange, family, connections)
        return answers, time.monotonic() - begun
    finally:
        for connection in connections:
            connection.close()
        time.sleep(PAUSE_S)


def window(exchange, family, empty_code):
    names = ("window", "window_slots", "limit_code")
    try:
        return dict(zip(names, judge.window(*burst(exchange, family), empty_code)))
    except (OSError, http.client.HTTPException) as error:
        return dict.fromkeys(names, judge.opened(f"a connection was lost: {error or type(error).__name__}"))


class Timer:
    """cancel-all-after over what has the probe's tag: if the probe dies, OKX cancels its orders."""

    def __init__(self, exchange):
        self.exchange, self.runs = exchange, False

    def set(self, seconds):
        parameters = {"timeOut": str(seconds), "tag": MARK}
        answer = self.exchange.ask("POST", "/api/v5/trade/cancel-all-after", parameters)
        if answer.ok:
            self.runs = seconds > 0
        return answer

    def feed(self):
        if self.runs:
            self.set(TIMER_S)

    def stop(self):
        if self.runs and not (answer := self.set(0)).ok:
            raise Trouble(f"the timer of tag {MARK} was not switched off: {answer}; "
                          f"it ends by itself within {TIMER_S} s")


def timer_units(timer):
    answer = timer.set(TIMER_S)
    return {"cancel_all_after": judge.units(answer, TIMER_S, timer.exchange.now())}
